// Sleeping in script: rampart.utils.sleep() waits here, so that the launcher goes on supervising its children while its
// script sleeps (a frontend that dies then is replaced at once, not when the sleep is over).
// Not for: flushing replies before the sleep (block_hook.h; the caller does it). Main thread of any process that runs
// script; without a hook, as in workers, it is clock_nanosleep().
#pragma once

#include <cstdint>

namespace ravelin::worker {

// Replaces what waits; null restores the plain sleep. `hook(argument, deadline_ns)` returns at or after that time of
// monotonic_ns(). It must not run script and must not throw.
void set_sleep_hook(void (*hook)(void* argument, uint64_t deadline_ns), void* argument);

// Returns after `seconds`, never earlier; signals do not shorten it. Zero, negative and NaN return at once.
void interruptible_sleep(double seconds);

}  // namespace ravelin::worker
