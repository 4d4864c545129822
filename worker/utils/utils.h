// rampart.utils (runtime-api 7): the library of site scripts, one family of functions per file.
// Not for: the server object, req, events. Runs in the launcher and is inherited by every worker through fork.
// Called by install_globals (js_globals.h) when a heap is made.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Fills rampart.utils with its functions and handles as enumerable own properties, so that rampart.globalize() copies
// them. Makes the global `rampart` and its `utils` when they are missing. Also lets the global parseInt() read a Buffer
// (bytes.h). Leaves the value stack as it was.
void install_utils(duk_context* ctx);

}  // namespace ravelin::worker
