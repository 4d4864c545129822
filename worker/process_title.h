// The title of this process as ps, top and /proc/PID/cmdline show it ("ravelin: worker http 3").
// Not for: the tag of log lines (common/log.h). Any process of the ravelin binary, main thread.
#pragma once

#include <string_view>

namespace ravelin::worker {

// Remembers the memory of argv and the environment, where the kernel looks for the title, and moves the environment out
// of it. Once, first thing in main(); the argv strings are overwritten by the first set_process_title(), so copy them
// before. Without this call only the 15-byte name of the process changes.
void keep_argv_for_title(int argc, char** argv);

// Longer titles are cut to what argv and the environment had as room.
void set_process_title(std::string_view title);

}  // namespace ravelin::worker
