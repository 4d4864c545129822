// Values (runtime-api 7.2): getType, deepCopy.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_value_functions(duk_context* ctx);

// True for the instances of a global constructor ("Date"), whatever else they are.
bool is_instance_of(duk_context* ctx, duk_idx_t index, const char* constructor);

}  // namespace ravelin::worker
