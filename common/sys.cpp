#include "common/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ravelin {

std::string errno_text(int error) {
  char buffer[128];
  return strerror_r(error, buffer, sizeof buffer);  // GNU form: returns the text
}

Error system_error(std::string what, int error) {
  what += ": ";
  what += errno_text(error);
  return Error{ErrorCode::kSystem, std::move(what)};
}

Result<std::pair<UniqueFd, UniqueFd>> make_socketpair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    return system_error("socketpair", errno);
  return std::pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> make_memfd(const char* name, size_t size, bool seal) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_error("memfd_create", errno);
  if (size > 0 && ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
    return system_error("ftruncate of a memfd", errno);
  if (seal && fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
    return system_error("sealing a memfd", errno);
  return fd;
}

Result<UniqueFd> make_temporary_file(const std::string& directory) {
  UniqueFd fd(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  std::string path = directory + "/ravelin-XXXXXX";
  fd.reset(mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return system_error("temporary file in " + directory, errno);
  unlink(path.c_str());
  return fd;
}

std::string spool_directory() {
  const char* folder = getenv("TMPDIR");
  return folder != nullptr && folder[0] == '/' ? folder : "/tmp";
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return system_error("pidfd_open", errno);
  return fd;  // the kernel makes pidfds close-on-exec
}

bool signal_pidfd(int pidfd, int signal) { return syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0; }

void set_cloexec_from(int first) {
  syscall(SYS_close_range, static_cast<unsigned>(first), ~0u, static_cast<unsigned>(CLOSE_RANGE_CLOEXEC));
}

void close_all_except(int first, const int* keep, size_t count) {
  unsigned next = static_cast<unsigned>(first);
  for (size_t i = 0; i < count; ++i) {
    auto kept = static_cast<unsigned>(keep[i]);
    if (keep[i] < first || kept < next) continue;
    if (kept > next) syscall(SYS_close_range, next, kept - 1, 0u);
    next = kept + 1;
  }
  syscall(SYS_close_range, next, ~0u, 0u);
}

void set_process_name(const char* name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

bool set_nonblocking(int fd, bool on) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return false;
  return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0;
}

bool process_is_stopped(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  char line[512];
  ssize_t length = read(fd.get(), line, sizeof line - 1);
  if (length <= 0) return false;
  line[length] = '\0';
  const char* after_name = strrchr(line, ')');  // the name may hold blanks and brackets; the state follows the last one
  return after_name != nullptr && after_name[1] == ' ' && after_name[2] == 'T';
}

}  // namespace ravelin
