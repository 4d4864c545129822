// WeakRef, and what FinalizationRegistry (bootstrap/builtins.js) needs to learn that an object is gone. The engine has
// no weak references. Both hang something on the object that dies with it:
//   WeakRef               a token that only the object and the WeakRef refer to: while the object's reference is among
//                         those that the engine counts, the object is there
//   FinalizationRegistry  a sentinel whose finalizer puts the registered cells into the event loop
// Any process that runs script, main thread.
#pragma once

#include <duktape.h>

#include "worker/js_heap.h"

namespace ravelin::worker {

// Defines WeakRef. install_library() calls it.
void install_weak_references(duk_context* js);

// Pushes the function watch(object, cell) for builtins.js: some time after the object is gone, setImmediate(cell.run,
// cell) is called unless cell.isActive is false.
void push_death_watch(duk_context* js);

// Lets go of what WeakRefs have kept alive since the last call: for the end of a job (ECMAScript 9.10.3). Throws when
// memory runs out.
void release_kept_objects(duk_context* js);

}  // namespace ravelin::worker
