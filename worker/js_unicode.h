// The functions of String that need Unicode's tables: normalize (ECMAScript 22.1.3.15) and localeCompare (22.1.3.11).
// The tables are libunistring's. There are no locales: localeCompare() orders as the root collation does for most
// texts, first by letters, then by accents, then by case.
// Not for: upper and lower case (the engine has it), encodings (text_encodings.h). Any process that runs script;
// install_library() calls it.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>

namespace ravelin::worker {

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

// The text (UTF-8, lone surrogates in their 3 bytes) in that form; lone surrogates stay. The text must be well formed
// (format_utf8.h). Throws std::length_error when the result would be longer than limits::kMaxNormalizedBytes.
std::string normalized(std::string_view text, NormalForm form);

enum class Sensitivity { kBase, kAccent, kCase, kVariant };

struct Collation {
  bool is_numeric = false;  // "a9" before "a10"
  Sensitivity sensitivity = Sensitivity::kVariant;
};

// Below 0, 0 or above 0. Any text.
int compare_texts(std::string_view a, std::string_view b, const Collation& collation);

// Leaves the value stack as it was.
void install_unicode(duk_context* js);

}  // namespace ravelin::worker
