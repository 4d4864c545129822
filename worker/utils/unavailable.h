// Functions of runtime-api 7.8 that Ravelin does not have: they exist, as scripts copy the whole list of names to the
// global object and then declare their own, and say so when they are called.
//
// fork, daemon, newPipe and forkpty would duplicate or leave a process that a supervisor watches (exec() with
// {background:true} starts programs, rampart.event carries data between workers); repl and eventCallback belong to an
// interactive program and to another event library's messages; getScopeVars, errorConfig and minify to tools that work
// on source text; hll, timezone, stringToNumber and wordReplace to applications.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_unavailable_functions(duk_context* ctx);

}  // namespace ravelin::worker
