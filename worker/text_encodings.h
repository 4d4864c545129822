// The encodings that Buffer and TextDecoder know by name (runtime-api 1.3): bytes to text and back.
// Not for: printf's %B %U %H (format_encode.h). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ravelin::worker {

enum class TextEncoding : uint8_t { kUtf8, kHex, kBase64, kBase64Url, kLatin1, kUtf16Le, kAscii, kUtf16Be };

// The names of Buffer: utf8, hex, base64, base64url, latin1, binary, utf16le, ucs2, ascii, in any case, dashes ignored.
std::optional<TextEncoding> buffer_encoding(std::string_view name);

// The labels of TextDecoder: utf-8, utf-16le, utf-16be, iso-8859-1, us-ascii and their aliases.
std::optional<TextEncoding> decoder_encoding(std::string_view label);

// The bytes as text in UTF-8. For kUtf8 they are taken as they are.
std::string text_of_bytes(std::string_view bytes, TextEncoding encoding);

// The bytes that a text (UTF-8, surrogate pairs joined) stands for. Hexadecimal ends at the first wrong digit, base64
// leaves out what does not belong to it; characters that the encoding lacks are cut to their low bits.
std::string bytes_of_text(std::string_view text, TextEncoding encoding);

}  // namespace ravelin::worker
