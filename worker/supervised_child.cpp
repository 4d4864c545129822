#include "worker/supervised_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/sys.h"
#include "worker/fork_hygiene.h"
#include "worker/js_process.h"

namespace ravelin::worker {

namespace {

constexpr char kFrontendName[] = "ravelin-frontend";
constexpr int kFrontendControl = 3;  // frontend/main.cpp expects its control channel there
constexpr int kOutOfTheWay = 10;     // the program's descriptor must not be the one that becomes 3
constexpr int kExitNoExec = 127;

// In the child, between fork and exec: nothing of the launcher but stdio and the control channel goes over.
[[noreturn]] void exec_frontend(const FrontendProgram& program, int control) {
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  reset_signals(&none);
  // A frontend that somebody has stopped (SIGSTOP) would not see that its control channel closes: this wakes it then.
  prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0);
  if (control == kFrontendControl ? fcntl(control, F_SETFD, 0) == 0
                                  : dup2(control, kFrontendControl) == kFrontendControl) {
    set_cloexec_from(kFrontendControl + 1);
    char name[] = "ravelin-frontend";
    char* arguments[] = {name, nullptr};
    execveat(program.file.get(), "", arguments, environ, AT_EMPTY_PATH);
  }
  logf("could not execute %s: %s", program.path.c_str(), errno_text(errno).c_str());
  _exit(kExitNoExec);
}

}  // namespace

Result<FrontendProgram> open_frontend_program() {
  const std::string own_folder = executable_directory();
  const std::string folders[] = {own_folder + "/", own_folder + "/../lib/ravelin/"};
  int error = ENOENT;
  for (const std::string& folder : folders) {
    FrontendProgram program{UniqueFd(), folder + kFrontendName};
    const UniqueFd file(open(program.path.c_str(), O_PATH | O_CLOEXEC));
    if (file && access(program.path.c_str(), X_OK) == 0) {
      program.file.reset(fcntl(file.get(), F_DUPFD_CLOEXEC, kOutOfTheWay));
      if (program.file) return program;
    }
    if (errno != ENOENT) error = errno;
  }
  return system_error("the program " + folders[0] + kFrontendName + " cannot be started", error);
}

Result<pid_t> fork_frontend(const FrontendProgram& program, const UniqueFd& control) {
  const pid_t pid = fork();
  if (pid == 0) exec_frontend(program, control.get());
  if (pid < 0) return system_error("fork", errno);
  return pid;
}

Status SupervisedChild::born(pid_t pid, UniqueFd control, ipc::Role role) {
  auto pidfd = open_pidfd(pid);
  if (!pidfd) {
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return pidfd.error();
  }
  pid_ = pid;
  pidfd_ = std::move(pidfd.value());
  control_ = std::make_unique<ipc::Channel>(std::move(control), role);
  born_ms_ = monotonic_ms();
  respawn_at_ms = 0;
  stopped_at_ms = 0;
  watches_output = false;
  return Ok{};
}

uint64_t SupervisedChild::lived_ms() const { return monotonic_ms() - born_ms_; }

bool SupervisedChild::reap(int& wait_status) {
  if (pid_ <= 0) return false;
  const pid_t ended = waitpid(pid_, &wait_status, WNOHANG);
  if (ended == 0) return false;
  if (ended < 0) wait_status = 0;  // somebody else has reaped it: a script that waits for any child
  pid_ = 0;
  pidfd_.reset();
  control_.reset();
  return true;
}

void SupervisedChild::kill() {
  if (pid_ > 0) signal_pidfd(pidfd_.get(), SIGKILL);
}

bool SupervisedChild::end(uint64_t patience_ms) {
  if (pid_ <= 0) return true;
  hang_up();
  const uint64_t deadline_ms = monotonic_ms() + patience_ms;
  pollfd watched{pidfd_.get(), POLLIN, 0};
  bool has_ended = false;
  for (uint64_t now = monotonic_ms(); now < deadline_ms && !has_ended; now = monotonic_ms())
    has_ended = poll(&watched, 1, static_cast<int>(deadline_ms - now)) > 0;
  kill();
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
  pidfd_.reset();
  return has_ended;
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    const char* name = sigabbrev_np(number);
    return "was killed by signal " + std::to_string(number) + " (SIG" + (name ? name : "?") + ")";
  }
  return "ended with exit code " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace ravelin::worker
