// The standard library beyond what the engine has (runtime-api 1.5): iterators, Map and its kin, Promise, and the
// functions of ECMAScript 2015 to 2022. The part written in JavaScript is bytecode inside the program
// (worker/bootstrap/, embedded by the Makefile).
// In stacks its files are named ravelin:*, and js_error leaves them out.
// Not for: rampart.*, console, timers. install_globals() calls it when a heap is made; forked children inherit.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Leaves the value stack as it was. Throws JavaScript errors.
void install_library(duk_context* js);

// Pushes the function that a bytecode text (bytecode.h) holds. `bytes` must live as long as the call. Throws Error when
// the bytecode is not of this version.
void push_bytecode(duk_context* js, const char* bytes, size_t size);

}  // namespace ravelin::worker
