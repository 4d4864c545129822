#include "worker/utils/error_config.h"

#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

constexpr double kMaxLines = 99;  // below each stack; more is the file itself

void take_simple(duk_context* ctx, duk_idx_t index, StackDisplay& display) {
  if (!is_given(ctx, index)) return;
  if (!duk_is_boolean(ctx, index)) throw_type_error(ctx, "errorConfig(): simple must be a Boolean");
  display.is_simple = duk_get_boolean(ctx, index) != 0;
}

void take_lines(duk_context* ctx, duk_idx_t index, StackDisplay& display) {
  if (!is_given(ctx, index)) return;
  const double lines = duk_is_number(ctx, index) ? duk_get_number(ctx, index) : -1;
  if (!(lines >= 0 && lines <= kMaxLines))
    throw_type_error(ctx, "errorConfig(): lines must be a Number from 0 to %d", static_cast<int>(kMaxLines));
  display.lines = static_cast<int>(lines);
  // The failing one is in the middle.
  if (display.lines > 0) display.lines |= 1;
}

// errorConfig({simple, lines}) or errorConfig(simple[, lines])
duk_ret_t utils_error_config(duk_context* ctx) {
  duk_set_top(ctx, 2);
  StackDisplay display = JsHeap::of(ctx).stack_display;
  if (is_options(ctx, 0)) {
    push_option(ctx, 0, "simple");
    take_simple(ctx, -1, display);
    push_option(ctx, 0, "lines");
    take_lines(ctx, -1, display);
  } else if (duk_is_boolean(ctx, 0)) {
    take_simple(ctx, 0, display);
    take_lines(ctx, 1, display);
  } else {
    throw_type_error(ctx, "errorConfig(): an Object or a Boolean is required");
  }
  JsHeap::of(ctx).stack_display = display;
  return 0;
}

}  // namespace

void put_error_config_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"errorConfig", guarded<utils_error_config>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
