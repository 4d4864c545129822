#include "worker/compile_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "common/clock.h"
#include "common/limits.h"
#include "common/sys.h"
#include "common/unique_fd.h"

namespace ravelin::worker {

namespace {

class SpawnSettings {
 public:
  SpawnSettings(int socket, int bytecode, int lock, bool has_own_group)
      : bytecode_(above_targets(bytecode)), lock_(above_targets(lock)) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, kCompileSocket);
    posix_spawn_file_actions_adddup2(&actions, bytecode_.get(), kCompileBytecode);
    if (lock_) posix_spawn_file_actions_adddup2(&actions, lock_.get(), kCompileLock);
    posix_spawnattr_init(&attributes);
    // A handler or a mask of ours is not for it; SIGPIPE stays ignored, as in every process of the server.
    sigset_t signals;
    sigfillset(&signals);
    sigdelset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    const int group_flag = has_own_group ? POSIX_SPAWN_SETPGROUP : 0;
    posix_spawnattr_setflags(&attributes,
                             static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | group_flag));
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

 private:
  // A copy that no dup2() to one of the child's descriptors replaces.
  static UniqueFd above_targets(int fd) {
    return UniqueFd(fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, std::max(kCompileBytecode, kCompileLock) + 1));
  }

  UniqueFd bytecode_;
  UniqueFd lock_;
};

// The child; ended and reaped when this goes.
class CompileChild {
 public:
  explicit CompileChild(pid_t pid) : pid_(pid) {}
  ~CompileChild() { end(); }
  CompileChild(const CompileChild&) = delete;
  CompileChild& operator=(const CompileChild&) = delete;

  // Its wait status; -1 when somebody else has reaped it. Has it all when its answer is there, so it need not tidy up.
  int end() {
    if (pid_ < 0) return -1;
    kill(pid_, SIGKILL);
    int status = -1;
    while (waitpid(pid_, &status, 0) < 0) {
      if (errno == EINTR) continue;
      status = -1;
      break;
    }
    pid_ = -1;
    return status;
  }

  // It goes on without us. Whoever becomes its parent reaps it.
  void let_go() { pid_ = -1; }

 private:
  pid_t pid_;
};

// Waits until the socket can be read or written. False: the time is over.
bool wait_for(int fd, short events, uint64_t deadline_ms) {
  for (;;) {
    const uint64_t now_ms = monotonic_ms();
    if (now_ms >= deadline_ms) return false;
    pollfd watched{fd, events, 0};
    const int ready = poll(&watched, 1, static_cast<int>(deadline_ms - now_ms));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

enum class Transfer { kDone, kTimeout, kTooLarge, kFailed };

Transfer send_all(int fd, std::string_view bytes, uint64_t deadline_ms) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (sent < 0 && errno == EAGAIN) {
      if (!wait_for(fd, POLLOUT, deadline_ms)) return Transfer::kTimeout;
    } else if (sent < 0 && errno != EINTR) {
      return Transfer::kFailed;
    }
  }
  return Transfer::kDone;
}

Transfer receive_all(int fd, std::string& bytes, uint64_t deadline_ms) {
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got == 0) return Transfer::kDone;
    if (got > 0) {
      bytes.append(buffer, static_cast<size_t>(got));
      if (bytes.size() > limits::kMaxCompiledBytes) return Transfer::kTooLarge;
    } else if (errno == EAGAIN) {
      if (!wait_for(fd, POLLIN, deadline_ms)) return Transfer::kTimeout;
    } else if (errno != EINTR) {
      return Transfer::kFailed;
    }
  }
}

Error failure(const std::string& what) { return Error{ErrorCode::kSystem, "could not compile: " + what}; }

std::string describe_end(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
    return "the compile process was killed by signal " + std::to_string(WTERMSIG(status));
  return "the compile process gave no answer";
}

}  // namespace

Error compile_deadline_passed() { return failure("it takes longer than the script may run"); }

Result<CompileReply> compile_in_process(const CompileProgram& program, const CompileRequest& request, int lock_fd,
                                        uint64_t deadline_ms) {
  if (program.bytecode_fd < 0)
    return failure(
        "typescript.duk is neither beside the executable nor in ../lib/ravelin: Ravelin is not installed whole");
  auto pair = make_socketpair();
  if (!pair) return pair.error();
  UniqueFd ours = std::move(pair.value().first);
  // Its end blocks: it has nothing else to do.
  set_nonblocking(pair.value().second.get(), false);
  const bool can_store = !request.cache_folder.empty();
  SpawnSettings settings(pair.value().second.get(), program.bytecode_fd, lock_fd, can_store);
  const char* argv[] = {"ravelin", kCompileProcessOption, nullptr};
  pid_t pid = -1;
  if (int error = posix_spawn(&pid, program.executable.c_str(), &settings.actions, &settings.attributes,
                              const_cast<char**>(argv), environ))
    return failure("starting " + program.executable + ": " + errno_text(error));
  CompileChild child(pid);
  pair.value().second.reset();

  const uint64_t limit_ms = monotonic_ms() + limits::kCompileTimeoutMs;
  std::string bytes;
  append_request(bytes, request);
  Transfer transfer = send_all(ours.get(), bytes, std::min(limit_ms, deadline_ms));
  bytes.clear();
  if (transfer == Transfer::kDone) {
    shutdown(ours.get(), SHUT_WR);
    transfer = receive_all(ours.get(), bytes, std::min(limit_ms, deadline_ms));
    if (transfer == Transfer::kTimeout && deadline_ms < limit_ms && can_store) child.let_go();
  }
  if (transfer == Transfer::kTimeout && deadline_ms < limit_ms) return compile_deadline_passed();
  const int status = child.end();
  if (transfer == Transfer::kTimeout)
    return failure("the compile process took longer than " + std::to_string(limits::kCompileTimeoutMs / 1000) + " s");
  if (transfer == Transfer::kTooLarge) return failure("the compiled code is too large");
  auto reply = transfer == Transfer::kDone ? parse_reply(bytes) : std::nullopt;
  if (!reply) return failure(describe_end(status));
  const Compiled& compiled = reply->compiled;
  if (!compiled.ok && compiled.error_line == 0) return failure("the compiler failed: " + compiled.code);
  return std::move(*reply);
}

}  // namespace ravelin::worker
