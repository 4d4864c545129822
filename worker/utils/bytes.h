// Strings and bytes (runtime-api 7.2): trim, bufferToString, stringToBuffer, hexify, dehexify.
#pragma once

#include <duktape.h>

#include <string_view>

namespace ravelin::worker {

// The text without white space at its ends, Unicode's and the byte order mark included. It may hold raw bytes.
std::string_view trimmed(std::string_view text);

// Adds the functions to the object on top of the stack.
void put_byte_functions(duk_context* ctx);

// Lets the global parseInt() read a Buffer: the manual's pid-file idiom is parseInt(readFile("./ffmpeg.pid")), and a
// Buffer's own text is "[object Uint8Array]".
void extend_parse_int(duk_context* ctx);

}  // namespace ravelin::worker
