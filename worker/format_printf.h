// The printf formatter of scripts (runtime-api 7.1): the one behind sprintf, bprintf, abprintf, printf, fprintf and
// req.printf. It reads a format and its arguments from the value stack and appends bytes (UTF-8) to a caller's string;
// where those bytes go is the caller's business.
// Runs in the launcher and in workers, inside a Duktape call. Errors are JavaScript exceptions.
#pragma once

#include <duktape.h>

#include <string>

namespace ravelin::worker {

// A terminal gets what only makes sense there: colours of the `a` flag and the cursor movements of %M.
enum class FormatSink { kBytes, kTerminal };

// Appends the text of the format at `format_index` with the arguments behind it, up to the stack top. Argument numbers
// in messages are stack indexes, so call it with the script's arguments at the bottom of the stack. Width, and
// precision of numbers, are limited to kMaxFieldWidth (format_spec.h). On an exception `out` holds what was formatted
// so far. May run script code (toJSON, toString), so `out` must not be reachable from it.
void format_append(duk_context* ctx, duk_idx_t format_index, std::string& out, FormatSink sink = FormatSink::kBytes);

// Pushes what sprintf returns for the arguments from `format_index` on: a String; the bytes as push_text
// (format_utf8.h) takes them.
void format_push_string(duk_context* ctx, duk_idx_t format_index);

}  // namespace ravelin::worker
