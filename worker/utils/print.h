// sprintf, bprintf, abprintf, printf and fprintf (runtime-api 7.1): the formatter with its sinks.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_print_functions(duk_context* ctx);

class FileHandle;

// Formats the arguments from `format_index` on and writes them to the handle in one piece; returns the bytes written.
size_t print_to_handle(duk_context* ctx, FileHandle& handle, duk_idx_t format_index);

}  // namespace ravelin::worker
