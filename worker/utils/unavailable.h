// Functions of runtime-api 7.8 that Ravelin does not have: they exist, as scripts copy the whole list of names to the
// global object and then declare their own, and say so when they are called.
//
// repl belongs to an interactive program; of wordReplace nothing is documented but its name.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_unavailable_functions(duk_context* ctx);

}  // namespace ravelin::worker
