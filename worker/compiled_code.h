// What code that the compiler made calls, beside what bootstrap/compiled_code.js has:
//   __defineMethod(object, key, function)  a method of a class: not enumerable, with its key as name
//   __modernSource(text)                   for eval(): text that the engine refuses, compiled
//   __modernFunction(parameters..., body)  in place of Function()
// Global and not enumerable. Names and meanings are part of compiled files: with a change goes kRevision of
// compile_source.cpp. Not for: compiling (compile_source.h). Any process that runs script.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Leaves the value stack as it was. install_library() calls it.
void install_compiled_code_support(duk_context* js);

}  // namespace ravelin::worker
