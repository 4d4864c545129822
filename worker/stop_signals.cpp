#include "worker/stop_signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace ravelin::worker {

namespace {

int wake_up = -1;
volatile sig_atomic_t requested_by = 0;  // the first signal's number

void on_stop_signal(int number) {
  if (requested_by != 0) _exit(128 + number);  // the children follow: parent-death signal, closed channels
  requested_by = number;
  const int error = errno;
  const uint64_t one = 1;
  // An eventfd that nobody has read takes this one write.
  if (write(wake_up, &one, sizeof one) < 0) _exit(128 + number);
  errno = error;
}

}  // namespace

int catch_stop_signals() {
  if (wake_up >= 0) return wake_up;
  wake_up = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_up < 0) return -1;
  struct sigaction action = {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // SIGUSR1 asks other servers to open their logs again; who sends it must not end this one. A handler, since programs
  // that scripts start would inherit that a signal is ignored.
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
  action.sa_handler = on_stop_signal;
  struct sigaction hangup;
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
  return wake_up;
}

int stop_signal() { return requested_by; }

}  // namespace ravelin::worker
