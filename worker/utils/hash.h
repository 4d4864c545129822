// hash (runtime-api 7.6): results for scripts. Not cryptographic.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the function hash to the object on top of the stack.
void put_hash_function(duk_context* ctx);

}  // namespace ravelin::worker
