#include "worker/utils/file_handle.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/clock.h"
#include "worker/block_hook.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/print.h"

namespace ravelin::worker {
namespace {

constexpr char kHandleKey[] = DUK_HIDDEN_SYMBOL("file");
constexpr size_t kReadBytes = 64 * 1024;

FileHandle& this_handle(duk_context* ctx, const char* function) {
  duk_push_this(ctx);
  FileHandle& handle = require_file_handle(ctx, -1, function);
  duk_pop(ctx);
  return handle;
}

duk_ret_t handle_fprintf(duk_context* ctx) {
  FileHandle& handle = this_handle(ctx, "fprintf");
  duk_push_number(ctx, static_cast<double>(print_to_handle(ctx, handle, 0)));
  return 1;
}

// fwrite(data[, max])
duk_ret_t handle_fwrite(duk_context* ctx) {
  FileHandle& handle = this_handle(ctx, "fwrite");
  std::string scratch;
  std::string_view bytes = data_at(ctx, 0, scratch, "fwrite(): error - data must be a String or Buffer");
  if (duk_is_number(ctx, 1) && duk_get_number(ctx, 1) >= 0) {
    bytes = bytes.substr(0, static_cast<size_t>(std::min(duk_get_number(ctx, 1), 9e15)));
  }
  about_to_block();
  size_t written = handle.write(bytes);
  if (written < bytes.size() && !handle.is_standard()) throw_error(ctx, "fwrite(): %s", strerror(errno));
  duk_push_number(ctx, static_cast<double>(written));
  return 1;
}

// Nothing is ever held back, so there is nothing to flush.
duk_ret_t handle_fflush(duk_context* ctx) {
  this_handle(ctx, "fflush");
  duk_push_this(ctx);
  return 1;
}

// Adds a standard stream under `name` to the object on top; the methods' prototype lies below it. The streams live as
// long as the process, so their objects need no finalizer.
void put_standard_handle(duk_context* ctx, const char* name, FileHandle& stream) {
  duk_push_object(ctx);
  duk_push_pointer(ctx, &stream);
  duk_put_prop_string(ctx, -2, kHandleKey);
  duk_dup(ctx, -3);
  duk_set_prototype(ctx, -2);
  duk_put_prop_string(ctx, -2, name);
}

ssize_t read_some(int fd, char* buffer, size_t size) {
  for (;;) {
    ssize_t count = ::read(fd, buffer, size);
    if (count >= 0 || errno != EINTR) return count;
  }
}

// Waits until there is something to read, or the deadline has passed.
bool is_readable_by(int fd, uint64_t deadline_ms) {
  uint64_t now_ms = monotonic_ms();
  pollfd waiting = {fd, POLLIN, 0};
  return poll(&waiting, 1, static_cast<int>(deadline_ms > now_ms ? deadline_ms - now_ms : 0)) > 0;
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

size_t FileHandle::write(std::string_view bytes) {
  // Script output and C's stdout share the descriptor: what C code has printed so far comes first.
  if (fd_ == STDOUT_FILENO) fflush(stdout);
  if (size_t unread = read_ahead_.size() - read_position_; unread > 0) {
    lseek(fd_, -static_cast<off_t>(unread), SEEK_CUR);
    read_ahead_.clear();
    read_position_ = 0;
  }
  return write_all(fd_, bytes);
}

std::string FileHandle::read_line(int timeout_ms) {
  uint64_t deadline_ms = monotonic_ms() + static_cast<uint64_t>(std::max(timeout_ms, 0));
  for (size_t scanned = read_position_;;) {
    size_t newline = read_ahead_.find('\n', scanned);
    if (newline != std::string::npos) {
      std::string line = read_ahead_.substr(read_position_, newline + 1 - read_position_);
      read_position_ = newline + 1;
      return line;
    }
    read_ahead_.erase(0, read_position_);
    read_position_ = 0;
    if (timeout_ms >= 0 && !is_readable_by(fd_, deadline_ms)) return {};
    scanned = read_ahead_.size();
    read_ahead_.resize(scanned + kReadBytes);
    ssize_t count = read_some(fd_, read_ahead_.data() + scanned, kReadBytes);
    read_ahead_.resize(scanned + static_cast<size_t>(std::max<ssize_t>(count, 0)));
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

void put_standard_handles(duk_context* ctx) {
  duk_push_object(ctx);
  static constexpr FunctionEntry kMethods[] = {
      {"fprintf", guarded<handle_fprintf>}, {"fwrite", guarded<handle_fwrite>}, {"fflush", guarded<handle_fflush>}};
  put_functions(ctx, kMethods);
  duk_swap_top(ctx, -2);
  static FileHandle input(STDIN_FILENO);
  static FileHandle output(STDOUT_FILENO);
  static FileHandle errors(STDERR_FILENO);
  put_standard_handle(ctx, "stdin", input);
  put_standard_handle(ctx, "stdout", output);
  put_standard_handle(ctx, "stderr", errors);
  // The frontend has the log files; what scripts print on these two reaches it as their standard streams do.
  put_standard_handle(ctx, "accessLog", output);
  put_standard_handle(ctx, "errorLog", errors);
  duk_remove(ctx, -2);
}

}  // namespace ravelin::worker
