#include "worker/utils/unavailable.h"

#include <iterator>

#include "worker/js_error.h"

namespace ravelin::worker {
namespace {

constexpr const char* kNames[] = {"repl", "wordReplace"};

// Magic: which of them.
duk_ret_t refuse(duk_context* ctx) {
  throw_error(ctx, "%s(): not available in Ravelin", kNames[duk_get_current_magic(ctx)]);
}

}  // namespace

void put_unavailable_functions(duk_context* ctx) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    duk_push_c_function(ctx, refuse, DUK_VARARGS);
    duk_set_magic(ctx, -1, static_cast<duk_int_t>(i));
    duk_put_prop_string(ctx, -2, kNames[i]);
  }
}

}  // namespace ravelin::worker
