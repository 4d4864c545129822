// Array.prototype.sort as ECMAScript 2019 has it (23.1.3.30): stable, where the engine's is not. Typed arrays use it
// too (bootstrap/library.js). Any process that runs script; install_library() calls it.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Leaves the value stack as it was.
void install_sort(duk_context* js);

}  // namespace ravelin::worker
