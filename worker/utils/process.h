// Processes other than starting them (runtime-api 7.4): kill, sleep, getenv, setenv, unsetenv.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_process_functions(duk_context* ctx);

}  // namespace ravelin::worker
