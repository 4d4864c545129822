#include "worker/js_console.h"

#include <stdio.h>
#include <unistd.h>

#include <string_view>

#include "common/clock.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_console_table.h"
#include "worker/js_error.h"
#include "worker/utils/file_handle.h"

namespace ravelin::worker {

namespace {

constexpr const char* kStore = "ravelinConsole";  // in the heap stash: {encode, counts, timers, depth}

enum LogMagic : duk_int_t { kToStdout, kToStderr };
enum TraceMagic : duk_int_t { kError, kTrace, kAssert };

void push_store(duk_context* js) {
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, kStore);
  duk_remove(js, -2);
}

int group_depth(duk_context* js) {
  push_store(js);
  duk_get_prop_literal(js, -1, "depth");
  const int depth = duk_to_int(js, -1);
  duk_pop_2(js);
  return depth;
}

// Writes the text as lines, each behind the indentation of the open groups.
void write_lines(duk_context* js, FILE* stream, std::string_view text) {
  const std::string indent(static_cast<size_t>(group_depth(js)) * 2, ' ');
  std::string out;
  for (;;) {
    const size_t end = text.find('\n');
    out.append(indent).append(text.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  about_to_block();
  // Not by way of the stream, which would cut long lines. What C code has printed so far comes first.
  fflush(stream);
  write_whole(fileno(stream), out);
}

std::string joined_arguments(duk_context* js, duk_idx_t first) {
  std::string text;
  const duk_idx_t top = duk_get_top(js);
  for (duk_idx_t i = first; i < top; ++i) {
    if (i > first) text += ' ';
    text += console_text(js, i);
  }
  return text;
}

duk_ret_t native_log(duk_context* js) {
  FILE* stream = duk_get_current_magic(js) == kToStderr ? stderr : stdout;
  write_lines(js, stream, joined_arguments(js, 0));
  return 0;
}

// Prints "<name>: <text>" and where the script stands.
void write_trace(duk_context* js, FILE* stream, const char* name, const std::string& text) {
  StackGuard guard(js);
  duk_push_error_object_raw(js, DUK_ERR_ERROR, nullptr, 0, "%s", "");
  push_text(js, text);
  duk_put_prop_literal(js, -2, "message");
  duk_push_string(js, name);
  duk_put_prop_literal(js, -2, "name");
  write_lines(js, stream, error_text(js, -1));
}

duk_ret_t native_trace(duk_context* js) {
  switch (duk_get_current_magic(js)) {
    case kError:
      if (duk_get_top(js) == 1 && duk_is_error(js, 0)) {
        write_lines(js, stderr, error_text(js, 0));  // where it was made says more than where it is printed
      } else {
        write_trace(js, stderr, "Error", joined_arguments(js, 0));
      }
      break;
    case kTrace:
      write_trace(js, stdout, "Trace", joined_arguments(js, 0));
      break;
    case kAssert:
      if (duk_get_top(js) == 0 || !duk_to_boolean(js, 0))
        write_trace(js, stdout, "AssertionError", joined_arguments(js, 1));
      break;
  }
  return 0;
}

// Pushes store[table] and the label (first argument, else "default") as a String.
void push_table_and_label(duk_context* js, const char* table) {
  const bool has_label = duk_get_top(js) > 0 && !duk_is_null_or_undefined(js, 0);
  push_store(js);
  duk_get_prop_string(js, -1, table);
  duk_remove(js, -2);
  if (!has_label) {
    duk_push_literal(js, "default");
  } else {
    duk_dup(js, 0);
    duk_to_string(js, -1);
  }
}

duk_ret_t native_count(duk_context* js) {
  push_table_and_label(js, "counts");
  duk_dup_top(js);
  const double count = duk_get_prop(js, -3) ? duk_get_number(js, -1) + 1 : 1;
  duk_pop(js);
  write_lines(js, stdout, console_text(js, -1) + ": " + std::to_string(static_cast<uint64_t>(count)));
  duk_push_number(js, count);
  duk_put_prop(js, -3);
  return 0;
}

duk_ret_t native_count_reset(duk_context* js) {
  push_table_and_label(js, "counts");
  duk_del_prop(js, -2);
  return 0;
}

duk_ret_t native_time(duk_context* js) {
  push_table_and_label(js, "timers");
  duk_push_number(js, static_cast<double>(monotonic_ns()));
  duk_put_prop(js, -3);
  return 0;
}

enum TimeMagic : duk_int_t { kTimeLog, kTimeEnd };

duk_ret_t native_time_report(duk_context* js) {
  const bool ends = duk_get_current_magic(js) == kTimeEnd;
  const std::string extra = ends ? std::string() : joined_arguments(js, 1);
  push_table_and_label(js, "timers");
  const std::string label = console_text(js, -1);
  duk_dup_top(js);
  if (!duk_get_prop(js, -3)) {
    write_lines(js, stderr, "console: no timer named '" + label + "' is running");
    return 0;
  }
  char elapsed[64];
  snprintf(elapsed, sizeof elapsed, ": %.3fms", (static_cast<double>(monotonic_ns()) - duk_get_number(js, -1)) / 1e6);
  duk_pop(js);
  write_lines(js, stdout, label + elapsed + (extra.empty() ? "" : " ") + extra);
  if (ends) duk_del_prop(js, -2);
  return 0;
}

void change_depth(duk_context* js, int change) {
  const int depth = group_depth(js) + change;
  push_store(js);
  duk_push_int(js, depth < 0 ? 0 : depth);
  duk_put_prop_literal(js, -2, "depth");
  duk_pop(js);
}

duk_ret_t native_group(duk_context* js) {
  if (duk_get_top(js) > 0) write_lines(js, stdout, joined_arguments(js, 0));
  change_depth(js, 1);
  return 0;
}

duk_ret_t native_group_end(duk_context* js) {
  change_depth(js, -1);
  return 0;
}

duk_ret_t native_clear(duk_context*) {
  if (!isatty(STDOUT_FILENO)) return 0;
  fputs("\033[1;1H\033[0J", stdout);
  fflush(stdout);
  return 0;
}

duk_ret_t native_table(duk_context* js) {
  duk_set_top(js, 2);
  std::string table = console_table(js);
  write_lines(js, stdout, table.empty() ? console_text(js, 0) : table);
  return 0;
}

struct Method {
  const char* name;
  duk_c_function function;
  duk_int_t magic;
};

constexpr Method kMethods[] = {
    {"log", guarded<native_log>, kToStdout},
    {"info", guarded<native_log>, kToStdout},
    {"debug", guarded<native_log>, kToStdout},
    {"warn", guarded<native_log>, kToStderr},
    {"dir", guarded<native_log>, kToStderr},
    {"error", guarded<native_trace>, kError},
    {"exception", guarded<native_trace>, kError},
    {"trace", guarded<native_trace>, kTrace},
    {"assert", guarded<native_trace>, kAssert},
    {"count", guarded<native_count>, 0},
    {"countReset", guarded<native_count_reset>, 0},
    {"time", guarded<native_time>, 0},
    {"timeLog", guarded<native_time_report>, kTimeLog},
    {"timeEnd", guarded<native_time_report>, kTimeEnd},
    {"group", guarded<native_group>, 0},
    {"groupCollapsed", guarded<native_group>, 0},
    {"groupEnd", guarded<native_group_end>, 0},
    {"clear", guarded<native_clear>, 0},
    {"table", guarded<native_table>, 0},
};

duk_ret_t push_encoded(duk_context* js, void*) {
  push_store(js);
  duk_get_prop_literal(js, -1, "encode");
  duk_push_literal(js, "jx");
  duk_dup(js, -4);
  duk_call(js, 2);
  duk_to_string(js, -1);
  return 1;
}

duk_ret_t push_string_form(duk_context* js, void*) {
  duk_get_global_literal(js, "String");  // unlike ToString() it takes a Symbol
  duk_dup(js, -2);
  duk_call(js, 1);
  duk_to_string(js, -1);
  return 1;
}

}  // namespace

std::string console_text(duk_context* js, duk_idx_t index) {
  if (duk_is_error(js, index)) return error_text(js, index);
  StackGuard guard(js);
  duk_require_stack(js, 12);
  duk_dup(js, index);
  bool is_text = duk_is_string(js, -1) && !duk_is_symbol(js, -1);
  if (!is_text && duk_check_type(js, -1, DUK_TYPE_OBJECT)) {
    // Duktape's JX form. A value that it cannot show (a cycle) prints as String(value).
    is_text = duk_safe_call(js, push_encoded, nullptr, 0, 1) == DUK_EXEC_SUCCESS;
    if (!is_text) duk_pop(js);
  }
  if (!is_text) is_text = duk_safe_call(js, push_string_form, nullptr, 0, 1) == DUK_EXEC_SUCCESS;
  if (!is_text) return error_text(js, -1);
  std::string text;
  append_utf8(text, engine_text(js, -1));
  return text;
}

void install_console(duk_context* js) {
  StackGuard guard(js);
  duk_push_heap_stash(js);
  duk_push_bare_object(js);
  duk_get_global_literal(js, "Duktape");
  duk_get_prop_literal(js, -1, "enc");  // kept: a script may change or remove its Duktape object
  duk_put_prop_literal(js, -3, "encode");
  duk_pop(js);
  for (const char* table : {"counts", "timers"}) {
    duk_push_bare_object(js);
    duk_put_prop_string(js, -2, table);
  }
  duk_push_int(js, 0);
  duk_put_prop_literal(js, -2, "depth");
  duk_put_prop_string(js, -2, kStore);

  duk_push_object(js);
  for (const Method& method : kMethods) {
    duk_push_c_function(js, method.function, DUK_VARARGS);
    duk_set_magic(js, -1, method.magic);
    duk_put_prop_string(js, -2, method.name);
  }
  duk_put_global_literal(js, "console");
}

}  // namespace ravelin::worker
