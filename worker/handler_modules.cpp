#include "worker/handler_modules.h"

#include <algorithm>
#include <optional>

#include "common/log.h"
#include "common/text.h"
#include "worker/format_utf8.h"
#include "worker/handler.h"
#include "worker/js_error.h"
#include "worker/js_modules.h"
#include "worker/network_string.h"

namespace ravelin::worker {
namespace {

constexpr char kPlaceFunction[] = "in the callback of map key";
constexpr char kPlaceModule[] = "in the callback of module";
constexpr char kPlaceLoading[] = "in the module being loaded,";
constexpr char kPlaceOption[] = "in the callback of option";

std::string_view script_directory(duk_context* js) {
  const JsModules* modules = JsHeap::of(js).modules;
  return modules == nullptr ? std::string_view() : std::string_view(modules->search_path().script_directory);
}

const char* type_name(duk_context* js, duk_idx_t index) {
  switch (duk_get_type(js, index)) {
    case DUK_TYPE_UNDEFINED:
      return "undefined";
    case DUK_TYPE_NULL:
      return "null";
    case DUK_TYPE_BOOLEAN:
      return "a Boolean";
    case DUK_TYPE_NUMBER:
      return "a Number";
    case DUK_TYPE_STRING:
      return "a String";
    default:
      return "an Array or a Buffer";
  }
}

// [ ... key ] -> [ ... value ] of the own property of the object at `object`, or [ ... ] when there is none. Only own
// ones: a URL must not reach Object.prototype ("/mod/constructor").
bool take_own_property(duk_context* js, duk_idx_t object) {
  duk_dup_top(js);
  duk_get_prop_desc(js, object, 0);
  bool exists = duk_is_object(js, -1);
  duk_pop(js);
  if (!exists) {
    duk_pop(js);
    return false;
  }
  duk_get_prop(js, object);
  return true;
}

// The first own key "text*" whose text is a prefix of the subpath, with or without its leading slash.
bool take_star_property(duk_context* js, duk_idx_t object, std::string_view subpath) {
  duk_enum(js, object, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(js, -1, 0)) {
    std::string_view key = engine_text(js, -1);
    if (key.ends_with('*')) {
      std::string_view prefix = key.substr(0, key.size() - 1);
      if (subpath.starts_with(prefix) || subpath.substr(1).starts_with(prefix)) {
        duk_get_prop(js, object);
        duk_remove(js, -2);
        return true;
      }
    }
    duk_pop(js);
  }
  duk_pop(js);
  return false;
}

// What the path has behind a route's key, with its leading slash; "" when there is nothing (server-details 3.8).
std::string_view subpath_of(const ipc::Route& route, std::string_view path) {
  switch (route.match) {
    case ipc::MatchKind::kPrefix:
      return path.size() >= route.key.size() ? path.substr(route.key.size() - 1) : "";
    case ipc::MatchKind::kExact:
      return "";
    case ipc::MatchKind::kRegex:
    case ipc::MatchKind::kGlob:
      break;
  }
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(slash);
}

bool is_empty_object(duk_context* js, duk_idx_t index) {
  duk_enum(js, index, DUK_ENUM_OWN_PROPERTIES_ONLY);
  bool has_any = duk_next(js, -1, 0);
  duk_pop_n(js, has_any ? 2 : 1);
  return !has_any;
}

}  // namespace

void SiteFunctions::load(duk_context* js, const ipc::ServerConfig& config) {
  config_ = &config;
  if (JsHeap::of(js).modules != nullptr) JsHeap::of(js).modules->leave_launcher();
  functions_.assign(config.routes.size(), nullptr);
  modules_.assign(config.routes.size(), {});
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, kStashRoutes);
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const ipc::Route& route = config.routes[i];
    if (route.kind == ipc::RouteKind::kFunction && duk_is_object(js, -1)) {
      duk_get_prop_index(js, -1, static_cast<duk_uarridx_t>(i));
      functions_[i] = duk_is_function(js, -1) ? duk_get_heapptr(js, -1) : nullptr;
      duk_pop(js);
    } else if (route.kind == ipc::RouteKind::kModule) {
      modules_[i].name = route.target;
    } else if (route.kind == ipc::RouteKind::kModuleDirectory) {
      bool is_absolute = route.target.starts_with('/');
      modules_[i].path = is_absolute ? route.target : std::string(script_directory(js)) + "/" + route.target;
    }
  }
  duk_pop_2(js);
  not_found_ = read_special(js, kStashNotFoundFunc);
  directory_ = read_special(js, kStashDirectoryFunc);
}

SiteFunctions::SpecialFunction SiteFunctions::read_special(duk_context* js, const char* stash_key) {
  SpecialFunction special;
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, stash_key);
  if (duk_is_function(js, -1)) {
    special.kind = Special::kFunction;
    special.function = duk_get_heapptr(js, -1);
  } else if (duk_is_string(js, -1)) {
    special.kind = Special::kModule;
    append_utf8(special.module.name, engine_text(js, -1));
  } else if (duk_is_boolean(js, -1) && duk_get_boolean(js, -1)) {
    special.kind = Special::kBuiltIn;
  }
  duk_pop_2(js);
  return special;
}

bool SiteFunctions::push_special(duk_context* js, SpecialFunction& special, const char* option, ScriptPlace& place) {
  place = {kPlaceOption, option};
  if (special.kind == Special::kFunction) {
    duk_push_heapptr(js, special.function);
    return true;
  }
  if (special.kind != Special::kModule) return false;
  if (!push_named_module(js, special.module, place)) {
    logf("warning: option %s: module \"%s\" is not found; answering with the built-in page", option,
         special.module.name.c_str());
    return false;
  }
  return true;
}

// Pushes the exports; throws what loading the module threw.
bool SiteFunctions::push_module_file(duk_context* js, std::string_view file, ScriptPlace& place) {
  file_ = file;
  place = {kPlaceLoading, file_};
  switch (push_module_exports(js, file_)) {
    case ModuleLoad::kNotFound:
      return false;
    case ModuleLoad::kFailed:
      duk_throw(js);
    case ModuleLoad::kOk:
      break;
  }
  place.what = kPlaceModule;
  return true;
}

bool SiteFunctions::push_named_module(duk_context* js, ModuleTarget& module, ScriptPlace& place) {
  if (JsHeap::of(js).modules == nullptr) return false;
  if (!module.path.empty() && push_module_file(js, module.path, place)) return true;
  std::optional<std::string> found = resolve_module(js, module.name, script_directory(js));
  if (!found) return false;
  module.path = *found;
  return push_module_file(js, module.path, place);
}

bool SiteFunctions::push_route(duk_context* js, const ipc::RequestFields& request, ScriptPlace& place) {
  size_t index = request.route;
  bool exists = index < config_->routes.size();
  if (!exists) throw_error(js, "the request names route %zu, which does not exist", index);
  const ipc::Route& route = config_->routes.at(index);
  switch (route.kind) {
    case ipc::RouteKind::kFunction:
      place = {kPlaceFunction, route.target.empty() ? route.key : route.target};
      if (functions_[index] == nullptr) throw_error(js, "the server has no function for this route");
      duk_push_heapptr(js, functions_[index]);
      return true;
    case ipc::RouteKind::kModule:
      return push_module(js, index, request, place);
    case ipc::RouteKind::kModuleDirectory:
      return push_from_directory(js, index, request, place);
    case ipc::RouteKind::kDirectory:
      break;  // the frontend serves files
  }
  throw_error(js, "the request names a directory of files, which no worker serves");
}

bool SiteFunctions::push_module(duk_context* js, size_t route, const ipc::RequestFields& request, ScriptPlace& place) {
  if (!push_named_module(js, modules_[route], place)) return false;
  return pick_export(js, subpath_of(config_->routes[route], request.matched_path), place);
}

bool SiteFunctions::push_from_directory(duk_context* js, size_t route, const ipc::RequestFields& request,
                                        ScriptPlace& place) {
  const std::string& key = config_->routes[route].key;
  if (JsHeap::of(js).modules == nullptr || request.matched_path.size() < key.size()) return false;
  // The raw path: only the file server decodes (server-details 3.3).
  std::string_view rest = request.matched_path.substr(key.size());
  std::optional<ModuleFile> found = find_in_module_directory(modules_[route].path, rest);
  return found && push_module_file(js, found->file, place) && pick_export(js, found->subpath, place);
}

// [ ... exports ] -> [ ... function ], or [ ... ] when there is none for the subpath.
bool SiteFunctions::pick_export(duk_context* js, std::string_view subpath, const ScriptPlace& place) {
  if (duk_is_function(js, -1)) return true;
  bool is_map = duk_is_object(js, -1) && !duk_is_array(js, -1) && !duk_is_buffer_data(js, -1);
  if (!is_map || is_empty_object(js, -1)) {
    logf("error: module \"%.*s\" exports %s, not a Function or an Object of Functions; answering 404",
         static_cast<int>(place.name.size()), place.name.data(), is_map ? "nothing" : type_name(js, -1));
    duk_pop(js);
    return false;
  }
  if (subpath.empty()) {
    duk_pop(js);
    return false;
  }
  duk_idx_t exports = duk_get_top_index(js);
  push_network_string(js, subpath);
  duk_dup_top(js);  // keeps the engine's form of the subpath for the last attempt
  bool found = take_own_property(js, exports);
  if (!found) {
    push_network_string(js, subpath.substr(1));
    found = take_own_property(js, exports);
  }
  if (!found) found = take_star_property(js, exports, engine_text(js, exports + 1));
  if (found) duk_replace(js, exports);
  duk_set_top(js, found ? exports + 1 : exports);
  return found;
}

}  // namespace ravelin::worker
