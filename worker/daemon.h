// Detaching from the terminal for `daemon: true`: two forks and setsid. The caller of server.start() learns through a
// pipe how the start went and goes on with its script; the daemon never returns from server.start(). Not for: what the
// daemon serves. Called by server_start in the launcher, main thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace ravelin::worker {

struct Detached {
  bool in_daemon = false;
  UniqueFd report;  // of a pipe: the daemon writes, the caller reads
};

// Forks twice; returns in the caller and in the daemon. The daemon has a session of its own without a terminal, ignores
// SIGHUP, and has its stdio on /dev/null.
Result<Detached> detach();

// In the daemon, exactly once: tells the caller that the server is up (`error` empty), or why it is not. Closes
// `report`.
void report_start(UniqueFd& report, const std::string& error);

// In the caller: waits for that. The daemon's pid, or its error, or that it died without a word.
Result<pid_t> wait_for_report(UniqueFd report);

}  // namespace ravelin::worker
