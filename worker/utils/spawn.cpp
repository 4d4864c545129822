#include "worker/utils/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/utils/file_handle.h"

namespace ravelin::worker {
namespace {

constexpr size_t kReadStep = 64 * 1024;

// A descriptor above the standard three: dup2() onto itself would keep the close-on-exec flag.
UniqueFd above_standard(UniqueFd fd) {
  if (!fd || fd.get() > STDERR_FILENO) return fd;
  return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;

  bool open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = above_standard(UniqueFd(ends[0]));
    write_end = above_standard(UniqueFd(ends[1]));
    return read_end && write_end && set_nonblocking(read_end.get(), true);
  }
};

// A memory file that holds the input, so that nobody has to feed a pipe: the program reads as fast and as much as it
// likes, also when it outlives this process.
UniqueFd input_file(const std::string& input) {
  UniqueFd file = above_standard(UniqueFd(memfd_create("exec-stdin", MFD_CLOEXEC)));
  if (!file || write_all(file.get(), input) < input.size()) return UniqueFd();
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

class SpawnAttributes {
 public:
  explicit SpawnAttributes(bool new_session) {
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (new_session ? POSIX_SPAWN_SETSID : 0);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  // A negative `source` stands for /dev/null.
  void redirect(int target, int source) {
    if (source >= 0) {
      posix_spawn_file_actions_adddup2(&actions_, source, target);
    } else {
      posix_spawn_file_actions_addopen(&actions_, target, "/dev/null", target == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
    }
  }
  void change_directory(const std::string& directory) {
    if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
  }
  void close_rest() { posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// True when a folder of PATH holds a file of this name, whether or not it may be executed.
bool is_in_path(const std::string& name) {
  const char* path = getenv("PATH");
  std::string_view rest = path ? path : "/bin:/usr/bin";
  for (;;) {
    const size_t end = std::min(rest.find(':'), rest.size());
    std::string file(end == 0 ? "." : rest.substr(0, end));
    struct stat status;
    if (stat(file.append("/").append(name).c_str(), &status) == 0 && S_ISREG(status.st_mode)) return true;
    if (end == rest.size()) return false;
    rest.remove_prefix(end + 1);
  }
}

// Starts the program; 0 or the errno.
int spawn(const SpawnRequest& request, int input, int output, int errors, bool new_session, pid_t& pid) {
  SpawnAttributes attributes(new_session);
  SpawnActions actions;
  actions.redirect(STDIN_FILENO, input);
  actions.redirect(STDOUT_FILENO, output);
  actions.redirect(STDERR_FILENO, errors);
  actions.change_directory(request.directory);
  actions.close_rest();
  std::vector<char*> arguments = pointers_to(request.arguments);
  std::vector<char*> own_environment;
  if (request.environment) own_environment = pointers_to(*request.environment);
  char** environment = request.environment ? own_environment.data() : environ;
  const int error =
      posix_spawnp(&pid, request.program.c_str(), actions.get(), attributes.get(), arguments.data(), environment);
  // A folder of PATH that this user may not look into makes it EACCES although there is no such program.
  const bool is_name = request.program.find('/') == std::string::npos;
  return error == EACCES && is_name && !is_in_path(request.program) ? ENOENT : error;
}

int exit_status_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return 0;
  }
  return status;
}

// Reads what is there; closes `fd` at its end. False when the text grows too large.
bool drain(UniqueFd& fd, std::string& text) {
  while (fd) {
    size_t size = text.size();
    if (size > kMaxOutputBytes) return false;
    text.resize(size + kReadStep);
    ssize_t count = read(fd.get(), text.data() + size, kReadStep);
    text.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return true;
    if (count <= 0) fd.reset();
  }
  return true;
}

// A started program whose end and output are awaited. Whatever happens here, memory exhausted included, it is not left
// behind.
class RunningProgram {
 public:
  RunningProgram(pid_t pid, UniqueFd output, UniqueFd errors)
      : pid_(pid), output_(std::move(output)), errors_(std::move(errors)) {
    if (Result<UniqueFd> opened = open_pidfd(pid)) pidfd_ = std::move(opened.value());
  }
  ~RunningProgram() {
    if (has_ended_) return;
    kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  void collect(const SpawnRequest& request, SpawnResult& result) {
    uint64_t deadline_ms = monotonic_ms() + static_cast<uint64_t>(std::max<int64_t>(request.timeout_ms, 0));
    while (!has_ended_ || ((output_ || errors_) && !result.timed_out)) {
      int wait_ms = -1;
      if (request.timeout_ms >= 0 && !result.timed_out) {
        uint64_t now_ms = monotonic_ms();
        wait_ms = static_cast<int>(std::min<uint64_t>(deadline_ms > now_ms ? deadline_ms - now_ms : 0, 1u << 30));
        if (now_ms >= deadline_ms) {
          result.timed_out = true;
          if (!has_ended_) kill(pid_, request.kill_signal);
          continue;
        }
      }
      wait_for_news(wait_ms, result);
      if (!drain(output_, result.output) || !drain(errors_, result.errors)) {
        result.is_too_large = true;
        return;
      }
    }
  }

 private:
  void wait_for_news(int wait_ms, SpawnResult& result) {
    if (!pidfd_ && !output_ && !errors_) wait_ms = 0;
    pollfd waiting[] = {{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}};
    bool has_news = poll(waiting, 3, wait_ms) > 0;
    // Without a pidfd (no descriptor left) the end of both pipes has to do.
    bool is_over = pidfd_ ? has_news && (waiting[2].revents & POLLIN) : !output_ && !errors_;
    if (!is_over || has_ended_) return;
    result.exit_status = exit_status_of(wait_for(pid_));
    has_ended_ = true;
    pidfd_.reset();
  }

  pid_t pid_;
  UniqueFd output_;
  UniqueFd errors_;
  UniqueFd pidfd_;
  bool has_ended_ = false;
};

}  // namespace

void lift_memory_limit(pid_t pid) {
  rlimit limit;
  if (prlimit(pid, RLIMIT_AS, nullptr, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  prlimit(pid, RLIMIT_AS, &limit, nullptr);
}

SpawnResult run_program(const SpawnRequest& request) {
  SpawnResult result;
  Pipe output;
  Pipe errors;
  UniqueFd input;
  if (!request.input.empty()) input = input_file(request.input);
  if (!output.open() || !errors.open() || (!request.input.empty() && !input)) {
    result.error = errno;
    return result;
  }
  result.error = spawn(request, input.get(), output.write_end.get(), errors.write_end.get(), false, result.pid);
  if (result.error != 0) {
    result.pid = 0;
    return result;
  }
  lift_memory_limit(result.pid);
  output.write_end.reset();
  errors.write_end.reset();
  RunningProgram program(result.pid, std::move(output.read_end), std::move(errors.read_end));
  program.collect(request, result);
  return result;
}

SpawnResult start_in_background(const SpawnRequest& request) {
  SpawnResult result;
  Pipe report;
  UniqueFd input;
  if (!request.input.empty()) input = input_file(request.input);
  if (!report.open() || (!request.input.empty() && !input)) {
    result.error = errno;
    return result;
  }
  set_nonblocking(report.read_end.get(), false);
  // A child in between ends at once, which makes init the parent of the program: it is never a zombie of ours.
  pid_t between = fork();
  if (between < 0) {
    result.error = errno;
    return result;
  }
  if (between == 0) {
    lift_memory_limit(0);
    SpawnResult started;
    int outcome[2];
    outcome[0] = spawn(request, input.get(), -1, -1, /*new_session=*/true, started.pid);
    outcome[1] = started.pid;
    ssize_t written = write(report.write_end.get(), outcome, sizeof outcome);
    _exit(written == sizeof outcome ? 0 : 1);
  }
  report.write_end.reset();
  int outcome[2] = {EAGAIN, 0};
  ssize_t count;
  do count = read(report.read_end.get(), outcome, sizeof outcome);
  while (count < 0 && errno == EINTR);
  wait_for(between);
  result.error = outcome[0];
  if (result.error == 0) result.pid = outcome[1];
  return result;
}

}  // namespace ravelin::worker
