// Names and attributes of files (runtime-api 7.3): rmFile, rename, link, symlink, readLink, realPath, chmod, chown.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_file_name_functions(duk_context* ctx);

}  // namespace ravelin::worker
