// Query strings and urlencoded bodies, with the strings of the network, in a real heap. Whatever the input: no memory
// error, a plain Object whose prototype is Object.prototype, well-formed Strings only, never a symbol, and
// Object.prototype untouched.
#include <duktape.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "worker/format_utf8.h"
#include "worker/js_heap.h"
#include "worker/network_string.h"
#include "worker/parse_query.h"

namespace {

using namespace ravelin::worker;

void require(bool condition) {
  if (!condition) abort();
}

void check_text(duk_context* js, duk_idx_t index) {
  require(duk_is_string(js, index) && !duk_is_symbol(js, index));
  require(is_well_formed(engine_text(js, index)));
}

// Strings, true, and Arrays and Objects of them, as deep as JSON values go.
void check_value(duk_context* js, duk_idx_t index) {
  index = duk_normalize_index(js, index);
  duk_require_stack(js, 8);
  if (duk_is_string(js, index)) check_text(js, index);
  if (!duk_is_object(js, index)) return;
  duk_enum(js, index, DUK_ENUM_OWN_PROPERTIES_ONLY | DUK_ENUM_INCLUDE_HIDDEN | DUK_ENUM_INCLUDE_SYMBOLS);
  while (duk_next(js, -1, 1)) {
    check_text(js, -2);
    check_value(js, -1);
    duk_pop_2(js);
  }
  duk_pop(js);
}

duk_ret_t run(duk_context* js, void* argument) {
  auto input = *static_cast<std::string_view*>(argument);
  duk_idx_t top = duk_get_top(js);
  push_query_object(js, input);
  require(duk_get_top(js) == top + 1);
  check_value(js, -1);
  duk_get_prototype(js, -1);
  duk_push_object(js);
  duk_get_prototype(js, -1);
  require(duk_strict_equals(js, -1, -3));
  duk_enum(js, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
  require(!duk_next(js, -1, 0));
  duk_set_top(js, top);
  push_network_string(js, input);
  check_text(js, -1);
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static JsHeap heap;
  std::string_view input(reinterpret_cast<const char*>(bytes), size);
  if (duk_safe_call(heap.js(), run, &input, 0, 1) != DUK_EXEC_SUCCESS) abort();
  duk_pop(heap.js());
  return 0;
}
