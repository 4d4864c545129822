// Smaller file functions of runtime-api 7.8: truncate, statVfs, mkdTemp, tmpDir, homeDir.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_file_system_functions(duk_context* ctx);

}  // namespace ravelin::worker
