// Values as text: what the printf codes s S J print (runtime-api 7.1.5), and the text layout of P w M (7.1.7).
// Not for: fields and flags in general (format_printf.cpp). Runs inside a Duktape call; may run script (toJSON,
// toString).
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>

#include "worker/format_spec.h"

namespace ravelin::worker {

// What `%s` prints for any value, without width and precision.
void append_as_text(std::string& out, duk_context* ctx, duk_idx_t index);

// What %J (`safe`: %!J) prints for any value.
void append_as_json(std::string& out, duk_context* ctx, duk_idx_t index, int indent, bool safe);

// The bytes of a String (as UTF-8) or Buffer; objects that are neither give their JSON. Views point into the value or
// into `scratch`. False for other values.
bool get_bytes(duk_context* ctx, duk_idx_t index, std::string_view& bytes);
bool get_text_or_bytes(duk_context* ctx, duk_idx_t index, std::string& scratch, std::string_view& bytes);
bool get_text_bytes_or_json(duk_context* ctx, duk_idx_t index, std::string& scratch, std::string_view& bytes);

// %P and %w: `text` wrapped at the precision of `spec` (default 80) with the indent of its width.
void append_wrapped(std::string& out, std::string_view text, const FormatSpec& spec);

}  // namespace ravelin::worker
