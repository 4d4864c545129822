// require("rampart-server"): {start, getMime, defaultDirList}. start() checks its options, binds, drops privileges, and
// brings the server up: directly under this launcher, or in a daemon. Not for: reading options (server_options),
// watching processes (supervisor). Launcher, main thread. Workers inherit the module; start() refuses there.
#pragma once

#include <duktape.h>

#include "worker/js_heap.h"

namespace ravelin::worker {

class Launcher;

// Registers the module with the heap's JsModules. `launcher` outlives the heap.
void install_server_module(JsHeap& heap, Launcher& launcher);

}  // namespace ravelin::worker
