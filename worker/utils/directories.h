// Directories (runtime-api 7.3): mkdir, rmdir, readdir, getcwd, chdir and their camel-case aliases.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_directory_functions(duk_context* ctx);

}  // namespace ravelin::worker
