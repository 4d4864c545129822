// Open files as scripts see them: rampart.utils.stdin, stdout, stderr, accessLog, errorLog (runtime-api 7.7). A handle
// is an object with a hidden pointer to a FileHandle. Not for: whole files by name (file_read, file_write). Launcher
// and workers; a fork shares the standard streams.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>
#include <utility>

#include "common/unique_fd.h"

namespace ravelin::worker {

class FileHandle {
 public:
  // A standard stream: not owned, never closed.
  explicit FileHandle(int standard_fd) : fd_(standard_fd) {}
  explicit FileHandle(UniqueFd file) : owned_(std::move(file)), fd_(owned_.get()) {}

  bool is_closed() const { return fd_ < 0; }
  bool is_standard() const { return !owned_ && fd_ >= 0; }
  int fd() const { return fd_; }

  // Writes all bytes, as one write() unless the system takes less. On failure returns what was written, with errno.
  size_t write(std::string_view bytes);

  // The next line with its newline, or what is left, or nothing at the end or after an error. With a timeout, nothing
  // when no whole line has come by then; a later call goes on where this one stopped.
  std::string read_line(int timeout_ms = -1);

 private:
  UniqueFd owned_;
  int fd_;
  std::string read_ahead_;
  size_t read_position_ = 0;
};

// Writes all bytes to `fd`, waiting when it is a full non-blocking pipe; returns how many were written.
size_t write_all(int fd, std::string_view bytes);

// The handle behind the value at `index`, or null when it is none.
FileHandle* file_handle_at(duk_context* ctx, duk_idx_t index);

// The same for `function`, throwing when it is none or has been closed.
FileHandle& require_file_handle(duk_context* ctx, duk_idx_t index, const char* function);

// True when the handle is stdout or stderr on a terminal that knows escape sequences.
bool is_terminal(const FileHandle& handle);

// Puts stdin, stdout, stderr, accessLog and errorLog into the object on top of the stack.
void put_standard_handles(duk_context* ctx);

}  // namespace ravelin::worker
