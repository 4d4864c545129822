// getScopeVars (runtime-api 7.8): the variables that the calling function sees. Not for: changing them. Any process
// that runs script.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the function getScopeVars to the object on top of the stack.
void put_scope_vars_function(duk_context* ctx);

}  // namespace ravelin::worker
