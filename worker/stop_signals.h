// SIGINT, SIGTERM and SIGHUP in a launcher that has a server: the first asks for an orderly stop, the second ends the
// process at once (its children follow by themselves). Real handlers, so that a script that computes for ever can be
// stopped too. Not for: children, whose dispositions fork_hygiene resets. Launcher only.
#pragma once

namespace ravelin::worker {

// Installs the handlers. The returned descriptor becomes readable when a stop has been asked for; it lives as long as
// the process. SIGHUP stays ignored where it is ignored (nohup, daemons). -1 when the system has no descriptor left.
int catch_stop_signals();

// The signal that has asked for a stop, or 0.
int stop_signal();

}  // namespace ravelin::worker
