#include "worker/utils/query.h"

#include <string>
#include <string_view>

#include "worker/format_encode.h"
#include "worker/format_json.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/parse_query.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

enum class ArrayMode { kRepeat, kBracket, kComma, kJson };

ArrayMode mode_named(std::string_view name) {
  if (name == "bracket") return ArrayMode::kBracket;
  if (name == "comma") return ArrayMode::kComma;
  if (name == "json") return ArrayMode::kJson;
  return ArrayMode::kRepeat;
}

// Strings and Buffers as they are, objects as JSON, the rest by name: null, true, 5.
void append_value(std::string& out, duk_context* ctx, duk_idx_t index) {
  std::string scratch;
  std::string_view bytes;
  if (!get_text_bytes_or_json(ctx, index, scratch, bytes)) {
    append_as_text(scratch, ctx, index);
    bytes = scratch;
  }
  append_url_encoded(out, bytes);
}

void append_key(std::string& out, std::string_view encoded_key, std::string_view behind) {
  if (!out.empty()) out += '&';
  out.append(encoded_key).append(behind);
}

// The Array on top of the stack.
void append_array(std::string& out, duk_context* ctx, std::string_view key, ArrayMode mode) {
  duk_size_t length = duk_get_length(ctx, -1);
  if (length == 0 || mode == ArrayMode::kComma) append_key(out, key, "=");
  for (duk_size_t i = 0; i < length; ++i) {
    if (mode != ArrayMode::kComma) {
      append_key(out, key, mode == ArrayMode::kBracket ? "%5B%5D=" : "=");
    } else if (i > 0) {
      out += ',';
    }
    duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(i));
    append_value(out, ctx, -1);
    duk_pop(ctx);
  }
}

// objectToQuery(object[, mode]), in either order
duk_ret_t utils_object_to_query(duk_context* ctx) {
  drop_undefined(ctx);
  duk_idx_t object = duk_is_string(ctx, 0) ? 1 : 0;
  if (!duk_is_object(ctx, object) || duk_is_array(ctx, object) || duk_is_function(ctx, object)) {
    throw_error(ctx, "objectToQuery(): an Object is required");
  }
  duk_idx_t mode_index = 1 - object;
  ArrayMode mode = is_text(ctx, mode_index) ? mode_named(engine_text(ctx, mode_index)) : ArrayMode::kRepeat;
  std::string out;
  duk_enum(ctx, object, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(ctx, -1, 1)) {
    std::string key;
    append_url_encoded(key, text_at(ctx, -2));
    if (duk_is_array(ctx, -1) && mode != ArrayMode::kJson) {
      append_array(out, ctx, key, mode);
    } else {
      append_key(out, key, "=");
      append_value(out, ctx, -1);
    }
    duk_pop_2(ctx);
  }
  push_text(ctx, out);
  return 1;
}

duk_ret_t utils_query_to_object(duk_context* ctx) {
  if (!is_text(ctx, 0)) throw_type_error(ctx, "queryToObject(): argument must be a String");
  push_query_object(ctx, text_at(ctx, 0));
  return 1;
}

}  // namespace

void put_query_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"objectToQuery", guarded<utils_object_to_query>},
      {"queryToObject", guarded<utils_query_to_object>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
