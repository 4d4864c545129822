#include "frontend/static_validators.h"

#include <sys/stat.h>

#include <charconv>

#include "common/clock.h"
#include "common/text.h"
#include "frontend/http_date.h"

namespace ravelin::frontend {
namespace {

void append_hex(std::string& out, uint64_t value) {
  char digits[16];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, value, 16);
  out.append(digits, end);
}

std::string_view without_weakness(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

// Weak comparison (RFC 9110 8.8.3.2) with each element of the list. Our tags hold no comma, so cutting at every comma
// cannot make a wrong match out of a foreign tag that does: its pieces lack a quote.
bool list_has_etag(std::string_view list, std::string_view etag) {
  etag = without_weakness(etag);
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view element = trim_blanks(list.substr(0, comma));
    if (element == "*" || without_weakness(element) == etag) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

void make_etag(std::string& etag, const struct stat& status, int64_t now) {
  etag.clear();
  if (status.st_mtim.tv_sec >= now - 1) etag += "W/";
  etag += '"';
  append_hex(etag, static_cast<uint64_t>(status.st_mtim.tv_sec) * kNsPerSecond +
                       static_cast<uint64_t>(status.st_mtim.tv_nsec));
  etag += '-';
  append_hex(etag, static_cast<uint64_t>(status.st_size));
  etag += '-';
  append_hex(etag, status.st_ino);
  etag += '"';
}

bool is_not_modified(const RequestHead& head, std::string_view etag, const struct stat& status, int64_t now) {
  if (head.if_none_match.present) return list_has_etag(head.value(head.if_none_match), etag);
  if (!head.if_modified_since.present) return false;
  auto since = parse_http_date(head.value(head.if_modified_since), now);
  return since.has_value() && status.st_mtim.tv_sec <= *since;
}

}  // namespace ravelin::frontend
