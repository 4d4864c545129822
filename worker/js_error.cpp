#include "worker/js_error.h"

#include <cstdarg>
#include <string_view>

#include "worker/engine_extra.h"
#include "worker/format_utf8.h"
#include "worker/js_heap.h"
#include "worker/stack_display.h"

namespace ravelin::worker {

namespace {

constexpr std::string_view kOwnFrameMark = " (ravelin:";                    // js_library.h
constexpr std::string_view kTimeoutText = "RangeError: execution timeout";  // the engine's, see JsHeap::arm_deadline

// The text of the value on top, which is replaced by a String.
std::string_view top_to_text(duk_context* js) {
  if (duk_is_object(js, -1) && !duk_is_error(js, -1) && !duk_is_function(js, -1) && !duk_is_buffer_data(js, -1)) {
    // "[object Object]" would say nothing about `throw {code: 5}`.
    duk_dup_top(js);
    duk_json_encode(js, -1);
    duk_replace(js, -2);
  }
  duk_to_string(js, -1);
  return engine_text(js, -1);
}

struct Description {
  bool with_stack;
  std::string text;
};

// Leaves out the frames of our own JavaScript.
std::string site_frames(std::string_view stack) {
  std::string kept;
  while (!stack.empty()) {
    const size_t end = stack.find('\n');
    const std::string_view line = stack.substr(0, end);
    stack.remove_prefix(end == std::string_view::npos ? stack.size() : end + 1);
    if (line.starts_with("    at ") && line.find(kOwnFrameMark) != std::string_view::npos) continue;
    if (!kept.empty()) kept += '\n';
    kept += line;
  }
  return kept;
}

// Appends the place where the script's time was over, when `head` is the error of that. False: nothing is known of it.
bool append_timeout_frames(duk_context* js, std::string& text, std::string_view head) {
  const JsHeap& heap = JsHeap::of(js);
  if (!heap.deadline_passed() || head != kTimeoutText) return false;
  std::string frames = site_frames(heap.timeout_frames());
  if (!heap.line_maps.empty()) frames = heap.line_maps.map_stack(frames);
  if (frames.empty()) return false;
  append_utf8(text, script_frames(frames));
  return true;
}

// Appends the frames of the error below the top, whose text from `begin` on is `head`.
void append_stack(duk_context* js, std::string& text, size_t begin, std::string_view head) {
  if (append_timeout_frames(js, text, head)) return;
  if (!duk_get_prop_literal(js, -2, "stack") || !duk_is_string(js, -1)) return;
  std::string_view stack = engine_text(js, -1);
  if (stack.starts_with(head)) {
    append_utf8(text, script_frames(stack.substr(head.size())));
  } else {
    // The script wrote its own stack property: that is what it wants to be seen.
    text.resize(begin);
    append_utf8(text, stack);
  }
}

// Replaces the error on top by its own property `cause`; false when it has none.
bool replace_by_cause(duk_context* js) {
  duk_push_literal(js, "cause");
  duk_get_prop_desc(js, -2, 0);
  if (duk_is_undefined(js, -1)) return false;
  duk_get_prop_literal(js, -2, "cause");
  duk_replace(js, -3);
  duk_pop(js);
  return true;
}

constexpr int kMaxCauses = 8;  // that are shown; an error may be its own cause

// Body of duk_safe_call: the value is on top and stays there.
duk_ret_t describe(duk_context* js, void* argument) {
  Description& description = *static_cast<Description*>(argument);
  duk_dup_top(js);
  const duk_idx_t value = duk_get_top_index(js);
  for (int causes = 0;; ++causes) {
    const size_t begin = description.text.size();
    duk_dup_top(js);
    const std::string_view head = top_to_text(js);
    append_utf8(description.text, head);
    const bool is_error = description.with_stack && duk_is_error(js, -2);
    if (is_error) append_stack(js, description.text, begin, head);
    duk_set_top(js, value + 1);
    if (!is_error || causes == kMaxCauses || !replace_by_cause(js)) return 0;
    description.text += "\n  [cause]: ";
  }
}

std::string describe_at(duk_context* js, duk_idx_t index, bool with_stack) {
  Description description{with_stack, {}};
  JsHeap::of(js).open_reserve();
  if (!duk_check_stack(js, 16)) return "error (no memory to describe it)";
  duk_dup(js, index);
  const bool described = duk_safe_call(js, describe, &description, 0, 1) == DUK_EXEC_SUCCESS;
  duk_pop(js);
  if (!described && description.text.empty()) {
    // toString() or toJSON() threw, or the stack getter did; the engine has a form that never does.
    const char* text = duk_safe_to_string(js, -1);
    description.text = text ? text : "error (no memory to describe it)";
  }
  duk_pop(js);
  return std::move(description.text);
}

// The getters of Error.prototype, around the engine's own, which each has as a hidden property.
constexpr const char* kOriginalGetter = DUK_HIDDEN_SYMBOL("getter");

void push_original_result(duk_context* js) {
  duk_push_current_function(js);
  duk_get_prop_string(js, -1, kOriginalGetter);
  duk_push_this(js);
  duk_call_method(js, 0);
}

duk_ret_t native_stack(duk_context* js) {
  push_original_result(js);
  if (!duk_is_string(js, -1)) return 1;
  const JsHeap& heap = JsHeap::of(js);
  std::string stack = site_frames(engine_text(js, -1));
  if (!heap.line_maps.empty()) stack = heap.line_maps.map_stack(stack);
  // The message is no part of it: in developer mode a text with a file's name could have the file shown.
  duk_push_this(js);
  duk_safe_to_string(js, -1);
  const std::string_view head = engine_text(js, -1);
  if (stack.starts_with(head)) {
    const std::string frames = displayed_frames(std::string_view(stack).substr(head.size()), heap.stack_display);
    stack.replace(head.size(), std::string::npos, frames);
  }
  push_text(js, stack);
  return 1;
}

duk_ret_t native_line_number(duk_context* js) {
  push_original_result(js);
  const LineMaps& maps = JsHeap::of(js).line_maps;
  if (maps.empty() || !duk_is_number(js, -1)) return 1;
  const duk_uint_t line = duk_get_uint(js, -1);
  duk_push_this(js);
  duk_get_prop_literal(js, -1, "fileName");
  if (duk_is_string(js, -1)) duk_push_uint(js, maps.line_of(engine_text(js, -1), line));
  return 1;
}

// [ ... Error.prototype ]
void wrap_getter(duk_context* js, const char* name, duk_c_function getter) {
  duk_push_string(js, name);
  duk_push_c_function(js, getter, 0);
  duk_push_string(js, name);
  duk_get_prop_desc(js, -4, 0);
  duk_get_prop_literal(js, -1, "get");
  duk_put_prop_string(js, -3, kOriginalGetter);
  duk_pop(js);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_GETTER);
}

[[noreturn]] void throw_formatted(duk_context* js, duk_errcode_t code, const char* format, va_list arguments) {
  // No file and line of our own: the blame goes to the script line that called us.
  duk_error_va_raw(js, code, nullptr, 0, format, arguments);
  __builtin_unreachable();
}

constexpr const char* kErrorClasses[] = {"Error",       "EvalError", "RangeError", "ReferenceError",
                                         "SyntaxError", "TypeError", "URIError"};

}  // namespace

std::string error_text(duk_context* js, duk_idx_t index) {
  const JsHeap& heap = JsHeap::of(js);
  if (heap.on_reply_error_reported && duk_is_error(js, index) && duk_check_stack(js, 4)) {
    if (duk_get_prop_string(js, index, kErrorOfReply))
      heap.on_reply_error_reported(static_cast<uint64_t>(duk_get_number_default(js, -1, 0)));
    duk_pop(js);
  }
  return describe_at(js, index, true);
}

void install_error_lines(duk_context* js) {
  StackGuard guard(js);
  duk_get_global_literal(js, "Error");
  duk_get_prop_literal(js, -1, "prototype");
  wrap_getter(js, "stack", guarded<native_stack>);
  wrap_getter(js, "lineNumber", guarded<native_line_number>);
  for (const char* name : kErrorClasses) {
    duk_get_global_string(js, name);
    ravelin_set_argument_count(js, -1, 2);  // message and options
    duk_pop(js);
  }
}

std::string error_message(duk_context* js, duk_idx_t index) { return describe_at(js, index, false); }

void throw_error(duk_context* js, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  throw_formatted(js, DUK_ERR_ERROR, format, arguments);
}

void throw_type_error(duk_context* js, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  throw_formatted(js, DUK_ERR_TYPE_ERROR, format, arguments);
}

void throw_range_error(duk_context* js, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  throw_formatted(js, DUK_ERR_RANGE_ERROR, format, arguments);
}

bool call_protected(duk_context* js, duk_idx_t argument_count) {
  return duk_pcall(js, argument_count) == DUK_EXEC_SUCCESS;
}

}  // namespace ravelin::worker
