// Byte encodings of scripts: base64, URL and HTML, both ways (runtime-api 7.1.6), shared by the printf codes B U H and
// by rampart.utils. Pure functions over bytes; the caller chooses what is text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ravelin::worker {

struct Base64Options {
  bool url_safe = false;                           // '-' and '_' in place of '+' and '/'
  bool padding = true;                             // '=' up to a multiple of four
  size_t line_length = 0;                          // a newline after every so many characters; 0: none
  size_t max_characters = std::string_view::npos;  // cut the text there (newlines not counted)
};

void append_base64(std::string& out, std::string_view bytes, const Base64Options& options);

// Decodes both alphabets; white space is skipped, padding may be missing. False when `text` is not base64; `out` then
// holds some of it.
bool append_base64_decoded(std::string& out, std::string_view text);

// A-Z a-z 0-9 - _ . ~ stay, a space becomes '+', every other byte %xx in lower case.
void append_url_encoded(std::string& out, std::string_view bytes);

// %xx in any case and '+' decoded; a '%' without two digits stays.
void append_url_decoded(std::string& out, std::string_view text);

// & < > " ' / as entities.
void append_html_escaped(std::string& out, std::string_view bytes);

// Named entities (format_entities.h) with their ';', &#N; and &#xH; become UTF-8; anything else stays.
void append_html_unescaped(std::string& out, std::string_view text);

}  // namespace ravelin::worker
