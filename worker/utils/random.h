// rand, irand, srand, gaussrand, normrand (runtime-api 7.6). Not cryptographic, and apart from Math.random (js_heap.h),
// so that srand() can repeat a sequence. Every process has its own sequence: the state notices a fork by the process id
// and seeds itself anew from the kernel.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_random_functions(duk_context* ctx);

}  // namespace ravelin::worker
