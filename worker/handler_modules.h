// SiteFunctions: which function answers a request. Routes of functions come from the stash, {module:} and {modulePath:}
// from the file system through JsModules, which loads again what has changed (server-details 3.6 to 3.9). Not for:
// calling it, errors (handler.h). Workers, main thread; one per heap, used by Handler.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>
#include <vector>

#include "ipc/request_frame.h"
#include "ipc/server_config.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

// Where in the site script runs, for error texts: `what` and the quoted `name` after it. Views live until the next
// request.
struct ScriptPlace {
  const char* what = "in the server";
  std::string_view name;
};

class SiteFunctions {
 public:
  enum class Special { kNone, kFunction, kModule, kBuiltIn };

  // Reads the stash (handler.h). Inside a Duktape call.
  void load(duk_context* js, const ipc::ServerConfig& config);

  Special not_found_kind() const { return not_found_.kind; }
  Special directory_kind() const { return directory_.kind; }

  // Push the function, or what the site has in its place; false, with nothing pushed: not found. `place` is kept up to
  // date also when they throw.
  bool push_route(duk_context* js, const ipc::RequestFields& request, ScriptPlace& place);
  bool push_not_found(duk_context* js, ScriptPlace& place) {
    return push_special(js, not_found_, "notFoundFunc", place);
  }
  bool push_directory(duk_context* js, ScriptPlace& place) {
    return push_special(js, directory_, "directoryFunc", place);
  }

 private:
  // A module by name: its file is found at the first request that wants it, and looked for again when it is gone.
  struct ModuleTarget {
    std::string name;
    std::string path;
  };
  struct SpecialFunction {
    Special kind = Special::kNone;
    void* function = nullptr;  // reachable through the stash
    ModuleTarget module;
  };

  SpecialFunction read_special(duk_context* js, const char* stash_key);
  bool push_special(duk_context* js, SpecialFunction& special, const char* option, ScriptPlace& place);
  bool push_module_file(duk_context* js, std::string_view file, ScriptPlace& place);
  bool push_named_module(duk_context* js, ModuleTarget& module, ScriptPlace& place);
  bool push_module(duk_context* js, size_t route, const ipc::RequestFields& request, ScriptPlace& place);
  bool push_from_directory(duk_context* js, size_t route, const ipc::RequestFields& request, ScriptPlace& place);
  bool pick_export(duk_context* js, std::string_view subpath, const ScriptPlace& place);

  const ipc::ServerConfig* config_ = nullptr;
  std::vector<void*> functions_;       // by route; null for routes that are no function
  std::vector<ModuleTarget> modules_;  // by route; for a module directory `path` is the directory
  SpecialFunction not_found_;
  SpecialFunction directory_;
  std::string file_;  // of the module that the last request used
};

}  // namespace ravelin::worker
