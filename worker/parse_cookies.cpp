#include "worker/parse_cookies.h"

#include <string>

#include "common/limits.h"
#include "common/text.h"
#include "worker/network_string.h"

namespace ravelin::worker {

bool next_cookie(std::string_view& header, CookiePair& pair) {
  while (!header.empty()) {
    size_t end = header.find(';');
    std::string_view piece = header.substr(0, end);
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    size_t equals = piece.find('=');
    if (equals == std::string_view::npos) continue;
    pair.name = trim_blanks(piece.substr(0, equals));
    pair.value = trim_blanks(piece.substr(equals + 1));
    return true;
  }
  return false;
}

void put_cookies(duk_context* js, duk_idx_t object, std::string_view header) {
  std::string decoded;
  CookiePair pair;
  for (size_t i = 0; i < limits::kMaxQueryPieces && next_cookie(header, pair); ++i) {
    if (pair.value.find_first_of("%+") == std::string_view::npos) {
      push_network_string(js, pair.value);
    } else {
      decoded.clear();
      append_percent_decoded(decoded, pair.value, true);
      push_network_string(js, decoded);
    }
    put_network_key(js, object, pair.name);
  }
}

void push_cookies_object(duk_context* js, std::string_view header) {
  if (header.empty()) {
    duk_push_object(js);
    return;
  }
  duk_idx_t object = duk_push_bare_object(js);
  put_cookies(js, object, header);
  finish_plain_object(js, object);
}

}  // namespace ravelin::worker
