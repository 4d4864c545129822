#include "worker/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys.h"

namespace ravelin::worker {

namespace {

// On the pipe: the daemon's pid, then a byte that says how it went, then the error's text, then the end.
constexpr char kStarted = '+';
constexpr char kNotStarted = '-';

bool write_fully(int fd, const void* bytes, size_t size) {
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = write(fd, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    next += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

std::string read_to_end(int fd) {
  std::string text;
  char piece[512];
  for (;;) {
    const ssize_t got = read(fd, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece, static_cast<size_t>(got));
  }
}

void stdio_to_null() {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return;
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) dup2(null.get(), fd);
}

}  // namespace

Result<Detached> detach() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe for the daemon's report", errno);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  fflush(nullptr);
  const pid_t middle = fork();
  if (middle < 0) return system_error("fork of the daemon", errno);
  if (middle > 0) {
    write_end.reset();
    while (waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
    }
    return Detached{false, std::move(read_end)};
  }
  // A session without a terminal; the second fork makes sure that the daemon, not being its leader, never gets one.
  setsid();
  const pid_t daemon = fork();
  if (daemon != 0) _exit(daemon < 0 ? 1 : 0);
  read_end.reset();
  setpgid(0, 0);
  signal(SIGHUP, SIG_IGN);
  stdio_to_null();
  return Detached{true, std::move(write_end)};
}

void report_start(UniqueFd& report, const std::string& error) {
  const pid_t pid = getpid();
  const char outcome = error.empty() ? kStarted : kNotStarted;
  // The caller may have died meanwhile (SIGPIPE is ignored): nobody is left to hear it.
  if (write_fully(report.get(), &pid, sizeof pid) && write_fully(report.get(), &outcome, 1))
    write_fully(report.get(), error.data(), error.size());
  report.reset();
}

Result<pid_t> wait_for_report(UniqueFd report) {
  const std::string text = read_to_end(report.get());
  pid_t pid = 0;
  if (text.size() <= sizeof pid) return Error{ErrorCode::kSystem, "the daemon ended while it was starting"};
  memcpy(&pid, text.data(), sizeof pid);
  if (text[sizeof pid] != kStarted) return Error{ErrorCode::kSystem, text.substr(sizeof pid + 1)};
  return pid;
}

}  // namespace ravelin::worker
