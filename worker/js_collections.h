// Map, Set, WeakMap and WeakSet (ECMAScript 24.1 to 24.4), native because hash tables of arbitrary keys cannot be
// written in ES5 without touching the keys. Everything lies in the script heap: it counts against the memory limit, the
// collector sees it, and a fork copies it.
// Not for: the iterators' shared prototype (js_iterators.h). Any process that runs script; js_library installs them.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Defines the four global constructors. js_iterators must be installed before. Leaves the value stack as it was.
void install_collections(duk_context* js);

}  // namespace ravelin::worker
