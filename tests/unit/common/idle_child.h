// A forked child that does nothing until a signal ends it, at the latest that of the destructor: a real process for
// tests of pidfds, stops and deaths. Not for: anything that would run code in the child.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys.h"

namespace ravelin {

class IdleChild {
 public:
  explicit IdleChild(const char* name = nullptr) : pid_(fork()) {
    if (pid_ != 0) {
      setpgid(pid_, pid_);
      return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_all_except(3, nullptr, 0);  // or it would hold the far ends of our sockets open
    for (int number : {SIGTERM, SIGSEGV, SIGABRT}) signal(number, SIG_DFL);  // the sanitizers have handlers for some
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
      signal(number, SIG_IGN);  // as a worker handles flush_signal
    if (name != nullptr) prctl(PR_SET_NAME, name, 0, 0, 0);
    for (;;) pause();
  }
  ~IdleChild() {
    if (reaped_) return;
    send(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  IdleChild(const IdleChild&) = delete;
  IdleChild& operator=(const IdleChild&) = delete;

  pid_t pid() const { return pid_; }
  void join_group_of(const IdleChild& leader) const { setpgid(pid_, leader.pid_); }
  void send(int number) const { ::kill(pid_, number); }
  // waitpid() with these options: blocks until there is something to tell, returns the wait status.
  int wait(int options = 0) {
    int status = 0;
    if (waitpid(pid_, &status, options) != pid_) return -1;
    reaped_ = WIFEXITED(status) || WIFSIGNALED(status);
    return status;
  }

 private:
  pid_t pid_;
  bool reaped_ = false;
};

}  // namespace ravelin
