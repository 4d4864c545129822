#include "worker/js_strings.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_iterators.h"
#include "worker/utils/arguments.h"
#include "worker/utils/bytes.h"

namespace ravelin::worker {

namespace {

bool is_ascii(std::string_view text) {
  size_t i = 0;
  for (uint64_t word; i + sizeof word <= text.size(); i += sizeof word) {
    memcpy(&word, text.data() + i, sizeof word);
    if (word & 0x8080808080808080) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
  }
  return true;
}

// Calls convert(piece) for what is well formed and keep(byte) for each byte between, in order.
template <typename Convert, typename Keep>
void for_each_piece(std::string_view text, Convert&& convert, Keep&& keep) {
  while (!text.empty()) {
    const size_t length = well_formed_prefix(text);
    if (length > 0) convert(text.substr(0, length));
    text.remove_prefix(length);
    if (text.empty()) return;
    keep(text.front());
    text.remove_prefix(1);
  }
}

// ---- methods of String

enum CaseMagic : duk_int_t { kUpper, kLower };

// `this` as a String, on the stack: the standard's RequireObjectCoercible and ToString.
std::string_view this_text(duk_context* js) {
  duk_push_this(js);
  if (duk_is_null_or_undefined(js, -1)) throw_type_error(js, "this method needs a String, not null or undefined");
  duk_to_string(js, -1);
  return engine_text(js, -1);
}

std::string ascii_case(std::string_view text, duk_int_t magic) {
  const char first = magic == kUpper ? 'a' : 'A';
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c - first) < 26) c = static_cast<char>(c ^ 0x20);
  }
  return out;
}

duk_ret_t string_case(duk_context* js) {
  const std::string_view text = this_text(js);
  std::string out;
  if (is_ascii(text)) {
    out = ascii_case(text, duk_get_current_magic(js));
  } else {
    push_original(js);
    if (is_well_formed(text)) {
      duk_pull(js, 0);
      duk_call_method(js, 0);
      return 1;
    }
    for_each_piece(
        text,
        [&](std::string_view piece) {
          duk_dup_top(js);
          duk_push_lstring(js, piece.data(), piece.size());
          duk_call_method(js, 0);
          out += engine_text(js, -1);
          duk_pop(js);
        },
        [&](char byte) { out += byte; });
  }
  // Begins with the raw byte or the kind of character that the String began with: never like a symbol.
  duk_push_lstring(js, out.data(), out.size());
  return 1;
}

duk_ret_t string_trim(duk_context* js) {
  const std::string_view text = this_text(js);
  const std::string_view rest = trimmed(text);
  if (rest.size() < text.size()) push_text(js, rest);
  return 1;
}

// repeat(count)
duk_ret_t string_repeat(duk_context* js) {
  this_text(js);
  const double count = duk_to_number(js, 0);
  if (count <= -1 || std::isinf(count)) {
    duk_to_string(js, 0);
    throw_range_error(js, "String.prototype.repeat: invalid count: %s", duk_get_string(js, 0));
  }
  push_original(js);
  duk_dup(js, 1);
  duk_push_number(js, count > 0 ? count : 0);
  duk_call_method(js, 1);
  return 1;
}

// fromCodePoint(number, ...)
duk_ret_t string_from_code_point(duk_context* js) {
  const duk_idx_t count = duk_get_top(js);
  for (duk_idx_t i = 0; i < count; ++i) {
    const double code_point = duk_to_number(js, i);
    if (!(code_point >= 0 && code_point <= 0x10FFFF && std::trunc(code_point) == code_point)) {
      duk_to_string(js, i);
      throw_range_error(js, "String.fromCodePoint: invalid code point: %s", duk_get_string(js, i));
    }
  }
  push_original(js);
  duk_insert(js, 0);
  duk_call(js, count);
  return 1;
}

// ---- URI functions

enum UriMagic : duk_int_t { kEncode, kDecode };

duk_ret_t uri_function(duk_context* js) {
  duk_to_string(js, 0);
  const std::string_view text = engine_text(js, 0);
  push_original(js);
  if (is_ascii(text) || is_well_formed(text)) {
    duk_dup(js, 0);
    duk_call(js, 1);
    return 1;
  }
  const bool encodes = duk_get_current_magic(js) == kEncode;
  std::string out;
  for_each_piece(
      text,
      [&](std::string_view piece) {
        duk_dup_top(js);
        duk_push_lstring(js, piece.data(), piece.size());
        duk_call(js, 1);
        out += engine_text(js, -1);
        duk_pop(js);
      },
      [&](char byte) {
        static constexpr char kDigits[] = "0123456789ABCDEF";
        const auto value = static_cast<unsigned char>(byte);
        if (encodes) {
          out.append({'%', kDigits[value >> 4], kDigits[value & 15]});
        } else {
          out += byte;
        }
      });
  duk_push_lstring(js, out.data(), out.size());
  return 1;
}

// ---- TextEncoder

duk_ret_t text_encode(duk_context* js) {
  if (is_given(js, 0)) {
    duk_to_string(js, 0);
    const std::string_view text = engine_text(js, 0);
    if (!is_ascii(text) && !is_well_formed(text)) {
      std::string joined;
      const std::string_view bytes = utf8_view(text, joined);
      push_buffer(js, bytes);
      duk_push_buffer_object(js, -1, 0, bytes.size(), DUK_BUFOBJ_UINT8ARRAY);
      return 1;
    }
  }
  push_original(js);
  duk_push_this(js);
  duk_dup(js, 0);
  duk_call_method(js, 1);
  return 1;
}

}  // namespace

void install_strings(duk_context* js) {
  StackGuard guard(js);
  duk_get_global_literal(js, "String");
  duk_get_prop_literal(js, -1, "prototype");
  replace_method(js, "toUpperCase", guarded<string_case>, 0, kUpper);
  replace_method(js, "toLowerCase", guarded<string_case>, 0, kLower);
  replace_method(js, "toLocaleUpperCase", guarded<string_case>, 0, kUpper);
  replace_method(js, "toLocaleLowerCase", guarded<string_case>, 0, kLower);
  replace_method(js, "trim", guarded<string_trim>, 0);
  replace_method(js, "repeat", guarded<string_repeat>, 1);
  duk_pop(js);
  replace_method(js, "fromCodePoint", guarded<string_from_code_point>, DUK_VARARGS);

  duk_push_global_object(js);
  for (const char* name : {"encodeURI", "encodeURIComponent", "escape"})
    replace_method(js, name, guarded<uri_function>, 1, kEncode);
  for (const char* name : {"decodeURI", "decodeURIComponent"})
    replace_method(js, name, guarded<uri_function>, 1, kDecode);

  duk_get_global_literal(js, "TextEncoder");
  duk_get_prop_literal(js, -1, "prototype");
  replace_method(js, "encode", guarded<text_encode>, 1, 0);
}

}  // namespace ravelin::worker
