// errorConfig (runtime-api 7.8): sets how the stacks of errors look, in this process and the workers that are forked
// from it later. Not for: the stacks (worker/stack_display.h).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the function errorConfig to the object on top of the stack.
void put_error_config_function(duk_context* ctx);

}  // namespace ravelin::worker
