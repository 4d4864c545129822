// The global objects of a context (runtime-api 1): global, globalThis, process, console, rampart (version, globalize,
// include, utils, event), require and module, timers, JSON.parse of Buffers, the standard library. One call builds them
// all. Not for: what rampart.utils holds (utils/utils.h), rampart-server. Called once per heap by main; forked children
// inherit.
#pragma once

#include <string>
#include <vector>

#include "worker/js_heap.h"

namespace ravelin::worker {

struct ScriptArguments {
  std::vector<std::string> argv;  // every word of the command line: executable, options, script, arguments
  std::string script;             // path of the main script as given; empty when there is none
};

// Installs the globals. JsModules, JsTimers and JsEvents must be attached to the heap before when require(),
// setTimeout() and rampart.event are wanted. Sets the main script of JsModules. Throws std::runtime_error when the
// engine has no memory for them.
void install_globals(JsHeap& heap, const ScriptArguments& arguments);

// rampart.thread_id: 0 in the launcher, 1 and up in workers. Does nothing for a script that has replaced `rampart`.
void set_thread_id(JsHeap& heap, uint32_t id);

// Makes the enumerable properties of the object at `index` global, overwriting (rampart.globalize).
void globalize(duk_context* js, duk_idx_t index);

}  // namespace ravelin::worker
