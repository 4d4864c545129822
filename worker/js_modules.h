// JsModules: require() and everything it loads (runtime-api 3): built-in modules, JavaScript and JSON files, C modules
// (.so); the cache, and loading again when a file or anything it required has changed. The HTTP handlers get their
// {module:} and {modulePath:} functions here, on the request path, at the price of one stat() per file and no
// allocation. Not for: finding files (js_module_path.h). One per heap; main thread. Exports live in the heap
// (require.cache), this class remembers file versions and who required whom.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "worker/js_heap.h"
#include "worker/js_module_path.h"
#include "worker/js_packages.h"
#include "worker/js_source.h"

namespace ravelin::worker {

enum class ModuleLoad {
  kOk,        // exports pushed
  kNotFound,  // no such file; nothing pushed
  kFailed,    // the error value pushed; the module is not loaded, the next call tries again
};

class JsModules {
 public:
  // Attaches itself to the heap (JsHeap::modules).
  explicit JsModules(JsHeap& heap);
  ~JsModules();
  JsModules(const JsModules&) = delete;
  JsModules& operator=(const JsModules&) = delete;

  // Defines global require, module. install_globals() calls it.
  void install();

  // require(name) calls `opener` once, with no arguments; the value it returns (stack top, return 1) becomes the
  // exports. A built-in name wins over files.
  void register_builtin(std::string name, duk_c_function opener);

  // The main script (its directory is process.scriptPath) and process.installPath.
  void set_main_script(const std::string& path);
  void set_install_directory(std::string directory) { search_path_.install_directory = std::move(directory); }
  const std::string& main_script() const { return main_script_; }
  const SearchPath& search_path() const { return search_path_; }

  // The canonical file that require(name) would load for a caller in `base_directory` (may be empty); nullopt when
  // there is none. Built-ins are not files.
  std::optional<std::string> resolve(duk_context* js, std::string_view name, std::string_view base_directory);

  // Pushes the exports that require(name) gives to the function now running, and true; nothing and false when there is
  // no such module. Throws what loading it throws.
  bool push_required_exports(duk_context* js, std::string_view name);

  // The exports of the file, loaded or loaded again when it, or anything it required, has changed. Never throws: errors
  // are kFailed with the error value on the stack. `path` absolute, need not be canonical.
  ModuleLoad push_exports(duk_context* js, std::string_view path);

  // To be called in a worker: modules that were loaded before are those of the launcher, whose listeners and timers
  // stayed there. push_exports() loads such a module again, here; require() goes on with what there is: modules that
  // required it before keep the launcher's exports until a file changes.
  void leave_launcher() { first_own_serial_ = next_serial_; }

  // Directory of the file that holds the script function now running (for require and include); empty when none.
  std::string calling_directory(duk_context* js) const;
  // The id of the module in whose file that function stands; empty when it stands in none.
  std::string_view calling_module(duk_context* js) const;

 private:
  struct Module;
  struct Edge {
    Module* target;
    uint64_t serial;  // the load of the target that the owner has seen
    bool had_failed;  // the owner knows that this load threw
  };
  enum class State {
    kUnloaded,  // never loaded, or its file is gone
    kLoading,   // its code runs; require() of it gets the partly filled exports (a cycle)
    kLoaded,
    kFailed,  // its last load threw; not in the cache
  };
  struct Module {
    std::string id;                   // canonical path, or the name of a built-in
    duk_c_function opener = nullptr;  // built-in
    bool is_native = false;           // .so: loaded once, never again
    State state = State::kUnloaded;
    uint64_t serial = 0;  // changes with each load; counted over all modules
    // The launcher's load, when a worker has loaded the same version again for push_exports(): who has seen that load
    // is not stale. 0: none.
    uint64_t inherited_serial = 0;
    uint64_t checked_in = 0;  // the check that looked at this module last, so that cycles end
    FileSignature signature;  // of the loaded (or failed) version
    bool is_racy = false;     // loaded too soon after a change for the signature to be trusted: contents are compared
    size_t content_hash = 0;
    void* heap_id = nullptr;  // `id` as an engine string, kept reachable in the stash
    std::vector<Edge> requires_;
  };
  struct PathHash {
    using is_transparent = void;
    size_t operator()(std::string_view path) const { return std::hash<std::string_view>()(path); }
  };
  template <typename Value>
  using PathMap = std::unordered_map<std::string, Value, PathHash, std::equal_to<>>;
  struct PushRequest;
  struct LoadRequest;

  static duk_ret_t native_require(duk_context* js);  // magic: what is wanted
  static duk_ret_t protected_push(duk_context* js, void* request);
  static duk_ret_t protected_load(duk_context* js, void* request);

  Module& module_for(duk_context* js, const std::string& id, duk_c_function opener);
  Module* find_caller(duk_context* js) const;
  Module* find_fresh_alias(std::string_view path);
  // Loaded in the launcher. C modules are one for all: a library is never loaded again.
  bool is_inherited(const Module& module) const { return module.serial < first_own_serial_ && !module.is_native; }
  static void note_edge(Module* owner, Module& target);
  bool is_fresh(Module& module, const char* path);
  static bool file_unchanged(Module& module, const struct stat& status, const char* path);

  ResolvedFile find(duk_context* js, std::string_view name, std::string_view directory);
  int push_named(duk_context* js, std::string_view name);
  ModuleLoad push_from_file(duk_context* js, const std::string& path);
  bool push_cached(duk_context* js, const Module& module) const;
  void push_required(duk_context* js, Module& module, Module* caller);
  void push_loaded(duk_context* js, Module& module);
  void load_builtin(duk_context* js, Module& module);
  void load_javascript(duk_context* js, Module& module);
  void load_json(duk_context* js, Module& module);
  void read_version(duk_context* js, Module& module, SourceFile& file);
  void load_native(duk_context* js, Module& module);
  void push_new_module_object(duk_context* js, const Module& module, const struct stat* status);
  void forget(duk_context* js, Module& module, State state);

  JsHeap& heap_;
  std::string main_script_;
  SearchPath search_path_;
  JsPackages packages_;
  PathMap<duk_c_function> builtins_;
  PathMap<std::unique_ptr<Module>> modules_;  // by id; records are never removed, so pointers to them stay good
  PathMap<Module*> aliases_;                  // by path as push_exports() gets it, symlinks not followed
  uint64_t next_serial_ = 1;
  uint64_t first_own_serial_ = 0;  // loads with a lesser serial happened in the launcher
  uint64_t check_ = 0;
  // Engine objects, kept reachable in the stash.
  void* cache_ = nullptr;      // require.cache: id -> module object
  void* prototype_ = nullptr;  // of module objects
  void* ids_ = nullptr;        // its keys are the ids
};

// Free functions for callers that hold only a context.
std::optional<std::string> resolve_module(duk_context* js, std::string_view name, std::string_view base_directory);
ModuleLoad push_module_exports(duk_context* js, std::string_view path);

}  // namespace ravelin::worker
