// The process object (runtime-api 1.1).
// Not for: starting programs (utils exec), the title that ps shows (process_title.h). Called by install_globals();
// forked children inherit the object. Main thread.
#pragma once

#include <string>

#include "worker/js_globals.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

void install_process(JsHeap& heap, const ScriptArguments& arguments);

// Ends the process as process.exit(code) does: exit_hook of the heap; without one, flush and _exit.
[[noreturn]] void exit_process(JsHeap& heap, int code);

// process.installPathBin: canonical directory of the executable; process.installPath: the same with a final "/bin"
// removed.
std::string executable_directory();
std::string install_directory();

}  // namespace ravelin::worker
