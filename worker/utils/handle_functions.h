// The functions on file handles (runtime-api 7.7): fopen, fopenBuffer, fclose, fwrite, fread, fgets, fseek, ftell,
// rewind, fflush, getchar, each also a method of handles; and the standard handles stdin, stdout, stderr, accessLog,
// errorLog. Not for: the files themselves (file_handle.h), fprintf (print.h).
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds functions and standard handles to the object on top of the stack.
void put_handle_functions(duk_context* ctx);

}  // namespace ravelin::worker
