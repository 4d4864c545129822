// fork and daemon (runtime-api 7.8): the start script goes on in two processes. Only in a launcher without a server:
// its zygote and workers are watched, and have duties that a copy would not know of. Not for: starting programs (exec),
// what a child must put in order (Launcher::fork_script). Launcher, main thread.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions fork and daemon to the object on top of the stack.
void put_fork_functions(duk_context* ctx);

}  // namespace ravelin::worker
