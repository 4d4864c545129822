// forkpty (runtime-api 7.8): objects that stand for programs on pseudo-terminals. A program keeps the loop alive, and
// when it has ended its object loses its methods. Not for: the terminal itself (terminal_process.h). Launcher and
// workers, main thread.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the function forkpty to the object on top of the stack.
void put_forkpty_function(duk_context* ctx);

}  // namespace ravelin::worker
