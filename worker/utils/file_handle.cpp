#include "worker/utils/file_handle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/clock.h"
#include "worker/js_error.h"

namespace ravelin::worker {
namespace {

constexpr size_t kReadBytes = 64 * 1024;

bool redirected[STDERR_FILENO + 1] = {};  // the standard streams that are

ssize_t read_some(int fd, char* buffer, size_t size) {
  for (;;) {
    ssize_t count = ::read(fd, buffer, size);
    if (count >= 0 || errno != EINTR) return count;
  }
}

// Waits until there is something to read, or the deadline has passed.
bool is_readable_by(int fd, uint64_t deadline_ms) {
  for (;;) {
    uint64_t now_ms = monotonic_ms();
    pollfd waiting = {fd, POLLIN, 0};
    int found = poll(&waiting, 1, static_cast<int>(deadline_ms > now_ms ? deadline_ms - now_ms : 0));
    if (found >= 0 || errno != EINTR) return found > 0;
  }
}

// Keeps other processes from writing more than PIPE_BUF bytes into a pipe. The system ends the lock when its holder
// dies, so a killed worker holds up nobody.
class PipeLock {
 public:
  explicit PipeLock(int fd) : fd_(fd), is_held_(set(F_WRLCK)) {}
  ~PipeLock() {
    if (is_held_) set(F_UNLCK);
  }
  PipeLock(const PipeLock&) = delete;
  PipeLock& operator=(const PipeLock&) = delete;

 private:
  bool set(short type) const {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    int result;
    do result = fcntl(fd_, F_SETLKW, &lock);
    while (result != 0 && errno == EINTR);
    return result == 0;
  }

  int fd_;
  bool is_held_;
};

bool is_pipe(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

}  // namespace

size_t write_all(int fd, std::string_view bytes) {
  size_t written = 0;
  while (written < bytes.size()) {
    ssize_t count = ::write(fd, bytes.data() + written, bytes.size() - written);
    if (count >= 0) {
      written += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd waiting = {fd, POLLOUT, 0};
      poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return written;
}

size_t write_whole(int fd, std::string_view bytes) {
  if (bytes.size() <= PIPE_BUF || !is_pipe(fd)) return write_all(fd, bytes);
  size_t written = 0;
  int error = 0;
  {
    const PipeLock lock(fd);
    written = write_all(fd, bytes);
    error = errno;
  }
  errno = error;
  return written;
}

FileIdentity FileIdentity::of(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

FileHandle::FileHandle(UniqueFd file, Kind kind)
    : kind_(kind),
      owned_(std::move(file)),
      fd_(owned_.get()),
      pid_(getpid()),
      identity_(FileIdentity::of(owned_.get())) {}

// In a child, forgets a descriptor that is not ours any more.
void FileHandle::notice_fork() {
  if (!owned_ || pid_ == getpid()) return;
  pid_ = getpid();
  if (FileIdentity::of(owned_.get()) == identity_) return;
  owned_.release();
  fd_ = -1;
  read_ahead_.clear();
  read_position_ = 0;
}

// Gives back what was read ahead, so that the descriptor stands where the script believes it does.
void FileHandle::unread() {
  if (size_t unread = read_ahead_.size() - read_position_; unread > 0) {
    lseek(fd_, -static_cast<off_t>(unread), SEEK_CUR);
  }
  read_ahead_.clear();
  read_position_ = 0;
}

size_t FileHandle::write(std::string_view bytes) {
  // Script output and C's stdout share the descriptor: what C code has printed so far comes first.
  if (fd_ == STDOUT_FILENO) fflush(stdout);
  unread();
  return write_whole(fd_, bytes);
}

bool FileHandle::read(std::string& out, size_t max) {
  size_t ready = std::min(max, read_ahead_.size() - read_position_);
  out.append(read_ahead_, read_position_, ready);
  read_position_ += ready;
  max -= ready;
  while (max > 0) {
    size_t size = out.size();
    size_t step = std::min(max, kReadBytes);
    out.resize(size + step);
    ssize_t count = read_some(fd_, out.data() + size, step);
    out.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0) return false;
    if (count == 0) break;
    max -= static_cast<size_t>(count);
  }
  return true;
}

off_t FileHandle::seek(off_t offset, int whence) {
  unread();
  return lseek(fd_, offset, whence);
}

bool FileHandle::is_redirected(int standard_fd) { return redirected[standard_fd]; }

bool FileHandle::redirect(int standard_fd) {
  if (is_redirected(standard_fd)) {
    errno = EBUSY;
    return false;
  }
  fflush(nullptr);
  UniqueFd saved(fcntl(standard_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!saved || dup2(fd_, standard_fd) < 0) return false;
  saved_identity_ = FileIdentity::of(saved.get());
  saved_stream_ = std::move(saved);
  redirected_fd_ = standard_fd;
  redirected[standard_fd] = true;
  return true;
}

void FileHandle::close() {
  if (is_standard()) return;
  notice_fork();
  if (saved_stream_) {
    fflush(nullptr);
    if (FileIdentity::of(saved_stream_.get()) == saved_identity_) {
      dup2(saved_stream_.get(), redirected_fd_);
      saved_stream_.reset();
    } else {
      saved_stream_.release();
    }
    redirected[redirected_fd_] = false;
  }
  fd_ = -1;
  if (!is_memory()) owned_.reset();
}

bool FileHandle::memory(std::string& out) {
  notice_fork();
  if (!owned_) return false;
  if (redirected_fd_ >= 0 && saved_stream_) fflush(nullptr);
  for (;;) {
    size_t size = out.size();
    out.resize(size + kReadBytes);
    ssize_t count = pread(owned_.get(), out.data() + size, kReadBytes, static_cast<off_t>(size));
    out.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
  }
}

void FileHandle::release_memory() {
  close();
  owned_.reset();
}

std::string FileHandle::read_line(int timeout_ms, size_t max) {
  uint64_t deadline_ms = monotonic_ms() + static_cast<uint64_t>(std::max(timeout_ms, 0));
  for (size_t scanned = read_position_;;) {
    const std::string_view ready = std::string_view(read_ahead_).substr(read_position_, max);
    const size_t newline = ready.find('\n', scanned - read_position_);
    if (newline != std::string_view::npos || ready.size() == max) {
      std::string line(ready.substr(0, newline == std::string_view::npos ? max : newline + 1));
      read_position_ += line.size();
      return line;
    }
    read_ahead_.erase(0, read_position_);
    read_position_ = 0;
    if (timeout_ms >= 0 && !is_readable_by(fd_, deadline_ms)) return {};
    scanned = read_ahead_.size();
    read_ahead_.resize(scanned + kReadBytes);
    ssize_t count = read_some(fd_, read_ahead_.data() + scanned, kReadBytes);
    read_ahead_.resize(scanned + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EAGAIN && timeout_ms >= 0) continue;  // another reader was faster
    if (count <= 0) return std::exchange(read_ahead_, {});
  }
}

FileHandle* file_handle_at(duk_context* ctx, duk_idx_t index) {
  if (!duk_is_object(ctx, index)) return nullptr;
  duk_get_prop_string(ctx, index, kHandleKey);
  auto* handle = static_cast<FileHandle*>(duk_get_pointer(ctx, -1));
  duk_pop(ctx);
  return handle;
}

FileHandle& require_file_handle(duk_context* ctx, duk_idx_t index, const char* function) {
  FileHandle* handle = file_handle_at(ctx, index);
  if (!handle) throw_error(ctx, "error %s(): argument is not a file handle", function);
  if (handle->is_closed()) throw_error(ctx, "error %s(): file handle was previously closed", function);
  return *handle;
}

bool is_terminal(const FileHandle& handle) {
  if (handle.fd() != STDOUT_FILENO && handle.fd() != STDERR_FILENO) return false;
  const char* term = getenv("TERM");
  return term && *term && strcmp(term, "dumb") != 0 && isatty(handle.fd());
}

}  // namespace ravelin::worker
