// Thin wrappers of Linux calls that more than one part needs and that libc 2.36 lacks or makes awkward.
// Not for: policy. Every function reports failure by Result or a negative value; nothing here exits.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>

#include "common/result.h"
#include "common/unique_fd.h"

namespace ravelin {

// Text of errno: "No such file or directory". Thread-safe.
std::string errno_text(int error);

// `what` + ": " + errno text, as a kSystem Error. Call at once after the failing call, with its errno.
Error system_error(std::string what, int error);

// Both ends non-blocking and close-on-exec, AF_UNIX SOCK_STREAM.
Result<std::pair<UniqueFd, UniqueFd>> make_socketpair();

// Close-on-exec memory file of `size` bytes, sealed against shrinking and growing when `seal`.
Result<UniqueFd> make_memfd(const char* name, size_t size, bool seal);

// An unlinked, close-on-exec, read-write file in `directory` (O_TMPFILE, else mkostemp and unlink).
Result<UniqueFd> make_temporary_file(const std::string& directory);

// The folder for spooled bodies: $TMPDIR or /tmp.
std::string spool_directory();

// pidfd_open(2), close-on-exec. The pid must be a child, or known not to be reaped.
Result<UniqueFd> open_pidfd(pid_t pid);

// pidfd_send_signal(2). False when the process is gone or not ours.
bool signal_pidfd(int pidfd, int signal);

// Marks every descriptor from `first` up close-on-exec (close_range CLOEXEC).
void set_cloexec_from(int first);

// Closes every descriptor from `first` up, except those in the sorted list `keep` of `count` entries.
void close_all_except(int first, const int* keep, size_t count);

// comm and title of this process as ps and /proc show them; at most 15 bytes of comm. `title` may be longer.
void set_process_name(const char* name);

bool set_nonblocking(int fd, bool on);

// True when /proc says that the process is stopped by a signal (state T).
bool process_is_stopped(pid_t pid);

}  // namespace ravelin
