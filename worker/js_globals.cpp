#include "worker/js_globals.h"

#include <errno.h>

#include <stdexcept>
#include <string_view>

#include "common/sys.h"
#include "worker/engine_extra.h"
#include "worker/format_utf8.h"
#include "worker/js_buffers.h"
#include "worker/js_console.h"
#include "worker/js_error.h"
#include "worker/js_events.h"
#include "worker/js_json.h"
#include "worker/js_library.h"
#include "worker/js_modules.h"
#include "worker/js_process.h"
#include "worker/js_source.h"
#include "worker/js_strings.h"
#include "worker/js_timers.h"
#include "worker/utils/csv.h"
#include "worker/utils/utils.h"

namespace ravelin::worker {

namespace {

// The level of the documented API that we implement, in the form in which scripts ask for it (runtime-api 5).
constexpr int kVersionMajor = 0;
constexpr int kVersionMinor = 6;
constexpr int kVersionPatch = 3;
constexpr const char* kVersion = "0.6.3";
constexpr double kVersionDateMs = 1767225600000;  // 2026-01-01T00:00:00Z

// Calls take(name) with [ ... name value ] on top, for each enumerable property of the object at index 0, or for each
// name in the Array at index 1; pops both.
template <typename Take>
void for_each_name(duk_context* js, Take&& take) {
  if (!duk_is_array(js, 1)) {
    duk_enum(js, 0, 0);
    while (duk_next(js, -1, 1)) {
      take();
      duk_pop_2(js);
    }
    duk_pop(js);
    return;
  }
  const duk_size_t count = duk_get_length(js, 1);
  for (duk_size_t i = 0; i < count; ++i) {
    duk_get_prop_index(js, 1, static_cast<duk_uarridx_t>(i));
    duk_to_string(js, -1);
    duk_dup_top(js);
    duk_get_prop(js, 0);
    take();
    duk_pop_2(js);
  }
}

void put_global(duk_context* js) {
  duk_push_global_object(js);
  duk_dup(js, -3);
  duk_dup(js, -3);
  duk_put_prop(js, -3);
  duk_pop(js);
}

// globalize(obj[, names])
duk_ret_t native_globalize(duk_context* js) {
  if (!duk_is_object(js, 0)) throw_type_error(js, "rampart.globalize: argument must be an Object");
  for_each_name(js, [js] { put_global(js); });
  return 0;
}

// localize(obj[, names][, ignore]): all names are checked before the first is set.
duk_ret_t native_localize(duk_context* js) {
  if (!duk_is_object(js, 0)) throw_type_error(js, "rampart.localize: argument must be an Object");
  const duk_idx_t ignore_at = duk_is_array(js, 1) ? 2 : 1;
  const bool ignores = duk_is_boolean(js, ignore_at) && duk_get_boolean(js, ignore_at);
  for_each_name(js, [js, ignores] {
    if (ignores || ravelin_declare_in_caller(js, 1) != kScopeConflict) return;
    std::string scratch;
    const std::string name(utf8_view(engine_text(js, -2), scratch));
    throw_type_error(js, "rampart.localize: '%s' conflicts with a local variable declaration", name.c_str());
  });
  for_each_name(js, [js] {
    if (ravelin_declare_in_caller(js, 0) == kScopeGlobal) put_global(js);
  });
  return 0;
}

// Runs a file as global code at each call (runtime-api 5).
duk_ret_t native_include(duk_context* js) {
  if (!duk_is_string(js, 0)) {
    throw_error(js, "could not include file %s: %s", duk_safe_to_string(js, 0), errno_text(ENOENT).c_str());
  }
  std::string scratch;
  const std::string name(utf8_view(engine_text(js, 0), scratch));
  SearchPath path;
  std::string caller_directory;
  if (JsModules* modules = JsHeap::of(js).modules) {
    path = modules->search_path();
    caller_directory = modules->calling_directory(js);
  }
  const ResolvedFile found = resolve_include_name(path, name, caller_directory);
  SourceFile file;
  const int error = found.path.empty() ? found.error : read_source_file(found.path, file);
  if (error) throw_error(js, "could not include file %s: %s", name.c_str(), errno_text(error).c_str());
  push_compiled(js, file.text, found.path, SourceKind::kProgram);
  duk_push_global_object(js);
  duk_call_method(js, 0);
  return 0;
}

void put_build_facts(duk_context* js) {
  duk_push_string(js, kVersion);
  duk_put_prop_literal(js, -2, "version");
  duk_push_int(js, kVersionMajor * 10000 + kVersionMinor * 100 + kVersionPatch);
  duk_put_prop_literal(js, -2, "versionNumber");
  duk_push_int(js, 64);
  duk_put_prop_literal(js, -2, "versionBits");
  duk_push_uint(js, 0);
  duk_put_prop_literal(js, -2, "thread_id");
  duk_get_global_literal(js, "Date");
  duk_push_number(js, kVersionDateMs);
  duk_new(js, 1);
  duk_put_prop_literal(js, -2, "versionDate");
  duk_push_literal(js, "Ravelin");
  duk_put_prop_literal(js, -2, "versionBuild");
#if defined(__x86_64__)
  duk_push_literal(js, "Linux x86_64");
#elif defined(__aarch64__)
  duk_push_literal(js, "Linux aarch64");
#else
  duk_push_literal(js, "Linux");
#endif
  duk_put_prop_literal(js, -2, "buildPlatform");
  duk_push_literal(js, __VERSION__);
  duk_put_prop_literal(js, -2, "buildCC");
}

void install_rampart(duk_context* js) {
  constexpr duk_function_list_entry kFunctions[] = {
      {"globalize", guarded<native_globalize>, 2},
      {"localize", guarded<native_localize>, 3},
      {"include", guarded<native_include>, 1},
      {nullptr, nullptr, 0},
  };
  StackGuard guard(js);
  duk_push_object(js);
  duk_put_function_list(js, -1, kFunctions);
  put_build_facts(js);
  duk_put_global_literal(js, "rampart");
}

}  // namespace

void globalize(duk_context* js, duk_idx_t index) {
  StackGuard guard(js);
  index = duk_require_normalize_index(js, index);
  duk_push_global_object(js);
  const duk_idx_t global = duk_get_top_index(js);
  duk_enum(js, index, 0);
  while (duk_next(js, -1, 1)) duk_put_prop(js, global);
}

void set_thread_id(JsHeap& heap, uint32_t id) {
  const bool ok = run_protected(heap.js(), [id](duk_context* js) {
    duk_get_global_literal(js, "rampart");
    if (!duk_is_object(js, -1)) return;
    duk_push_uint(js, id);
    duk_put_prop_literal(js, -2, "thread_id");
  });
  if (!ok) duk_pop(heap.js());
}

void install_globals(JsHeap& heap, const ScriptArguments& arguments) {
  if (heap.modules) {
    heap.modules->set_install_directory(install_directory());
    if (!arguments.script.empty()) heap.modules->set_main_script(arguments.script);
  }
  const bool ok = run_protected(heap.js(), [&](duk_context* js) {
    // globalThis is the engine's own.
    duk_push_global_object(js);
    duk_push_literal(js, "global");
    duk_dup(js, -2);
    duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE);
    duk_pop(js);
    install_library(js);
    install_strings(js);
    install_json(js);
    install_console(js);
    install_process(heap, arguments);
    install_buffers(js);
    install_rampart(js);
    install_import(js);
    install_utils(js);
    if (heap.timers) heap.timers->install();
    if (heap.events) heap.events->install();
    if (heap.modules) heap.modules->install();
  });
  if (ok) return;
  const std::string text = error_text(heap.js(), -1);
  duk_pop(heap.js());
  throw std::runtime_error("could not make the global objects of the script engine: " + text);
}

}  // namespace ravelin::worker
