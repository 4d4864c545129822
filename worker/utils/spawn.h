// Running programs for exec() and shell() (runtime-api 7.4): one call that waits and collects the output, one that
// starts and forgets. A program inherits nothing of the server: descriptors 0 to 2 only, no blocked or ignored signals,
// no memory limit of a worker. Not for: JavaScript values (exec.cpp), the server's own processes. Launcher and workers,
// main thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ravelin::worker {

struct SpawnRequest {
  std::string program;                                  // a path, or a name to be found in $PATH
  std::vector<std::string> arguments;                   // argv, with argv[0]
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; nullopt: that of this process
  std::string directory;                                // to start in; empty: the current one
  std::string input;                                    // what the program can read from its standard input
  int64_t timeout_ms = -1;                              // then kill_signal is sent; -1: none
  int kill_signal = 15;
};

struct SpawnResult {
  int error = 0;  // errno when the program could not be started; the rest is empty then
  pid_t pid = 0;
  int exit_status = 0;  // exit code, or 128 + signal
  bool timed_out = false;
  bool is_too_large = false;  // stopped because it printed more than kMaxOutputBytes
  std::string output;
  std::string errors;
};

// Per stream. What is larger belongs into a file.
constexpr size_t kMaxOutputBytes = 512ull * 1024 * 1024;

// Waits until the program has ended and its pipes are closed; after a timeout, until it has ended.
SpawnResult run_program(const SpawnRequest& request);

// Starts the program in a session of its own, as a child of init, its output discarded. Only error and pid are set.
SpawnResult start_in_background(const SpawnRequest& request);

// The address-space limit of a worker is for its script heap; a program gets back what the administrator allows. 0:
// this process.
void lift_memory_limit(pid_t pid);

}  // namespace ravelin::worker
