// Open files behind the handles of scripts: standard streams, files of fopen(), memory of fopenBuffer() (runtime-api
// 7.7). A handle is an object with a hidden pointer to a FileHandle. Not for: the script functions
// (handle_functions.h), whole files by name (file_read, file_write). Launcher and workers; a fork shares the standard
// streams.
#pragma once

#include <duktape.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/unique_fd.h"

namespace ravelin::worker {

// Which file a descriptor is open on. A number may be another's by now: a worker closes the pipes and sockets that it
// has inherited (fork_hygiene.h).
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  // Of no file when `fd` is not open.
  static FileIdentity of(int fd);
  bool operator==(const FileIdentity&) const = default;
};

class FileHandle {
 public:
  enum class Kind { kStandard, kFile, kMemory };

  // A standard stream: not owned, never closed.
  explicit FileHandle(int standard_fd) : fd_(standard_fd) {}
  // A file, or a memory file (memfd) whose contents stay readable after close().
  explicit FileHandle(UniqueFd file, Kind kind = Kind::kFile);
  ~FileHandle() { close(); }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;

  // Also in a worker whose birth has closed the file.
  bool is_closed() {
    notice_fork();
    return fd_ < 0;
  }
  bool is_standard() const { return kind_ == Kind::kStandard; }
  bool is_memory() const { return kind_ == Kind::kMemory; }
  int fd() const { return fd_; }

  // True while the standard stream leads to a handle's file. It cannot lead to another's then: two handles closed in
  // any order could not put it back.
  static bool is_redirected(int standard_fd);

  // Lets the standard stream `standard_fd` lead to this file until close(). False with errno: EBUSY when it
  // is_redirected() already.
  bool redirect(int standard_fd);

  // Writes all bytes, as one write() unless the system takes less. On failure returns what was written, with errno.
  size_t write(std::string_view bytes);

  // Appends up to `max` bytes to `out`, fewer only at the end. False with errno after an error.
  bool read(std::string& out, size_t max);

  // The next line with its newline, or what is left, or nothing at the end or after an error. With a timeout, nothing
  // when no whole line has come by then; a later call goes on where this one stopped. At most `max` bytes of the line.
  std::string read_line(int timeout_ms = -1, size_t max = SIZE_MAX);

  // As lseek(), -1 with errno.
  off_t seek(off_t offset, int whence);

  // Ends a redirection; forgets the descriptor. Nothing for standard streams. The second time: nothing.
  void close();

  // kMemory: all that was written, also after close(); false when release_memory() was called.
  bool memory(std::string& out);
  void release_memory();

  // The object that owns this one, as its heap pointer: others may inherit from it (handle_functions.cpp).
  void* owner = nullptr;

 private:
  void unread();
  void notice_fork();

  Kind kind_ = Kind::kStandard;
  UniqueFd owned_;
  int fd_;
  pid_t pid_ = 0;          // whose descriptors these are known to be
  FileIdentity identity_;  // of owned_
  UniqueFd saved_stream_;  // what redirected_fd_ was before redirect()
  FileIdentity saved_identity_;
  int redirected_fd_ = -1;
  std::string read_ahead_;
  size_t read_position_ = 0;
};

// Writes all bytes to `fd`, waiting when it is a full non-blocking pipe; returns how many were written.
size_t write_all(int fd, std::string_view bytes);

// The same as one piece: what several processes print into one pipe this way does not mix, however long it is
// (runtime-api 7.1). Up to PIPE_BUF bytes the system promises that, beyond it a record lock on the pipe does among us.
// Only a short text may still come between the parts of a long one that waits for its reader.
size_t write_whole(int fd, std::string_view bytes);

// The property that holds the pointer.
inline constexpr char kHandleKey[] = DUK_HIDDEN_SYMBOL("file");

// The handle behind the value at `index`, or null when it is none.
FileHandle* file_handle_at(duk_context* ctx, duk_idx_t index);

// The same for `function`, throwing when it is none or has been closed.
FileHandle& require_file_handle(duk_context* ctx, duk_idx_t index, const char* function);

// True when the handle is stdout or stderr on a terminal that knows escape sequences.
bool is_terminal(const FileHandle& handle);

}  // namespace ravelin::worker
