// Small text functions that both sides need: ASCII case rules of HTTP, percent decoding, HTML escaping, number parsing.
// Not for: locale-aware text. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ravelin {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Equal without regard to ASCII case (header names, RFC 9110 5.1).
bool equals_ignoring_case(std::string_view left, std::string_view right);

std::string to_lower(std::string_view text);

// The value of one hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends `text` with %XX decoded, and '+' as a space when `plus_is_space`. A '%' without two hex digits stays as it
// is.
void append_percent_decoded(std::string& out, std::string_view text, bool plus_is_space);

// `text` with bytes other than unreserved characters and '/' written as %XX: for Location and href values.
std::string percent_encode_path(std::string_view text);

// & < > " ' escaped for HTML text and attribute values.
std::string html_escape(std::string_view text);

// A token of RFC 9110 5.6.2: header names and methods. Empty is not a token.
bool is_token(std::string_view text);

// Field values: no CR, LF, NUL (RFC 9110 5.5).
bool is_field_value(std::string_view text);

// All of `text` as an unsigned decimal number; nullopt when it is anything else or overflows.
std::optional<uint64_t> parse_decimal(std::string_view text);

// Blanks and tabs cut from both ends.
std::string_view trim_blanks(std::string_view text);

}  // namespace ravelin
