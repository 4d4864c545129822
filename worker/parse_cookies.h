// The Cookie header to names and values (server-details 8.3). Pure parser and the Object for scripts.
// Not for: Set-Cookie. Workers, inside a Duktape call.
#pragma once

#include <duktape.h>

#include <string_view>

namespace ravelin::worker {

struct CookiePair {
  std::string_view name;   // as sent
  std::string_view value;  // not decoded yet
};

// Takes the next pair from the front of `header`; false at its end. Pieces without '=' are skipped.
bool next_cookie(std::string_view& header, CookiePair& pair);

// Puts the cookies into the bare object at `object` (see put_network_key).
void put_cookies(duk_context* js, duk_idx_t object, std::string_view header);

// Pushes a plain Object; values are url-decoded ('+' is a space), a repeated name keeps its last value. Takes at most
// limits::kMaxQueryPieces pairs.
void push_cookies_object(duk_context* js, std::string_view header);

}  // namespace ravelin::worker
