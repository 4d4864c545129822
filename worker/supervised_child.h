// One process that the supervisor keeps alive: its pid, pidfd and control channel, and when it is to be started again.
// Also how a frontend is started. Not for: deciding anything (supervisor). Launcher, main thread.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/channel.h"

namespace ravelin::worker {

// The frontend's program, opened before privileges are dropped (its folder may be closed to `user`). A respawned
// frontend is so the version that this launcher speaks with, whatever has been installed since.
struct FrontendProgram {
  UniqueFd file;
  std::string path;
};

// Beside this program, or in ../lib/ravelin of its folder.
Result<FrontendProgram> open_frontend_program();

class SupervisedChild {
 public:
  explicit SupervisedChild(const char* name) : name_(name) {}

  // A child has been forked. Opens its pidfd; on failure the child is killed and reaped.
  Status born(pid_t pid, UniqueFd control, ipc::Role role);

  const char* name() const { return name_; }
  // Invariant: > 0 exactly while the process is not reaped; pidfd and control belong to it.
  pid_t pid() const { return pid_; }
  bool is_alive() const { return pid_ > 0; }
  int pidfd() const { return pidfd_.get(); }
  ipc::Channel* control() { return control_.get(); }
  uint64_t lived_ms() const;

  // Reaps it if it has ended.
  bool reap(int& wait_status);
  // SIGKILL; reap() is still to be called.
  void kill();
  // Closes the control channel, which asks it to end.
  void hang_up() { control_.reset(); }
  // hang_up(), waits until it ends by itself, kills it after `patience_ms`, and reaps it. False when it was killed.
  bool end(uint64_t patience_ms);

  uint32_t failures = 0;        // see respawn_delay.h
  uint64_t respawn_at_ms = 0;   // 0: not planned
  uint64_t stopped_at_ms = 0;   // somebody has stopped it (SIGSTOP); 0: it runs
  bool watches_output = false;  // epoll waits for room in its control channel...
  bool watches_input = true;    // ...and for bytes from it

 private:
  const char* name_;
  pid_t pid_ = 0;
  UniqueFd pidfd_;
  std::unique_ptr<ipc::Channel> control_;
  uint64_t born_ms_ = 0;
};

// Forks and executes the frontend with `control` as its descriptor 3. The child has a process group of its own.
Result<pid_t> fork_frontend(const FrontendProgram& program, const UniqueFd& control);

// "was killed by signal 9 (SIGKILL)", "ended with exit code 3".
std::string describe_end(int wait_status);

}  // namespace ravelin::worker
