// readFile and readLine (runtime-api 7.3).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_file_read_functions(duk_context* ctx);

// readLine(file[, timeout_ms]), also behind the method of handles.
duk_ret_t utils_read_line(duk_context* ctx);

}  // namespace ravelin::worker
