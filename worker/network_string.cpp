#include "worker/network_string.h"

#include <cstdint>
#include <cstring>

namespace ravelin::worker {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned byte_at(std::string_view bytes, size_t position) { return static_cast<unsigned char>(bytes[position]); }

// Bytes at the front that are ASCII. Nearly all input is, so eight at a time.
size_t ascii_prefix(std::string_view bytes, size_t from) {
  size_t i = from;
  while (i + sizeof(uint64_t) <= bytes.size()) {
    uint64_t word;
    memcpy(&word, bytes.data() + i, sizeof word);
    if ((word & 0x8080808080808080u) != 0) break;
    i += sizeof word;
  }
  while (i < bytes.size() && byte_at(bytes, i) < 0x80) ++i;
  return i;
}

struct Sequence {
  size_t length;  // bytes of the character, or of the maximal ill-formed piece (Unicode 3.9, table 3-8); at least 1
  bool is_valid;
};

// The sequence at `position`, whose first byte is not ASCII (table 3-7 of the Unicode standard).
Sequence sequence_at(std::string_view bytes, size_t position) {
  unsigned lead = byte_at(bytes, position);
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  size_t needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  unsigned low = 0x80, high = 0xBF;  // of the second byte: no overlong forms, no surrogates, nothing above U+10FFFF
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (size_t i = 1; i < needed; ++i) {
    if (position + i >= bytes.size()) return {i, false};
    unsigned byte = byte_at(bytes, position + i);
    if (byte < low || byte > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {needed, true};
}

void append_surrogate(std::string& out, unsigned unit) {
  out += static_cast<char>(0xE0 | unit >> 12);
  out += static_cast<char>(0x80 | (unit >> 6 & 0x3F));
  out += static_cast<char>(0x80 | (unit & 0x3F));
}

void append_as_pair(std::string& out, std::string_view four) {
  unsigned code_point = (byte_at(four, 0) & 0x07) << 18 | (byte_at(four, 1) & 0x3F) << 12 |
                        (byte_at(four, 2) & 0x3F) << 6 | (byte_at(four, 3) & 0x3F);
  append_surrogate(out, 0xD800 + ((code_point - 0x10000) >> 10));
  append_surrogate(out, 0xDC00 + ((code_point - 0x10000) & 0x3FF));
}

// Where the engine's form begins to differ from `bytes`; their size when it is the same.
size_t first_change(std::string_view bytes) {
  size_t i = ascii_prefix(bytes, 0);
  while (i < bytes.size()) {
    Sequence sequence = sequence_at(bytes, i);
    if (!sequence.is_valid || sequence.length == 4) return i;
    i = ascii_prefix(bytes, i + sequence.length);
  }
  return i;
}

void append_changed(std::string& out, std::string_view bytes, size_t from) {
  out.append(bytes, 0, from);
  for (size_t i = from; i < bytes.size();) {
    size_t plain_end = ascii_prefix(bytes, i);
    out.append(bytes, i, plain_end - i);
    i = plain_end;
    if (i == bytes.size()) return;
    Sequence sequence = sequence_at(bytes, i);
    if (!sequence.is_valid) {
      out.append(kReplacement);
    } else if (sequence.length == 4) {
      append_as_pair(out, bytes.substr(i, 4));
    } else {
      out.append(bytes, i, sequence.length);
    }
    i += sequence.length;
  }
}

}  // namespace

void append_engine_text(std::string& out, std::string_view bytes) { append_changed(out, bytes, first_change(bytes)); }

void push_network_string(duk_context* js, std::string_view bytes) {
  size_t change = first_change(bytes);
  if (change == bytes.size()) [[likely]] {
    duk_push_lstring(js, bytes.data(), bytes.size());
    return;
  }
  std::string text;
  append_changed(text, bytes, change);
  duk_push_lstring(js, text.data(), text.size());
}

void put_network_key(duk_context* js, duk_idx_t object, std::string_view name) {
  if (first_change(name) == name.size()) [[likely]] {
    duk_put_prop_lstring(js, object, name.data(), name.size());
    return;
  }
  object = duk_normalize_index(js, object);
  push_network_string(js, name);
  duk_swap_top(js, -2);
  duk_put_prop(js, object);
}

void finish_plain_object(duk_context* js, duk_idx_t object) {
  object = duk_normalize_index(js, object);
  duk_push_object(js);  // the engine's own idea of Object.prototype, whatever a script made of the global Object
  duk_get_prototype(js, -1);
  duk_set_prototype(js, object);
  duk_pop(js);
}

}  // namespace ravelin::worker
