// watch() (runtime-api 7.8): a callback for what happens to a file or in a directory, by inotify or by looking now and
// then. Callbacks run from the event loop of the process that called watch(), and keep that loop alive; a forked child
// leaves them behind.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the function to the object on top of the stack.
void put_watch_function(duk_context* ctx);

}  // namespace ravelin::worker
