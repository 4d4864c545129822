#include "worker/text_encodings.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "worker/format_encode.h"
#include "worker/format_utf8.h"

namespace ravelin::worker {

namespace {

constexpr std::pair<std::string_view, TextEncoding> kBufferNames[] = {
    {"utf8", TextEncoding::kUtf8},           {"hex", TextEncoding::kHex},       {"base64", TextEncoding::kBase64},
    {"base64url", TextEncoding::kBase64Url}, {"latin1", TextEncoding::kLatin1}, {"binary", TextEncoding::kLatin1},
    {"utf16le", TextEncoding::kUtf16Le},     {"ucs2", TextEncoding::kUtf16Le},  {"ascii", TextEncoding::kAscii},
};

// The labels of the Encoding Standard for what we decode; there, too, us-ascii and iso-8859-1 are one.
constexpr std::pair<std::string_view, TextEncoding> kDecoderLabels[] = {
    {"utf-8", TextEncoding::kUtf8},
    {"utf8", TextEncoding::kUtf8},
    {"unicode-1-1-utf-8", TextEncoding::kUtf8},
    {"x-unicode20utf8", TextEncoding::kUtf8},
    {"utf-16le", TextEncoding::kUtf16Le},
    {"utf-16", TextEncoding::kUtf16Le},
    {"ucs-2", TextEncoding::kUtf16Le},
    {"unicode", TextEncoding::kUtf16Le},
    {"iso-10646-ucs-2", TextEncoding::kUtf16Le},
    {"csunicode", TextEncoding::kUtf16Le},
    {"utf-16be", TextEncoding::kUtf16Be},
    {"unicodefffe", TextEncoding::kUtf16Be},
    {"iso-8859-1", TextEncoding::kLatin1},
    {"iso8859-1", TextEncoding::kLatin1},
    {"iso88591", TextEncoding::kLatin1},
    {"iso_8859-1", TextEncoding::kLatin1},
    {"latin1", TextEncoding::kLatin1},
    {"l1", TextEncoding::kLatin1},
    {"us-ascii", TextEncoding::kAscii},
    {"ascii", TextEncoding::kAscii},
    {"ansi_x3.4-1968", TextEncoding::kAscii},
};

std::string hex_of(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) break;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string base64_of(std::string_view bytes, bool url_safe) {
  Base64Options options;
  options.url_safe = url_safe;
  options.padding = !url_safe;
  std::string text;
  append_base64(text, bytes, options);
  return text;
}

std::string bytes_of_base64(std::string_view text) {
  std::string digits;
  for (char c : text.substr(0, text.find('='))) {
    const bool is_digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
                          c == '/' || c == '-' || c == '_';
    if (is_digit) digits += c;
  }
  if (digits.size() % 4 == 1) digits.pop_back();  // six bits are no byte
  std::string bytes;
  append_base64_decoded(bytes, digits);
  return bytes;
}

std::string text_of_utf16(std::string_view bytes, bool big_endian) {
  const auto unit_at = [&](size_t i) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const auto second = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  std::string text;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    uint32_t unit = unit_at(i);
    if (unit >= 0xD800 && unit < 0xDC00 && i + 3 < bytes.size()) {
      const uint32_t low = unit_at(i + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        i += 2;
      }
    }
    append_code_point(text, unit);
  }
  return text;
}

// The next code point of well-formed UTF-8; a byte that begins none stands for itself.
uint32_t take_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length == 1 || length > text.size()) {
    text.remove_prefix(1);
    return lead;
  }
  uint32_t point = lead & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  text.remove_prefix(length);
  return point;
}

std::string latin1_of_text(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const uint32_t point = take_code_point(text);
    if (point > 0xFFFF) bytes += static_cast<char>(0xD800 + ((point - 0x10000) >> 10));  // two units, as in Node
    bytes += static_cast<char>(point);
  }
  return bytes;
}

std::string utf16_of_text(std::string_view text) {
  std::string bytes;
  const auto append_unit = [&bytes](uint32_t unit) {
    bytes += static_cast<char>(unit);
    bytes += static_cast<char>(unit >> 8);
  };
  while (!text.empty()) {
    uint32_t point = take_code_point(text);
    if (point > 0xFFFF) {
      point -= 0x10000;
      append_unit(0xD800 + (point >> 10));
      point = 0xDC00 + (point & 0x3FF);
    }
    append_unit(point);
  }
  return bytes;
}

}  // namespace

std::optional<TextEncoding> buffer_encoding(std::string_view name) {
  std::string plain = to_lower(name);
  std::erase(plain, '-');
  for (auto [known, encoding] : kBufferNames) {
    if (plain == known) return encoding;
  }
  return std::nullopt;
}

std::optional<TextEncoding> decoder_encoding(std::string_view label) {
  const std::string plain = to_lower(trim_blanks(label));
  for (auto [known, encoding] : kDecoderLabels) {
    if (plain == known) return encoding;
  }
  return std::nullopt;
}

std::string text_of_bytes(std::string_view bytes, TextEncoding encoding) {
  std::string text;
  switch (encoding) {
    case TextEncoding::kUtf8:
      return std::string(bytes);
    case TextEncoding::kHex:
      return hex_of(bytes);
    case TextEncoding::kBase64:
      return base64_of(bytes, false);
    case TextEncoding::kBase64Url:
      return base64_of(bytes, true);
    case TextEncoding::kLatin1:
      for (char c : bytes) append_code_point(text, static_cast<unsigned char>(c));
      return text;
    case TextEncoding::kAscii:
      for (char c : bytes) text += static_cast<char>(c & 0x7F);
      return text;
    case TextEncoding::kUtf16Le:
    case TextEncoding::kUtf16Be:
      text = text_of_utf16(bytes, encoding == TextEncoding::kUtf16Be);
      return text;
  }
  return text;
}

std::string bytes_of_text(std::string_view text, TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::kUtf8:
    case TextEncoding::kUtf16Be:  // no encoding of Buffer
      return std::string(text);
    case TextEncoding::kHex:
      return bytes_of_hex(text);
    case TextEncoding::kBase64:
    case TextEncoding::kBase64Url:
      return bytes_of_base64(text);
    case TextEncoding::kLatin1:
    case TextEncoding::kAscii:
      return latin1_of_text(text);
    case TextEncoding::kUtf16Le:
      return utf16_of_text(text);
  }
  return {};
}

}  // namespace ravelin::worker
