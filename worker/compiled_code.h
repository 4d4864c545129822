// What code that the compiler made calls, beside what bootstrap/compiled_code.js has:
//   __defineMethod(object, key, function)  a method of a class: not enumerable, with its key as name
// They are not properties of the global object, where scripts would find them in every list of its names, but of a
// prototype of its own, which makes them visible to code all the same. Names and meanings are part of compiled files:
// with a change goes kRevision of compile_source.cpp. Not for: compiling (compile_source.h). Any process that runs
// script.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Leaves the value stack as it was. install_library() calls it, before library.js.
void install_compiled_code_support(duk_context* js);

}  // namespace ravelin::worker
