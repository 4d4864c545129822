#include "worker/js_modules.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>

#include <utility>

#include "common/check.h"
#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

constexpr const char* kStore = "ravelinModules";  // in the heap stash
// Paths that the server has asked for. There are as many as module files, unless links let one file have endless names.
constexpr size_t kMaxAliases = 4096;

enum Magic : duk_int_t { kWantExports = 0, kWantModule = 1, kWantPath = 2 };

// The text of a C library error for a C module.
std::string loader_error() {
  const char* text = dlerror();
  return text ? text : "unknown error";
}

[[noreturn]] void throw_unresolved(duk_context* js, std::string_view name, int error) {
  throw_error(js, "Could not resolve module id %s: %s", std::string(name).c_str(), errno_text(error).c_str());
}

void define_constant(duk_context* js, const char* name) {
  // [ ... object value ]
  duk_push_string(js, name);
  duk_insert(js, -2);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_CLEAR_WC | DUK_DEFPROP_SET_ENUMERABLE);
}

// Pushes a new object without prototype that lives in the stash object at `store` under `name`.
void* push_stored_object(duk_context* js, duk_idx_t store, const char* name) {
  duk_push_bare_object(js);
  duk_dup_top(js);
  duk_put_prop_string(js, store, name);
  return duk_get_heapptr(js, -1);
}

}  // namespace

// What push_exports() wants from inside duk_safe_call, and what it gets.
struct JsModules::PushRequest {
  JsModules* self;
  std::string_view path;
  ModuleLoad result;
};

struct JsModules::LoadRequest {
  JsModules* self;
  Module* module;
};

JsModules::JsModules(JsHeap& heap) : heap_(heap) {
  CHECK(!heap.modules);
  heap.modules = this;
  duk_context* js = heap.js();
  const bool ok = run_protected(js, [this](duk_context* inner) {
    duk_push_heap_stash(inner);
    duk_push_bare_object(inner);
    const duk_idx_t store = duk_get_top_index(inner);
    cache_ = push_stored_object(inner, store, "cache");
    prototype_ = push_stored_object(inner, store, "prototype");
    duk_push_object(inner);
    duk_get_prototype(inner, -1);
    duk_set_prototype(inner, -3);
    duk_pop(inner);
    duk_push_c_function(inner, guarded<native_require>, 1);
    duk_set_magic(inner, -1, kWantModule);
    duk_put_prop_string(inner, -2, "resolve");
    ids_ = push_stored_object(inner, store, "ids");
    duk_dup(inner, store);
    duk_put_prop_string(inner, store - 1, kStore);
  });
  if (!ok) throw std::bad_alloc();
}

JsModules::~JsModules() { heap_.modules = nullptr; }

void JsModules::install() {
  duk_context* js = heap_.js();
  duk_push_global_object(js);
  duk_push_c_function(js, guarded<native_require>, 1);
  duk_set_magic(js, -1, kWantExports);
  duk_push_heapptr(js, cache_);
  define_constant(js, "cache");
  duk_push_c_function(js, guarded<native_require>, 1);
  duk_set_magic(js, -1, kWantPath);
  define_constant(js, "resolve");
  define_constant(js, "require");
  duk_push_object(js);  // of the main script: only the function that the others inherit
  duk_push_heapptr(js, prototype_);
  duk_get_prop_literal(js, -1, "resolve");
  duk_put_prop_literal(js, -3, "resolve");
  duk_pop(js);
  duk_put_prop_literal(js, -2, "module");
  duk_pop(js);
}

void JsModules::register_builtin(std::string name, duk_c_function opener) {
  builtins_.insert_or_assign(std::move(name), opener);
}

void JsModules::set_main_script(const std::string& path) {
  main_script_ = canonical_path(path).value_or(path);
  search_path_.script_directory = directory_of(main_script_);
}

std::optional<std::string> JsModules::resolve(duk_context* js, std::string_view name, std::string_view base_directory) {
  ResolvedFile found = find(js, name, base_directory);
  return found.path.empty() ? std::nullopt : std::optional(std::move(found.path));
}

// The documented list and Node's rules, in the order that suits the caller (js_packages.h).
ResolvedFile JsModules::find(duk_context* js, std::string_view name, std::string_view directory) {
  std::string_view base = directory.empty() ? std::string_view(search_path_.script_directory) : directory;
  const bool packages_first = is_in_package(std::string(base) + "/");
  if (packages_first) {
    if (auto file = packages_.resolve(js, name, base)) return {std::move(*file), 0};
  }
  ResolvedFile found = resolve_module_name(search_path_, name, directory);
  if (!found.path.empty() || packages_first) return found;
  if (auto file = packages_.resolve(js, name, base)) return {std::move(*file), 0};
  return found;
}

// ---- who required whom, and what has changed since

JsModules::Module& JsModules::module_for(duk_context* js, const std::string& id, duk_c_function opener) {
  std::unique_ptr<Module>& slot = modules_[id];
  if (!slot) {
    slot = std::make_unique<Module>();
    slot->id = id;
    slot->opener = opener;
    slot->is_native = !opener && is_library_name(id);
  }
  if (!slot->heap_id) {
    StackGuard guard(js);
    duk_push_heapptr(js, ids_);
    push_text(js, id);
    void* heap_id = duk_get_heapptr(js, -1);
    duk_push_true(js);
    duk_put_prop(js, -3);
    slot->heap_id = heap_id;
  }
  return *slot;
}

// The module whose code called the running native function: functions remember their file, so that this also holds in
// timer callbacks and request handlers (runtime-api 3.1).
JsModules::Module* JsModules::find_caller(duk_context* js) const {
  StackGuard guard(js);
  for (duk_int_t level = -2;; --level) {
    duk_inspect_callstack_entry(js, level);
    if (!duk_is_object(js, -1)) return nullptr;
    duk_get_prop_literal(js, -1, "function");
    if (duk_is_ecmascript_function(js, -1) && duk_get_prop_literal(js, -1, "fileName") && duk_is_string(js, -1)) {
      std::string scratch;
      std::string_view file = utf8_view(engine_text(js, -1), scratch);
      if (auto found = modules_.find(file); found != modules_.end()) return found->second.get();
      if (file.starts_with('/')) return nullptr;  // the main script or an included file; eval code looks further up
    }
    duk_set_top(js, guard.top());
  }
}

std::string JsModules::calling_directory(duk_context* js) const {
  const Module* caller = find_caller(js);
  return caller ? std::string(directory_of(caller->id)) : std::string();
}

std::string_view JsModules::calling_module(duk_context* js) const {
  const Module* caller = find_caller(js);
  return caller ? std::string_view(caller->id) : std::string_view();
}

void JsModules::note_edge(Module* owner, Module& target) {
  if (!owner || target.opener || owner == &target) return;
  const bool had_failed = target.state == State::kFailed;
  for (Edge& edge : owner->requires_) {
    if (edge.target != &target) continue;
    edge.serial = target.serial;
    edge.had_failed = had_failed;
    return;
  }
  owner->requires_.push_back({&target, target.serial, had_failed});
}

bool JsModules::file_unchanged(Module& module, const struct stat& status, const char* path) {
  if (module.is_native) return true;
  if (FileSignature::of(status) != module.signature) return false;
  if (!module.is_racy) return true;
  const int64_t now = wall_clock_ns();
  SourceFile file;
  about_to_block();
  if (read_source_file(path, file) != 0) return false;
  if (std::hash<std::string>()(file.text) != module.content_hash) return false;
  module.is_racy = module.signature.is_racy_at(now);
  return true;
}

// True when neither the file at `path` (the module's own, maybe by another name) nor anything that the module required
// has changed. A module that this check has met before is in a cycle or was fine: the first stale one ends the check.
bool JsModules::is_fresh(Module& module, const char* path) {
  if (module.opener || module.checked_in == check_) return true;
  module.checked_in = check_;
  struct stat status;
  if (stat(path, &status) != 0 || !file_unchanged(module, status, path)) return false;
  for (const Edge& edge : module.requires_) {
    // In a cycle the owner may hold the half-filled exports of a module that failed later.
    Module& target = *edge.target;
    const bool is_half_loaded = target.state == State::kFailed && !edge.had_failed;
    const bool is_current = edge.serial == target.serial && !is_half_loaded;
    if (!is_current && edge.serial != target.inherited_serial) return false;
    if (!is_fresh(target, target.id.c_str())) return false;
  }
  return true;
}

JsModules::Module* JsModules::find_fresh_alias(std::string_view path) {
  auto found = aliases_.find(path);
  if (found == aliases_.end() || found->second->state != State::kLoaded) return nullptr;
  if (is_inherited(*found->second)) return nullptr;
  ++check_;
  return is_fresh(*found->second, found->first.c_str()) ? found->second : nullptr;
}

// ---- loading

// Pushes the module object from require.cache; pushes nothing when it is not there.
bool JsModules::push_cached(duk_context* js, const Module& module) const {
  duk_push_heapptr(js, cache_);
  duk_push_heapptr(js, module.heap_id);
  duk_get_prop(js, -2);
  duk_remove(js, -2);
  if (duk_is_object(js, -1)) return true;
  duk_pop(js);
  return false;
}

void JsModules::forget(duk_context* js, Module& module, State state) {
  module.state = state;
  duk_push_heapptr(js, cache_);
  duk_push_heapptr(js, module.heap_id);
  duk_del_prop(js, -2);
  duk_pop(js);
}

// Pushes the module object, loading it when needed; throws what the module threw. `caller` depends on it from now on.
void JsModules::push_required(duk_context* js, Module& module, Module* caller) {
  ++check_;
  const bool is_usable =
      module.state == State::kLoading || (module.state == State::kLoaded && is_fresh(module, module.id.c_str()));
  if (is_usable && push_cached(js, module)) {
    note_edge(caller, module);
    return;
  }
  if (module.state == State::kLoading) {
    throw_error(js, "Could not load module '%s': it was removed from require.cache while it was loading",
                module.id.c_str());
  }
  // Loading for another reason than that the module was the launcher's, or with another outcome.
  if (module.inherited_serial != 0 && (module.state == State::kLoaded || !is_fresh(module, module.id.c_str())))
    module.inherited_serial = 0;
  LoadRequest request{this, &module};
  const bool ok = duk_safe_call(js, protected_load, &request, 0, 1) == DUK_EXEC_SUCCESS;
  if (!ok) forget(js, module, State::kFailed);
  note_edge(caller, module);
  if (!ok) duk_throw(js);
}

duk_ret_t JsModules::protected_load(duk_context* js, void* request) {
  duk_require_stack(js, 16);
  auto [self, module] = *static_cast<LoadRequest*>(request);
  self->push_loaded(js, *module);
  return 1;
}

void JsModules::push_loaded(duk_context* js, Module& module) {
  module.state = State::kLoading;
  module.serial = next_serial_++;
  module.requires_.clear();
  if (module.opener) {
    load_builtin(js, module);
  } else if (module.is_native) {
    load_native(js, module);
  } else if (module.id.ends_with(".json")) {
    load_json(js, module);
  } else {
    load_javascript(js, module);
  }
  module.state = State::kLoaded;
}

// Pushes a module object (runtime-api 3.2) and puts it into the cache.
void JsModules::push_new_module_object(duk_context* js, const Module& module, const struct stat* status) {
  duk_push_object(js);
  duk_push_heapptr(js, prototype_);
  duk_set_prototype(js, -2);
  duk_push_heapptr(js, module.heap_id);
  define_constant(js, "id");
  push_text(js, status ? directory_of(module.id) : std::string_view());
  define_constant(js, "path");
  duk_push_object(js);
  duk_put_prop_literal(js, -2, "exports");
  if (status) {
    duk_push_number(js, static_cast<double>(status->st_mtim.tv_sec));
    duk_put_prop_literal(js, -2, "mtime");
    duk_push_number(js, static_cast<double>(status->st_atim.tv_sec));
    duk_put_prop_literal(js, -2, "atime");
  }
  duk_push_heapptr(js, cache_);
  duk_push_heapptr(js, module.heap_id);
  duk_dup(js, -3);
  duk_put_prop(js, -3);
  duk_pop(js);
}

void JsModules::load_builtin(duk_context* js, Module& module) {
  push_new_module_object(js, module, nullptr);
  duk_push_c_function(js, module.opener, 0);
  duk_call(js, 0);
  duk_put_prop_literal(js, -2, "exports");
}

// Reads the file, and notes which version of it the module will be.
void JsModules::read_version(duk_context* js, Module& module, SourceFile& file) {
  module.signature = FileSignature();
  const int64_t now = wall_clock_ns();
  about_to_block();
  if (int error = read_source_file(module.id, file)) {
    throw_error(js, "Could not resolve module id %s: %s", module.id.c_str(), errno_text(error).c_str());
  }
  module.signature = file.signature;
  module.is_racy = file.signature.is_racy_at(now);
  module.content_hash = module.is_racy ? std::hash<std::string>()(file.text) : 0;
}

void JsModules::load_json(duk_context* js, Module& module) {
  SourceFile file;
  read_version(js, module, file);
  push_json(js, file.text, module.id);
  push_new_module_object(js, module, &file.status);
  duk_swap_top(js, -2);
  duk_put_prop_literal(js, -2, "exports");
}

void JsModules::load_javascript(duk_context* js, Module& module) {
  SourceFile file;
  read_version(js, module, file);
  push_compiled(js, file.text, module.id, SourceKind::kModule);
  file.text = std::string();
  push_new_module_object(js, module, &file.status);
  duk_insert(js, -2);
  duk_push_global_object(js);
  duk_dup(js, -3);
  duk_get_prop_literal(js, -1, "exports");
  duk_call_method(js, 2);
  duk_pop(js);
}

void JsModules::load_native(duk_context* js, Module& module) {
  about_to_block();
  struct stat status = {};
  stat(module.id.c_str(), &status);
  // Global symbols (runtime-api 3.4), and never unloaded: the heap may hold functions of the library until it dies.
  void* library = dlopen(module.id.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library) throw_error(js, "Error loading: %s", loader_error().c_str());
  push_new_module_object(js, module, &status);
  auto opener = reinterpret_cast<duk_c_function>(dlsym(library, "duk_open_module"));
  if (!opener) return;
  duk_push_c_function(js, opener, 0);
  if (!call_protected(js, 0)) {
    throw_error(js, "Error loading module '%s' - %s", module.id.c_str(), error_message(js, -1).c_str());
  }
  if (duk_is_undefined(js, -1)) {
    duk_pop(js);
  } else {
    duk_put_prop_literal(js, -2, "exports");
  }
}

// ---- entry points

duk_ret_t JsModules::native_require(duk_context* js) {
  JsModules* self = JsHeap::of(js).modules;
  if (!self) throw_error(js, "require(): this context has no modules");
  std::string scratch;
  if (!duk_is_string(js, 0)) {
    throw_error(js, "Could not resolve module id %s: %s", duk_safe_to_string(js, 0), strerror(ENOENT));
  }
  const std::string_view name = utf8_view(engine_text(js, 0), scratch);
  const duk_int_t wanted = duk_get_current_magic(js);
  if (wanted == kWantPath) {
    if (self->builtins_.find(name) != self->builtins_.end()) return 1;  // the name itself
    const ResolvedFile found = self->find(js, name, self->calling_directory(js));
    if (found.path.empty()) throw_unresolved(js, name, found.error);
    push_text(js, found.path);
    return 1;
  }
  if (int error = self->push_named(js, name)) throw_unresolved(js, name, error);
  if (wanted == kWantExports) duk_get_prop_literal(js, -1, "exports");
  return 1;
}

// Pushes the module object that `name` means to the running function, loading it when needed: 0. Nothing, and the
// errno of the search, when there is none.
int JsModules::push_named(duk_context* js, std::string_view name) {
  Module* caller = find_caller(js);
  if (auto builtin = builtins_.find(name); builtin != builtins_.end()) {
    push_required(js, module_for(js, builtin->first, builtin->second), caller);
    return 0;
  }
  const ResolvedFile found = find(js, name, caller ? directory_of(caller->id) : std::string_view());
  if (found.path.empty()) return found.error;
  push_required(js, module_for(js, found.path, nullptr), caller);
  return 0;
}

bool JsModules::push_required_exports(duk_context* js, std::string_view name) {
  if (push_named(js, name) != 0) return false;
  duk_get_prop_literal(js, -1, "exports");
  duk_remove(js, -2);
  return true;
}

ModuleLoad JsModules::push_exports(duk_context* js, std::string_view path) {
  PushRequest request{this, path, ModuleLoad::kFailed};
  if (duk_safe_call(js, protected_push, &request, 0, 1) != DUK_EXEC_SUCCESS) return ModuleLoad::kFailed;
  if (request.result == ModuleLoad::kNotFound) duk_pop(js);
  return request.result;
}

duk_ret_t JsModules::protected_push(duk_context* js, void* argument) {
  PushRequest& request = *static_cast<PushRequest*>(argument);
  JsModules& self = *request.self;
  duk_require_stack(js, 16);
  Module* fresh = self.find_fresh_alias(request.path);
  if (fresh && self.push_cached(js, *fresh)) {
    request.result = ModuleLoad::kOk;
  } else {
    request.result = self.push_from_file(js, std::string(request.path));
  }
  if (request.result == ModuleLoad::kNotFound) return 0;
  duk_get_prop_literal(js, -1, "exports");
  return 1;
}

// The slow way: the path is new, or something behind it has changed.
ModuleLoad JsModules::push_from_file(duk_context* js, const std::string& path) {
  const std::optional<std::string> id = canonical_path(path);
  if (!id || !is_regular_file(*id)) {
    if (auto known = aliases_.find(path); known != aliases_.end()) {
      forget(js, *known->second, State::kUnloaded);
      aliases_.erase(known);
    }
    return ModuleLoad::kNotFound;
  }
  Module& module = module_for(js, *id, nullptr);
  if (aliases_.size() >= kMaxAliases) aliases_.clear();
  aliases_.insert_or_assign(path, &module);
  if (module.state == State::kLoaded && is_inherited(module)) {
    module.state = State::kUnloaded;
    module.inherited_serial = module.serial;
  }
  push_required(js, module, nullptr);
  return ModuleLoad::kOk;
}

std::optional<std::string> resolve_module(duk_context* js, std::string_view name, std::string_view base_directory) {
  JsModules* modules = JsHeap::of(js).modules;
  CHECK(modules);
  return modules->resolve(js, name, base_directory);
}

ModuleLoad push_module_exports(duk_context* js, std::string_view path) {
  JsModules* modules = JsHeap::of(js).modules;
  CHECK(modules);
  return modules->push_exports(js, path);
}

}  // namespace ravelin::worker
