// rampart.utils.use and rampart.utils.load (runtime-api 3.5): modules as properties.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the two objects to the object on top of the stack.
void put_shortcuts(duk_context* ctx);

}  // namespace ravelin::worker
