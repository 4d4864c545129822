#include "frontend/byte_range.h"

#include <algorithm>

#include "common/text.h"
#include "frontend/http_date.h"

namespace ravelin::frontend {
namespace {

using Answer = ByteRange::Answer;

// A position of any length: no body reaches the largest number, so what is too large for 64 bits may stand for it.
std::optional<uint64_t> parse_position(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  uint64_t value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    auto digit = static_cast<uint64_t>(c - '0');
    value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
  }
  return value;
}

ByteRange suffix_range(std::string_view digits, uint64_t size) {
  auto length = parse_position(digits);
  if (!length) return {};
  if (*length == 0) return {Answer::kUnsatisfiable};
  if (size == 0) return {};  // satisfiable by RFC 9110 14.1.2, but no Content-Range can tell it
  uint64_t bytes = std::min(*length, size);
  return {Answer::kPart, size - bytes, bytes};
}

// One range-spec (RFC 9110 14.1.1).
ByteRange one_range(std::string_view spec, uint64_t size, uint64_t open_cap) {
  size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return {};
  std::string_view last_digits = spec.substr(dash + 1);
  if (dash == 0) return suffix_range(last_digits, size);
  auto first = parse_position(spec.substr(0, dash));
  bool is_open = last_digits.empty();
  auto last = is_open ? std::optional(UINT64_MAX) : parse_position(last_digits);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {Answer::kUnsatisfiable};
  uint64_t bytes = std::min(*last, size - 1) - *first + 1;
  if (is_open && open_cap > 0) bytes = std::min(bytes, open_cap);
  return {Answer::kPart, *first, bytes};
}

}  // namespace

ByteRange parse_byte_range(std::string_view value, uint64_t size, uint64_t open_cap) {
  size_t equals = value.find('=');
  if (equals == std::string_view::npos || !equals_ignoring_case(value.substr(0, equals), "bytes")) return {};
  std::string_view list = value.substr(equals + 1);
  std::string_view only;
  while (true) {  // a list may have empty elements (RFC 9110 5.6.1.2)
    size_t comma = list.find(',');
    std::string_view spec = trim_blanks(list.substr(0, comma));
    if (!spec.empty() && !only.empty()) return {};
    if (!spec.empty()) only = spec;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return one_range(only, size, open_cap);
}

bool if_range_holds(std::string_view value, const BodyValidators& validators, int64_t now) {
  if (value.starts_with('"')) return value == validators.etag;
  if (value.starts_with("W/")) return false;
  if (!validators.modified || *validators.modified >= now - 1) return false;
  return parse_http_date(value, now) == validators.modified;
}

ByteRange choose_byte_range(const RequestHead& head, const BodyValidators& validators, int64_t now, uint64_t size,
                            uint64_t open_cap) {
  if (!head.range.present || head.method != "GET") return {};
  if (head.if_range.present && !if_range_holds(head.value(head.if_range), validators, now)) return {};
  return parse_byte_range(head.value(head.range), size, open_cap);
}

std::string content_range(const ByteRange& range, uint64_t size) {
  std::string text = "bytes ";
  if (range.answer == Answer::kPart) {
    text += std::to_string(range.offset) + "-" + std::to_string(range.offset + range.bytes - 1);
  } else {
    text += '*';
  }
  return text + "/" + std::to_string(size);
}

}  // namespace ravelin::frontend
