// gzip, deflate, deflateRaw, gunzip, inflate, inflateRaw, crc32, adler32 (runtime-api 7.8), by libdeflate.
// Not for: streams; the server's own compression.
#pragma once

#include <duktape.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ravelin::worker {

// Adds the functions to the object on top of the stack.
void put_compress_functions(duk_context* ctx);

uint32_t crc32_of(std::string_view data);

// Replaces `out` by what raw deflate data holds; False when the data is bad, gives more than `expected_size` or
// more than the 256 MB that a script may get.
bool inflate_raw(std::string_view data, size_t expected_size, std::string& out);

}  // namespace ravelin::worker
