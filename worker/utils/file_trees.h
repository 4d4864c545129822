// Whole trees of files (runtime-api 7.8): walkDir, glob, cp, rm.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_file_tree_functions(duk_context* ctx);

}  // namespace ravelin::worker
