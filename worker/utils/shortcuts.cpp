#include "worker/utils/shortcuts.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_modules.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

// Pushes the exports of "rampart-NAME", or else of "NAME".
bool push_module_called(duk_context* ctx, const std::string& name) {
  JsModules* modules = JsHeap::of(ctx).modules;
  return modules &&
         (modules->push_required_exports(ctx, "rampart-" + name) || modules->push_required_exports(ctx, name));
}

// Engines and libraries look at these names of whatever they meet: they mean no module.
bool is_probe(duk_context* ctx, const std::string& name) {
  return duk_is_symbol(ctx, 1) || name == "toJSON" || name == "toString" || name == "valueOf" ||
         name == "constructor" || name == "then" || name == "inspect";
}

duk_ret_t push_plain_property(duk_context* ctx) {
  duk_dup(ctx, 1);
  duk_get_prop(ctx, 0);
  return 1;
}

// Traps of the proxies: get(target, key).
duk_ret_t use_get(duk_context* ctx) {
  const std::string name = is_text(ctx, 1) ? text_at(ctx, 1) : std::string();
  if (is_probe(ctx, name)) return push_plain_property(ctx);
  if (!push_module_called(ctx, name)) {
    throw_error(ctx, "use.%s: there is no module rampart-%s or %s", name.c_str(), name.c_str(), name.c_str());
  }
  return 1;
}

duk_ret_t load_get(duk_context* ctx) {
  const std::string name = is_text(ctx, 1) ? text_at(ctx, 1) : std::string();
  if (is_probe(ctx, name)) return push_plain_property(ctx);
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!push_module_called(ctx, name) && (lower == name || !push_module_called(ctx, lower))) {
    throw_error(ctx, "load.%s: there is no module rampart-%s or %s", name.c_str(), lower.c_str(), name.c_str());
  }
  std::string global = name;
  std::replace_if(
      global.begin(), global.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  duk_push_global_object(ctx);
  push_text(ctx, global);
  duk_dup(ctx, -3);
  duk_put_prop(ctx, -3);
  duk_pop(ctx);
  return 1;
}

void put_proxy(duk_context* ctx, const char* name, duk_c_function get) {
  duk_push_object(ctx);
  duk_push_object(ctx);
  duk_push_c_function(ctx, get, 3);
  duk_put_prop_literal(ctx, -2, "get");
  duk_push_proxy(ctx, 0);
  duk_put_prop_string(ctx, -2, name);
}

}  // namespace

void put_shortcuts(duk_context* ctx) {
  put_proxy(ctx, "use", guarded<use_get>);
  put_proxy(ctx, "load", guarded<load_get>);
}

}  // namespace ravelin::worker
