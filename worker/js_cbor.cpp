#include "worker/js_cbor.h"

#include <string>
#include <string_view>

#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_iterators.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {

namespace {

constexpr int kMaxDepth = 1000;  // the engine's own limits (DUK_USE_CBOR_*_RECLIMIT): it throws beyond them

void call_original(duk_context* js) {
  push_original(js);
  duk_pull(js, -2);
  duk_call(js, 1);
}

// Replaces the value on top by a copy that convert_text(), called with each String and key on top, has changed. Buffers
// and what else the engine does not look into stay as they are.
template <typename Convert>
void convert_texts(duk_context* js, Convert&& convert_text, int depth) {
  duk_require_stack(js, 8);
  if (is_text(js, -1)) return convert_text();
  if (!duk_is_object(js, -1) || duk_is_buffer_data(js, -1) || depth >= kMaxDepth) return;
  if (duk_is_array(js, -1)) {
    const duk_size_t length = duk_get_length(js, -1);
    duk_push_array(js);
    for (duk_size_t i = 0; i < length; ++i) {
      duk_get_prop_index(js, -2, static_cast<duk_uarridx_t>(i));
      convert_texts(js, convert_text, depth + 1);
      duk_put_prop_index(js, -2, static_cast<duk_uarridx_t>(i));
    }
  } else {
    duk_push_object(js);
    duk_enum(js, -2, DUK_ENUM_OWN_PROPERTIES_ONLY);
    while (duk_next(js, -1, 1)) {
      convert_texts(js, convert_text, depth + 1);
      duk_swap_top(js, -2);
      convert_text();
      duk_swap_top(js, -2);
      // Defined, not assigned: "__proto__" is a name like others.
      duk_def_prop(js, -4, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC | DUK_DEFPROP_FORCE);
    }
    duk_pop(js);
  }
  duk_remove(js, -2);
}

duk_ret_t cbor_encode(duk_context* js) {
  std::string joined;
  convert_texts(
      js,
      [&] {
        const std::string_view text = engine_text(js, -1);
        const std::string_view utf8 = utf8_view(text, joined);
        if (utf8.data() == text.data()) return;
        // A String of this form is what the engine takes for text. No script gets to see it.
        duk_push_lstring(js, utf8.data(), utf8.size());
        duk_remove(js, -2);
      },
      0);
  call_original(js);
  duk_size_t size = 0;
  const auto* bytes = static_cast<const char*>(duk_require_buffer_data(js, -1, &size));
  push_buffer(js, {bytes, size});
  return 1;
}

duk_ret_t cbor_decode(duk_context* js) {
  std::string_view bytes;
  bool has_wide = false;
  if (get_bytes(js, 0, bytes)) {
    for (const char c : bytes) has_wide |= static_cast<unsigned char>(c) >= 0xF0;
  }
  call_original(js);
  if (!has_wide) return 1;
  convert_texts(
      js,
      [&] {
        push_text(js, engine_text(js, -1));
        duk_remove(js, -2);
      },
      0);
  return 1;
}

}  // namespace

void install_cbor(duk_context* js) {
  StackGuard guard(js);
  duk_get_global_literal(js, "CBOR");
  replace_method(js, "encode", guarded<cbor_encode>, 1);
  replace_method(js, "decode", guarded<cbor_decode>, 1);
}

}  // namespace ravelin::worker
