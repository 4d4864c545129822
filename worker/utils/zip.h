// zipList, zipGet, zipExtract (runtime-api 7.8). Not for: the archive's format (zip_archive.h).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_zip_functions(duk_context* ctx);

}  // namespace ravelin::worker
