// Raw file descriptors (runtime-api 7.8): open, close, read, write, lseek, fstatFd and its kin, and the constants O.
// Not for: handles (handle_functions.h).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_descriptor_functions(duk_context* ctx);

}  // namespace ravelin::worker
