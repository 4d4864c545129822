#include "worker/route_keys.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace ravelin::worker {

namespace {

using ipc::MatchKind;
using ipc::RouteKind;

Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }

// Key with no leading '/', '*' or '~' gets a '/' (server-details 3.2).
std::string with_leading_slash(std::string_view key) {
  if (!key.empty() && (key.front() == '/' || key.front() == '*')) return std::string(key);
  return "/" + std::string(key);
}

Result<RouteKey> parse_regex(std::string_view pattern) {
  if (pattern.empty()) return invalid("there is no regular expression after the ~");
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF, &code, &offset, nullptr);
  if (!compiled) {
    PCRE2_UCHAR text[256] = {};
    pcre2_get_error_message(code, text, sizeof text);
    return invalid("bad regular expression: " + std::string(reinterpret_cast<char*>(text)) + " at offset " +
                   std::to_string(offset));
  }
  pcre2_code_free(compiled);
  return RouteKey{MatchKind::kRegex, std::string(pattern)};
}

}  // namespace

bool is_websocket_key(std::string_view key) {
  if (key.starts_with('~')) key.remove_prefix(1);
  return key.starts_with("ws:");
}

bool has_unescaped_star(std::string_view key) {
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '*' && (i == 0 || key[i - 1] != '\\')) return true;
  }
  return false;
}

std::string without_star_escapes(std::string_view key) {
  std::string out;
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '\\' && i + 1 < key.size() && key[i + 1] == '*') continue;
    out += key[i];
  }
  return out;
}

Result<RouteKey> parse_route_key(std::string_view key, RouteKind kind) {
  if (key.find('\0') != std::string_view::npos) return invalid("a path has no NUL character");
  const bool is_directory = kind == RouteKind::kDirectory || kind == RouteKind::kModuleDirectory;
  const char* const what = kind == RouteKind::kDirectory ? "a directory" : "a modulePath";
  if (key.starts_with('~')) {
    if (is_directory) return invalid(std::string(what) + " cannot be mapped by a regular expression");
    return parse_regex(key.substr(1));
  }
  std::string path = with_leading_slash(key);
  if (has_unescaped_star(path)) {
    if (is_directory) return invalid(std::string(what) + " cannot be mapped by a glob (*)");
    return RouteKey{MatchKind::kGlob, std::move(path)};
  }
  path = without_star_escapes(path);
  if (is_directory && !path.ends_with('/')) path += '/';
  return RouteKey{path.ends_with('/') ? MatchKind::kPrefix : MatchKind::kExact, std::move(path)};
}

std::string index_directory_of(const RouteKey& key) {
  constexpr std::string_view kIndex = "/index.html";
  if (key.match != MatchKind::kExact || !key.key.ends_with(kIndex)) return "";
  return key.key.substr(0, key.key.size() - kIndex.size() + 1);
}

}  // namespace ravelin::worker
