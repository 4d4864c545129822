#include "worker/utils/terminal_process.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "common/sys.h"
#include "worker/fork_hygiene.h"
#include "worker/utils/spawn.h"

namespace ravelin::worker {
namespace {

constexpr unsigned short kColumns = 80;
constexpr unsigned short kRows = 24;
constexpr size_t kReadStep = 16 * 1024;
constexpr int kExitNoExec = 127;

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: becomes the program, or reports why not.
[[noreturn]] void become(const char* program, char** arguments, char** environment, int report) {
  sigset_t none;
  sigemptyset(&none);
  reset_signals(&none);
  signal(SIGPIPE, SIG_DFL);
  close_all_except(STDERR_FILENO + 1, &report, 1);
  lift_memory_limit(0);
  execvpe(program, arguments, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(report, &error, sizeof error);
  _exit(kExitNoExec);
}

}  // namespace

int TerminalProcess::start(const TerminalRequest& request) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  UniqueFd report(ends[0]);
  UniqueFd write_end(ends[1]);
  const std::vector<char*> arguments = pointers_to(request.arguments);
  std::vector<char*> own_environment;
  if (request.environment) own_environment = pointers_to(*request.environment);
  char** environment = request.environment ? own_environment.data() : environ;
  const winsize size = {kRows, kColumns, 0, 0};
  int terminal = -1;
  pid_ = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid_ < 0) return errno;
  if (pid_ == 0) become(request.program.c_str(), const_cast<char**>(arguments.data()), environment, write_end.get());
  terminal_.reset(terminal);
  write_end.reset();
  int error = 0;
  ssize_t count;
  do count = read(report.get(), &error, sizeof error);
  while (count < 0 && errno == EINTR);
  if (count <= 0) error = 0;
  if (error == 0 && (fcntl(terminal, F_SETFD, FD_CLOEXEC) != 0 || !set_nonblocking(terminal, true))) error = errno;
  if (error == 0) {
    Result<UniqueFd> opened = open_pidfd(pid_);
    if (opened) {
      pidfd_ = std::move(opened.value());
      return 0;
    }
    error = EMFILE;
  }
  kill(pid_, SIGKILL);
  reap();
  return error;
}

bool TerminalProcess::take_output(std::string& output, size_t max) {
  while (terminal_ && max > 0) {
    const size_t before = output.size();
    const size_t wanted = std::min(kReadStep, max);
    output.resize(before + wanted);
    const ssize_t count = read(terminal_.get(), output.data() + before, wanted);
    output.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count > 0) {
      max -= static_cast<size_t>(count);
    } else if (count < 0 && errno == EAGAIN) {
      return true;
    } else if (count == 0 || errno != EINTR) {
      return false;  // EIO: no process has the terminal open
    }
  }
  return static_cast<bool>(terminal_);
}

ssize_t TerminalProcess::write_some(std::string_view input) {
  for (;;) {
    const ssize_t count = write(terminal_.get(), input.data(), input.size());
    if (count >= 0 || errno != EINTR) return count;
  }
}

bool TerminalProcess::resize(unsigned short columns, unsigned short rows) {
  const winsize size = {rows, columns, 0, 0};
  return ioctl(terminal_.get(), TIOCSWINSZ, &size) == 0;
}

int TerminalProcess::reap() {
  pidfd_.reset();
  int status = 0;
  pid_t reaped;
  do reaped = waitpid(pid_, &status, 0);
  while (reaped < 0 && errno == EINTR);
  if (reaped != pid_) return -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void TerminalProcess::forget() {
  terminal_.release();
  pidfd_.release();
}

}  // namespace ravelin::worker
