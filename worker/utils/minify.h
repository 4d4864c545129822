// minify (runtime-api 7.8): JavaScript without comments and space, with short names for local variables, by UglifyJS,
// which is bytecode in the program and runs in a heap of its own for each call. Not for: modern syntax for this engine
// (compile_source.h): the text stays as modern as it was. Launcher and workers, main thread.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the function minify to the object on top of the stack.
void put_minify_function(duk_context* ctx);

}  // namespace ravelin::worker
