#include "worker/format_utf8.h"

#include <cstring>

namespace ravelin::worker {
namespace {

constexpr size_t kPairBytes = 6;

unsigned byte_at(std::string_view text, size_t position) { return static_cast<unsigned char>(text[position]); }

bool is_continuation(unsigned byte) { return (byte & 0xC0) == 0x80; }

// ED A0..AF xx ED B0..BF xx: a high surrogate followed by a low one.
bool is_pair_at(std::string_view text, size_t position) {
  return position + kPairBytes <= text.size() && byte_at(text, position) == 0xED &&
         (byte_at(text, position + 1) & 0xF0) == 0xA0 && is_continuation(byte_at(text, position + 2)) &&
         byte_at(text, position + 3) == 0xED && (byte_at(text, position + 4) & 0xF0) == 0xB0 &&
         is_continuation(byte_at(text, position + 5));
}

// The first surrogate pair at or after `from`, or npos.
size_t find_pair(std::string_view text, size_t from) {
  while (from + kPairBytes <= text.size()) {
    const void* found = memchr(text.data() + from, 0xED, text.size() - from);
    if (!found) return std::string_view::npos;
    from = static_cast<size_t>(static_cast<const char*>(found) - text.data());
    if (is_pair_at(text, from)) return from;
    ++from;
  }
  return std::string_view::npos;
}

void append_joined_pair(std::string& out, std::string_view pair) {
  unsigned high = (byte_at(pair, 1) & 0x0F) << 6 | (byte_at(pair, 2) & 0x3F);
  unsigned low = (byte_at(pair, 4) & 0x0F) << 6 | (byte_at(pair, 5) & 0x3F);
  append_code_point(out, 0x10000 + (high << 10 | low));
}

// Bytes of the sequence that starts at `position`, or 0 when it is ill formed.
size_t sequence_length(std::string_view bytes, size_t position) {
  unsigned lead = byte_at(bytes, position);
  if (lead < 0x80) return 1;
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || position + length > bytes.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(byte_at(bytes, position + i))) return 0;
  }
  unsigned second = byte_at(bytes, position + 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

bool has_four_byte_lead(std::string_view bytes) {
  for (char c : bytes) {
    if (static_cast<unsigned char>(c) >= 0xF0) return true;
  }
  return false;
}

// Well-formed UTF-8 with its 4-byte sequences written as surrogate pairs.
std::string split_pairs(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 2);
  for (size_t i = 0; i < bytes.size();) {
    size_t length = sequence_length(bytes, i);
    if (length < 4) {
      out.append(bytes, i, length);
    } else {
      unsigned code_point = (byte_at(bytes, i) & 0x07) << 18 | (byte_at(bytes, i + 1) & 0x3F) << 12 |
                            (byte_at(bytes, i + 2) & 0x3F) << 6 | (byte_at(bytes, i + 3) & 0x3F);
      append_code_point(out, 0xD800 + ((code_point - 0x10000) >> 10));
      append_code_point(out, 0xDC00 + ((code_point - 0x10000) & 0x3FF));
    }
    i += length;
  }
  return out;
}

bool starts_like_symbol(std::string_view bytes) {
  if (bytes.empty()) return false;
  unsigned first = byte_at(bytes, 0);
  return first == 0xFF || (first >= 0x80 && first <= 0x82);
}

}  // namespace

void append_code_point(std::string& out, uint32_t code_point) {
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
    return;
  }
  int continuations = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  constexpr unsigned kLeads[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLeads[continuations] | code_point >> (6 * continuations));
  while (continuations-- > 0) out += static_cast<char>(0x80 | (code_point >> (6 * continuations) & 0x3F));
}

size_t well_formed_prefix(std::string_view bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    size_t length = sequence_length(bytes, i);
    if (length == 0) break;
    i += length;
  }
  return i;
}

bool is_well_formed(std::string_view bytes) { return well_formed_prefix(bytes) == bytes.size(); }

std::string_view utf8_view(std::string_view text, std::string& scratch) {
  size_t pair = find_pair(text, 0);
  if (pair == std::string_view::npos) return text;
  scratch.clear();
  scratch.reserve(text.size());
  size_t copied = 0;
  while (pair != std::string_view::npos) {
    scratch.append(text, copied, pair - copied);
    append_joined_pair(scratch, text.substr(pair, kPairBytes));
    copied = pair + kPairBytes;
    pair = find_pair(text, copied);
  }
  scratch.append(text, copied);
  return scratch;
}

void append_utf8(std::string& out, std::string_view text) {
  if (find_pair(text, 0) == std::string_view::npos) {
    out.append(text);
    return;
  }
  std::string scratch;
  out.append(utf8_view(text, scratch));
}

void push_text(duk_context* ctx, std::string_view bytes) {
  std::string changed;
  if (has_four_byte_lead(bytes) && is_well_formed(bytes)) {
    changed = split_pairs(bytes);
    bytes = changed;
  } else if (starts_like_symbol(bytes)) {
    changed = "\xEF\xBF\xBD";
    changed.append(bytes, 1);
    bytes = changed;
  }
  duk_push_lstring(ctx, bytes.data(), bytes.size());
}

std::string_view engine_text(duk_context* ctx, duk_idx_t index) {
  duk_size_t size;
  const char* text = duk_require_lstring(ctx, index, &size);
  return {text, size};
}

}  // namespace ravelin::worker
