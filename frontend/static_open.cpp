#include "frontend/static_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cstdint>

namespace ravelin::frontend {
namespace {

constexpr int kAttempts = 4;  // openat2 says EAGAIN when it meets a rename; EINTR when a signal came

int openat2_retrying(int root, const char* path, int flags, uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags);
  how.resolve = resolve;
  long fd = -1;
  for (int i = 0; i < kAttempts; ++i) {
    fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return static_cast<int>(fd);
}

}  // namespace

UniqueFd open_beneath(int root, const char* relative, int flags, int& error) {
  // O_PATH takes no other flags than these with openat2.
  flags |= (flags & O_PATH) != 0 ? O_CLOEXEC : O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  int fd = openat2_retrying(root, relative, flags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
  // A symbolic link that is absolute or leaves the root. The site's owner put it there; the request could not, since
  // its dot segments are gone.
  if (fd < 0 && errno == EXDEV) fd = openat2_retrying(root, relative, flags, RESOLVE_NO_MAGICLINKS);
  // A container may forbid a call that its profile does not know.
  if (fd < 0 && errno == ENOSYS) fd = openat(root, relative, flags);
  if (fd < 0) error = errno;
  return UniqueFd(fd);
}

int status_of_open_error(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case ENXIO:  // a socket
    case ENODEV:
      return 404;
    case EACCES:
    case EPERM:
      return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return 503;
    default:
      return 500;
  }
}

}  // namespace ravelin::frontend
