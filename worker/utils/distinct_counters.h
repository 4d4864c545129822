// hll (runtime-api 7.8): estimates of how many distinct values were added, HyperLogLog with 16384 registers of a byte.
// Counters of one name share their registers within a process, where they count as memory of its heap; getBuffer()
// and merge() carry them to others. Not for: exact counts. Launcher and workers, main thread.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the constructor hll to the object on top of the stack.
void put_distinct_counters(duk_context* ctx);

}  // namespace ravelin::worker
