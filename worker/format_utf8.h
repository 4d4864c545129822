// Text at the border of the engine: Duktape keeps characters beyond U+FFFF as two 3-byte surrogates (CESU-8), the world
// outside wants one 4-byte sequence. Every function that writes bytes goes through append_utf8 or utf8_view, every
// function that makes a String from foreign bytes through push_text.
// Not for: validating or repairing text. A String may hold raw bytes (runtime-api 7.1); they pass unchanged.
// Pure functions, any process that has a heap.
#pragma once

#include <duktape.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ravelin::worker {

// The UTF-8 form of engine text: surrogate pairs joined, lone surrogates kept as their 3 bytes, every other byte as it
// is, also raw ones (runtime-api 0). Returns `text` itself when there is nothing to join, else a view of `scratch`.
// Binary data in a String is safe but for six bytes that look like a pair (ED A. .. ED B. ..): Buffers are for that.
std::string_view utf8_view(std::string_view text, std::string& scratch);

// utf8_view appended to `out`.
void append_utf8(std::string& out, std::string_view text);

// True when every byte belongs to a sequence of 1 to 4 bytes of the right shape; surrogates count as well formed.
bool is_well_formed(std::string_view bytes);
// How many bytes at the front are.
size_t well_formed_prefix(std::string_view bytes);

// Pushes a String with these bytes. 4-byte sequences become surrogate pairs if the whole is well formed; else the
// String holds the bytes as they are. A first byte that would make the engine take the text for a symbol (80 to 82, FF)
// is replaced by U+FFFD: foreign data must never name the hidden properties of objects.
void push_text(duk_context* ctx, std::string_view bytes);

// Appends one code point, up to 10FFFF, as UTF-8.
void append_code_point(std::string& out, uint32_t code_point);

// The bytes of the String at `index`, which must be one; not joined.
std::string_view engine_text(duk_context* ctx, duk_idx_t index);

}  // namespace ravelin::worker
