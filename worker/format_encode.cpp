#include "worker/format_encode.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "common/text.h"
#include "worker/format_entities.h"
#include "worker/format_utf8.h"

namespace ravelin::worker {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string base64_of(std::string_view bytes, const Base64Options& options) {
  const char* alphabet = options.url_safe ? kBase64Url : kBase64;
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int bit_count = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    bit_count += 8;
    while (bit_count >= 6) {
      bit_count -= 6;
      text += alphabet[bits >> bit_count & 0x3F];
    }
  }
  if (bit_count > 0) text += alphabet[bits << (6 - bit_count) & 0x3F];
  while (options.padding && text.size() % 4 != 0) text += '=';
  return text;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr std::array<bool, 256> url_unreserved() {
  std::array<bool, 256> table{};
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c : {'-', '_', '.', '~'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kUrlUnreserved = url_unreserved();

constexpr std::string_view html_entity_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '/':
      return "&#47;";
    default:
      return {};
  }
}

// "#65" or "#x41" to its character; false when it is no number of a Unicode character.
bool append_numeric_entity(std::string& out, std::string_view name) {
  name.remove_prefix(1);
  bool is_hex = !name.empty() && (name.front() == 'x' || name.front() == 'X');
  if (is_hex) name.remove_prefix(1);
  uint32_t code_point = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code_point, is_hex ? 16 : 10);
  if (error != std::errc() || end != name.data() + name.size() || code_point > 0x10FFFF) return false;
  append_code_point(out, code_point);
  return true;
}

// The text of the entity `name` (without & and ;) appended; false when there is no such entity.
bool append_entity(std::string& out, std::string_view name) {
  if (name.empty()) return false;
  if (name.front() == '#') return append_numeric_entity(out, name);
  std::string_view text = html_entity_text(name);
  out.append(text);
  return !text.empty();
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes, const Base64Options& options) {
  std::string text = base64_of(bytes, options);
  if (text.size() > options.max_characters) text.resize(options.max_characters);
  if (options.line_length == 0) {
    out.append(text);
    return;
  }
  for (size_t i = 0; i < text.size(); i += options.line_length) {
    out.append(text, i, options.line_length);
    if (i + options.line_length <= text.size()) out += '\n';
  }
}

bool append_base64_decoded(std::string& out, std::string_view text) {
  uint32_t bits = 0;
  size_t characters = 0;
  size_t paddings = 0;
  for (char c : text) {
    if (is_white(c)) continue;
    if (c == '=') {
      ++paddings;
      continue;
    }
    int value = base64_value(c);
    if (value < 0 || paddings > 0) return false;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if (++characters % 4 != 1) out += static_cast<char>(bits >> (6 - 2 * ((characters - 1) % 4)) & 0xFF);
  }
  if (characters % 4 == 1) return false;
  return paddings == 0 || (paddings <= 2 && (characters + paddings) % 4 == 0);
}

void append_url_encoded(std::string& out, std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (char c : bytes) {
    unsigned char byte = static_cast<unsigned char>(c);
    if (kUrlUnreserved[byte]) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      const char encoded[] = {'%', kHex[byte >> 4], kHex[byte & 0x0F]};
      out.append(encoded, sizeof encoded);
    }
  }
}

void append_url_decoded(std::string& out, std::string_view text) {
  append_percent_decoded(out, text, /*plus_is_space=*/true);
}

void append_html_escaped(std::string& out, std::string_view bytes) {
  size_t copied = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string_view entity = html_entity_of(bytes[i]);
    if (entity.empty()) continue;
    out.append(bytes, copied, i - copied);
    out.append(entity);
    copied = i + 1;
  }
  out.append(bytes, copied);
}

void append_html_unescaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    size_t ampersand = text.find('&');
    out.append(text, 0, ampersand);
    if (ampersand == std::string_view::npos) return;
    text.remove_prefix(ampersand);
    size_t semicolon = text.substr(0, kLongestHtmlEntity + 2).find(';');
    if (semicolon != std::string_view::npos && append_entity(out, text.substr(1, semicolon - 1))) {
      text.remove_prefix(semicolon + 1);
    } else {
      out += '&';
      text.remove_prefix(1);
    }
  }
}

}  // namespace ravelin::worker
