// timezone (runtime-api 7.8): time zones by name and by abbreviation, from the zoneinfo files of the system.
// Not for: formatting dates (dates.h). Launcher and workers, main thread.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the function timezone, also a constructor, to the object on top of the stack.
void put_timezone_function(duk_context* ctx);

}  // namespace ravelin::worker
