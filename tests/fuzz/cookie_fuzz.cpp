// Cookie headers: the parser's views lie within the header and follow its rules, and the Object made of them is plain.
#include <duktape.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "worker/format_utf8.h"
#include "worker/js_heap.h"
#include "worker/parse_cookies.h"

namespace {

using namespace ravelin::worker;

void require(bool condition) {
  if (!condition) abort();
}

bool lies_within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

duk_ret_t run(duk_context* js, void* argument) {
  auto input = *static_cast<std::string_view*>(argument);
  push_cookies_object(js, input);
  duk_enum(js, -1, DUK_ENUM_OWN_PROPERTIES_ONLY | DUK_ENUM_INCLUDE_HIDDEN | DUK_ENUM_INCLUDE_SYMBOLS);
  while (duk_next(js, -1, 1)) {
    for (duk_idx_t index : {-1, -2}) {
      require(duk_is_string(js, index) && !duk_is_symbol(js, index));
      require(is_well_formed(engine_text(js, index)));
    }
    duk_pop_2(js);
  }
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static JsHeap heap;
  std::string_view input(reinterpret_cast<const char*>(bytes), size);
  std::string_view rest = input;
  CookiePair pair;
  while (next_cookie(rest, pair)) {
    require(lies_within(pair.name, input) && lies_within(pair.value, input));
    require(pair.name.find_first_of("=;") == std::string_view::npos);
    require(pair.value.find(';') == std::string_view::npos);
  }
  require(rest.empty());
  if (duk_safe_call(heap.js(), run, &input, 0, 1) != DUK_EXEC_SUCCESS) abort();
  duk_pop(heap.js());
  return 0;
}
