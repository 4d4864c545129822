// exec and shell (runtime-api 7.4): their arguments, options and results.
// Not for: starting processes (spawn.h).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_exec_functions(duk_context* ctx);

}  // namespace ravelin::worker
