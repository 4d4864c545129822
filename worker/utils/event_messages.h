// eventCallback (runtime-api 7.8): messages of libevent for a script's callback, which otherwise go to stderr. They
// wait for the next turn of microtasks, for libevent must not be called while it speaks. Not for: the frontend's.
// Launcher and workers, main thread.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the function eventCallback to the object on top of the stack.
void put_event_callback_function(duk_context* ctx);

}  // namespace ravelin::worker
