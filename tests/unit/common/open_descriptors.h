// How many descriptors this process has open: equal before and after means that nothing leaked and nothing was closed
// twice. Also the identity of a descriptor's file, to recognise it after it has travelled. For tests of one thread.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <iterator>

namespace ravelin {

inline size_t count_open_descriptors() {
  auto files = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

inline bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }
inline bool is_close_on_exec(int fd) { return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

// The inode: unlike the number, it stays the same when the descriptor is duplicated or sent.
inline uint64_t file_identity(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

}  // namespace ravelin
