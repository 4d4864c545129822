// Waiting for a descriptor inside a function that script has called: other waits of rampart.utils cannot be cut short,
// these end with the script's time, and a launcher goes on supervising meanwhile. Not for: sleeping (sleep_hook.h).
// Main thread of any process that runs script.
#pragma once

#include <duktape.h>

#include <cstdint>

namespace ravelin::worker {

// True when poll(2) reports one of `events`, an error or an end of the descriptor; false after `timeout_ms` (-1:
// never). Throws a RangeError when the script's time is over.
bool wait_for_descriptor(duk_context* ctx, int fd, short events, int64_t timeout_ms = -1);

}  // namespace ravelin::worker
