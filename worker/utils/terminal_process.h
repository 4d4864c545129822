// A program on a pseudo-terminal, for forkpty() (runtime-api 7.8). Its output stays in the kernel until it is taken.
// Not for: JavaScript values (terminals.cpp), programs with plain pipes (spawn.h). Launcher and workers, main thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/unique_fd.h"

namespace ravelin::worker {

struct TerminalRequest {
  std::string program;                                  // a path, or a name to be found in $PATH
  std::vector<std::string> arguments;                   // argv, with argv[0]
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; nullopt: that of this process
};

class TerminalProcess {
 public:
  // Starts the program in a session of its own, whose terminal has 80 columns and 24 rows. It inherits nothing else.
  // Returns 0 or the errno of what failed.
  int start(const TerminalRequest& request);

  pid_t pid() const { return pid_; }
  // The terminal and the program's end, to be polled for reading; -1 when there is none any more.
  int fd() const { return terminal_.get(); }
  int pidfd() const { return pidfd_.get(); }

  // Appends what the program has written and nobody has taken yet, up to `max` bytes. False once nothing more will
  // come: the program has closed its terminal.
  bool take_output(std::string& output, size_t max);

  // Writes what the terminal takes now; -1 with errno.
  ssize_t write_some(std::string_view input);

  bool resize(unsigned short columns, unsigned short rows);

  // Closes the terminal, which tells a program that still runs so (SIGHUP).
  void hang_up() { terminal_.reset(); }

  // To be called when pidfd() is readable: the exit code, or 128 + signal; -1 when another has reaped it.
  int reap();

  // In a child of the process that has started it: the descriptors are not ours.
  void forget();

 private:
  pid_t pid_ = 0;
  UniqueFd terminal_;
  UniqueFd pidfd_;
};

}  // namespace ravelin::worker
