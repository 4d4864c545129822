// stat, lstat, exists (runtime-api 7.3).
// The reference page makes isDirectory and its siblings Boolean properties, the manual calls st.isDirectory(): see
// file_stat.cpp for how both hold.
#pragma once

#include <duktape.h>
#include <sys/stat.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_file_stat_functions(duk_context* ctx);

// Pushes what stat() returns, without readable, writable and executable, which need a path.
void push_file_status(duk_context* ctx, const struct stat& status);

}  // namespace ravelin::worker

// Asked by the engine (deploy/generate-duktape.sh) before it throws "not callable" for `object.key()` with a Boolean
// under `key`: the Boolean is on top of the stack. For the names that stat() uses it is replaced by a function that
// returns it, and the answer is 1.
extern "C" duk_bool_t ravelin_boolean_as_method(duk_context* ctx, const char* key);
