#include "worker/utils/arguments.h"

#include <cmath>
#include <cstring>

#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {

bool is_given(duk_context* ctx, duk_idx_t index) {
  return !duk_check_type_mask(ctx, index, DUK_TYPE_MASK_NONE | DUK_TYPE_MASK_UNDEFINED);
}

bool is_text(duk_context* ctx, duk_idx_t index) { return duk_is_string(ctx, index) && !duk_is_symbol(ctx, index); }

bool is_options(duk_context* ctx, duk_idx_t index) {
  return duk_is_object(ctx, index) && !duk_is_array(ctx, index) && !duk_is_function(ctx, index) &&
         !duk_is_buffer_data(ctx, index);
}

bool is_plain_object(duk_context* ctx, duk_idx_t index) {
  if (!is_options(ctx, index)) return false;
  duk_get_prototype(ctx, index);
  if (duk_is_undefined(ctx, -1)) {
    duk_pop(ctx);
    return true;
  }
  duk_get_global_literal(ctx, "Object");
  duk_get_prop_literal(ctx, -1, "prototype");
  const bool is_plain = duk_strict_equals(ctx, -1, -3);
  duk_pop_3(ctx);
  return is_plain;
}

void drop_undefined(duk_context* ctx) {
  for (duk_idx_t i = duk_get_top(ctx); i-- > 0;) {
    if (duk_is_undefined(ctx, i)) duk_remove(ctx, i);
  }
}

std::string text_at(duk_context* ctx, duk_idx_t index) {
  std::string text;
  append_utf8(text, engine_text(ctx, index));
  return text;
}

std::string path_at(duk_context* ctx, duk_idx_t index, const char* function, const char* what) {
  if (!is_text(ctx, index)) throw_type_error(ctx, "%s: %s must be a String", function, what);
  std::string path = text_at(ctx, index);
  if (path.find('\0') != std::string::npos) throw_error(ctx, "%s: %s contains a NUL byte", function, what);
  return path;
}

std::string_view data_at(duk_context* ctx, duk_idx_t index, std::string& scratch, const char* message) {
  std::string_view bytes;
  if (!get_text_or_bytes(ctx, index, scratch, bytes)) throw_error(ctx, "%s", message);
  return bytes;
}

long mode_at(duk_context* ctx, duk_idx_t index, long fallback) {
  constexpr long kAllBits = 07777;
  if (!is_given(ctx, index)) return fallback;
  if (duk_is_number(ctx, index)) {
    double mode = duk_get_number(ctx, index);
    return mode >= 0 && mode <= kAllBits && std::trunc(mode) == mode ? static_cast<long>(mode) : -1;
  }
  if (!is_text(ctx, index)) return -1;
  std::string_view digits = engine_text(ctx, index);
  long mode = 0;
  for (char c : digits) {
    if (c < '0' || c > '7') return -1;
    mode = mode * 8 + (c - '0');
    if (mode > kAllBits) return -1;
  }
  return digits.empty() ? -1 : mode;
}

bool push_option(duk_context* ctx, duk_idx_t object, const char* name) {
  duk_get_prop_string(ctx, object, name);
  return !duk_is_undefined(ctx, -1);
}

void push_buffer(duk_context* ctx, std::string_view bytes) {
  void* target = duk_push_fixed_buffer(ctx, bytes.size());
  if (!bytes.empty()) memcpy(target, bytes.data(), bytes.size());
}

}  // namespace ravelin::worker
