#include "worker/server_options_map.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/sys.h"
#include "worker/format_utf8.h"
#include "worker/js_modules.h"
#include "worker/route_keys.h"

namespace ravelin::worker {

namespace {

using ipc::Route;
using ipc::RouteKind;

constexpr char kMapValue[] =
    "a Function, a String (a directory), or an Object with \"path\", \"module\" or \"modulePath\"";

std::string absolute_path(const std::string& path, const std::string& base) {
  if (path.starts_with('/')) return path;
  return base.ends_with('/') ? base + path : base + "/" + path;
}

std::string working_directory() {
  char* path = getcwd(nullptr, 0);
  std::string text = path ? path : "/";
  free(path);
  return text;
}

// The directory that a route serves: it must exist. Relative to the working directory at start; made absolute because a
// script may change it later.
std::string checked_directory(const OptionValue& value, const std::string& path) {
  if (path.empty()) value.fail("the path of the directory is empty");
  if (path.find('\0') != std::string::npos) value.fail("a path has no NUL character");
  std::string full = absolute_path(path, working_directory());
  struct stat status;
  if (stat(full.c_str(), &status) != 0) value.fail("directory \"" + path + "\": " + errno_text(errno));
  if (!S_ISDIR(status.st_mode)) value.fail("\"" + path + "\" is not a directory");
  if (!full.ends_with('/')) full += '/';
  return full;
}

std::string module_directory(const OptionValue& value, const std::string& path) {
  if (path.empty()) value.fail("modulePath is empty");
  const JsModules* modules = JsHeap::of(value.js).modules;
  std::string base = modules ? modules->search_path().script_directory : "";
  if (base.empty()) base = working_directory();
  std::string full = absolute_path(path.starts_with("./") ? path.substr(2) : path, base);
  if (!full.ends_with('/')) full += '/';
  return full;
}

// Kind, target and headers of a value, in the order of server-details 3.1. False: not supported, to be left out.
bool read_value(const std::string& key, const OptionValue& value, Route& route, OptionsInProgress& reading) {
  if (value.is_function()) {
    route.kind = RouteKind::kFunction;
    route.target = key;
    return true;
  }
  if (duk_is_string(value.js, value.index) && !duk_is_symbol(value.js, value.index)) {
    route.kind = RouteKind::kDirectory;
    route.target = checked_directory(value, value.string());
    return true;
  }
  bool present = false;
  if (std::string path = value.string_property("path", present); present) {
    route.kind = RouteKind::kDirectory;
    route.target = checked_directory(value, path);
    duk_get_prop_literal(value.js, value.index, "headers");
    const OptionValue headers{value.js, duk_get_top_index(value.js), value.name + ".headers"};
    if (!duk_is_undefined(value.js, headers.index)) route.headers = read_header_lines(headers);
    duk_pop(value.js);
    return true;
  }
  if (std::string name = value.string_property("module", present); present) {
    if (name.empty()) value.fail("the name of the module is empty");
    route.kind = RouteKind::kModule;
    route.target = std::move(name);
    return true;
  }
  if (std::string path = value.string_property("modulePath", present); present) {
    route.kind = RouteKind::kModuleDirectory;
    route.target = module_directory(value, path);
    return true;
  }
  if (value.string_property("proxy", present); present) {
    reading.warn(value.name + ": proxy routes are not available yet; this key is left out");
    return false;
  }
  value.reject(kMapValue);
}

void add_route(const OptionValue& value, Route route, OptionsInProgress& reading) {
  duk_context* js = value.js;
  auto& routes = reading.options.config.routes;
  if (route.kind == RouteKind::kFunction) {
    duk_get_prop_string(js, reading.functions, "routes");
    duk_dup(js, value.index);
    duk_put_prop_index(js, -2, static_cast<duk_uarridx_t>(routes.size()));
    duk_pop(js);
  }
  routes.push_back(std::move(route));
}

struct IndexRoute {
  Route route;
  std::string written_key;
};

// "/x/index.html" answers "/x/" too, unless a key says what "/x/" is.
void add_index_routes(const OptionValue& map, std::vector<IndexRoute> candidates, OptionsInProgress& reading) {
  for (IndexRoute& candidate : candidates) {
    const auto& routes = reading.options.config.routes;
    const bool is_taken = std::any_of(routes.begin(), routes.end(), [&](const Route& other) {
      return other.match != ipc::MatchKind::kRegex && other.key == candidate.route.key;
    });
    if (is_taken) continue;
    push_text(map.js, candidate.written_key);
    duk_get_prop(map.js, map.index);
    add_route(OptionValue{map.js, duk_get_top_index(map.js), map.name}, std::move(candidate.route), reading);
    duk_pop(map.js);
  }
}

}  // namespace

void read_map(const OptionValue& map, OptionsInProgress& reading) {
  if (!map.is_plain_object()) map.reject("an Object");
  duk_require_stack(map.js, 16);
  reading.map_given = true;
  reading.options.config.routes.clear();
  duk_push_array(map.js);
  duk_put_prop_string(map.js, reading.functions, "routes");
  std::vector<IndexRoute> index_routes;
  uint32_t order = 0;
  for_each_property(map, [&](const std::string& key, const OptionValue& value) {
    Route route;
    route.order = order++;
    if (!read_value(key, value, route, reading)) return;
    if (is_websocket_key(key)) {
      reading.warn(value.name + ": websocket routes are not available yet; this key is left out");
      return;
    }
    auto parsed = parse_route_key(key, route.kind);
    if (!parsed) value.fail(parsed.error().message);
    route.match = parsed.value().match;
    route.key = parsed.value().key;
    if (std::string directory = index_directory_of(parsed.value()); !directory.empty()) {
      Route index = route;
      index.key = directory;
      index_routes.push_back({std::move(index), key});
    }
    add_route(value, std::move(route), reading);
  });
  add_index_routes(map, std::move(index_routes), reading);
}

bool read_special_function(const OptionValue& value, const char* stash_key, bool may_be_boolean,
                           const OptionsInProgress& reading) {
  duk_context* js = value.js;
  duk_require_stack(js, 4);
  bool present = false;
  if (value.is_function() || (may_be_boolean && duk_is_boolean(js, value.index))) {
    present = !duk_is_boolean(js, value.index) || duk_get_boolean(js, value.index);
    duk_dup(js, value.index);
  } else if (std::string name = value.string_property("module", present); present && !name.empty()) {
    push_text(js, name);
  } else {
    value.reject(may_be_boolean ? "a Boolean, a Function or an Object with \"module\""
                                : "a Function or an Object with \"module\"");
  }
  if (!present) duk_push_undefined(js), duk_replace(js, -2);
  duk_put_prop_string(js, reading.functions, stash_key);
  return present;
}

}  // namespace ravelin::worker
