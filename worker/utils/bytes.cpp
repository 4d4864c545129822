#include "worker/utils/bytes.h"

#include <cstring>
#include <string>
#include <string_view>

#include "common/text.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

constexpr char kOriginalKey[] = DUK_HIDDEN_SYMBOL("original");

// White space and line ends beyond ASCII, as String.prototype.trim() of the engine has them, in UTF-8.
constexpr std::string_view kWideSpaces[] = {
    "\u00A0", "\u1680", "\u180E", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000", "\uFEFF",
};

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Bytes of the white space character at the front or, with `at_end`, at the end of `text`; 0 when there is none.
size_t space_length(std::string_view text, bool at_end) {
  if (text.empty()) return 0;
  const char edge = at_end ? text.back() : text.front();
  if (static_cast<signed char>(edge) >= 0) return is_ascii_space(edge) ? 1 : 0;
  for (std::string_view space : kWideSpaces) {
    if (at_end ? text.ends_with(space) : text.starts_with(space)) return space.size();
  }
  return 0;
}

duk_ret_t utils_trim(duk_context* ctx) {
  if (!is_text(ctx, 0)) throw_error(ctx, "trim(): string is required");
  push_text(ctx, trimmed(engine_text(ctx, 0)));
  return 1;
}

duk_ret_t utils_buffer_to_string(duk_context* ctx) {
  duk_size_t size = 0;
  auto* bytes = static_cast<const char*>(duk_require_buffer_data(ctx, 0, &size));
  push_text(ctx, size == 0 ? std::string_view() : std::string_view(bytes, size));
  return 1;
}

// stringToBuffer(data[, "fixed" or "dynamic"])
duk_ret_t utils_string_to_buffer(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string scratch;
  std::string_view bytes;
  if (!get_text_or_bytes(ctx, 0, scratch, bytes)) {
    duk_to_string(ctx, 0);
    get_text_or_bytes(ctx, 0, scratch, bytes);
  }
  bool is_dynamic = duk_is_buffer(ctx, 0) && duk_is_dynamic_buffer(ctx, 0);
  if (is_text(ctx, 1)) is_dynamic = engine_text(ctx, 1) == "dynamic";
  void* target = duk_push_buffer(ctx, bytes.size(), is_dynamic);
  if (!bytes.empty()) memcpy(target, bytes.data(), bytes.size());
  return 1;
}

// hexify(data[, upper])
duk_ret_t utils_hexify(duk_context* ctx) {
  std::string scratch;
  std::string_view bytes = data_at(ctx, 0, scratch, "hexify(): argument must be a String or Buffer");
  bool is_upper = duk_is_boolean(ctx, 1) && duk_get_boolean(ctx, 1);
  const char* digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (char c : bytes) {
    unsigned char byte = static_cast<unsigned char>(c);
    hex += digits[byte >> 4];
    hex += digits[byte & 0x0F];
  }
  duk_push_lstring(ctx, hex.data(), hex.size());
  return 1;
}

duk_ret_t utils_dehexify(duk_context* ctx) {
  if (!is_text(ctx, 0)) throw_type_error(ctx, "dehexify(): argument must be a String");
  std::string_view hex = engine_text(ctx, 0);
  std::string bytes((hex.size() + 1) / 2, '\0');
  for (size_t i = 0; i < hex.size(); ++i) {
    int value = hex_value(hex[i]);
    if (value < 0) throw_error(ctx, "hexToBuf(): invalid input");
    bytes[i / 2] = static_cast<char>(bytes[i / 2] | (i % 2 == 0 ? value << 4 : value));
  }
  push_buffer(ctx, bytes);
  return 1;
}

duk_ret_t global_parse_int(duk_context* ctx) {
  std::string_view bytes;
  if (get_bytes(ctx, 0, bytes)) {
    push_text(ctx, bytes);
    duk_replace(ctx, 0);
  }
  duk_push_current_function(ctx);
  duk_get_prop_string(ctx, -1, kOriginalKey);
  duk_dup(ctx, 0);
  duk_dup(ctx, 1);
  duk_call(ctx, 2);
  return 1;
}

}  // namespace

// Not duk_trim(), which throws when it meets a raw byte (runtime-api 7.1).
std::string_view trimmed(std::string_view text) {
  while (size_t length = space_length(text, false)) text.remove_prefix(length);
  while (size_t length = space_length(text, true)) text.remove_suffix(length);
  return text;
}

void put_byte_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"trim", guarded<utils_trim>},
      {"bufferToString", guarded<utils_buffer_to_string>},
      {"stringToBuffer", guarded<utils_string_to_buffer>},
      {"hexify", guarded<utils_hexify>},
      {"dehexify", guarded<utils_dehexify>},
  };
  put_functions(ctx, kFunctions);
}

void extend_parse_int(duk_context* ctx) {
  duk_push_global_object(ctx);
  duk_push_string(ctx, "parseInt");
  duk_push_c_function(ctx, guarded<global_parse_int>, 2);
  duk_push_string(ctx, "name");
  duk_push_string(ctx, "parseInt");
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_FORCE);
  duk_get_global_string(ctx, "parseInt");
  duk_put_prop_string(ctx, -2, kOriginalKey);
  duk_get_global_string(ctx, "Number");  // whose parseInt is the same function
  duk_push_string(ctx, "parseInt");
  duk_dup(ctx, -3);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE);
  duk_pop(ctx);
  duk_def_prop(
      ctx, -3,
      DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_CLEAR_ENUMERABLE | DUK_DEFPROP_SET_CONFIGURABLE);
  duk_pop(ctx);
}

}  // namespace ravelin::worker
