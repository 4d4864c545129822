// Descriptor 2 goes to a socket while an instance lives, so that a test sees what the log wrote. Each write() is one
// packet (SOCK_SEQPACKET), so writes can be counted as well. Not for: two instances at a time, or writes beyond the
// socket's buffer (about 200 KB).
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "common/check.h"
#include "common/unique_fd.h"

namespace ravelin {

class StderrCapture {
 public:
  StderrCapture() : saved_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    reader_.reset(ends[0]);
    UniqueFd writer(ends[1]);
    dup2(writer.get(), STDERR_FILENO);
  }
  ~StderrCapture() { dup2(saved_.get(), STDERR_FILENO); }
  StderrCapture(const StderrCapture&) = delete;
  StderrCapture& operator=(const StderrCapture&) = delete;

  // What has been written since the last call: one string per write().
  std::vector<std::string> writes() {
    std::vector<std::string> result;
    for (;;) {
      std::string packet(256 * 1024, '\0');
      ssize_t n = recv(reader_.get(), packet.data(), packet.size(), MSG_DONTWAIT);
      if (n < 0) return result;
      packet.resize(static_cast<size_t>(n));
      result.push_back(std::move(packet));
    }
  }
  // The same as one string.
  std::string text() {
    std::string all;
    for (const std::string& write : writes()) all += write;
    return all;
  }

 private:
  UniqueFd saved_;
  UniqueFd reader_;
};

}  // namespace ravelin
