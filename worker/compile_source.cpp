#include "worker/compile_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>

#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/compile_prepass.h"
#include "worker/compile_process.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_process.h"

namespace ravelin::worker {

namespace {

constexpr const char* kBytecodeName = "typescript.duk";
// To be raised when the prepass or the form of what the compiler gives changes, so that no cache has old results.
constexpr const char* kRevision = "1";

// The compiler of this process and what it inherited.
class Compiler {
 public:
  explicit Compiler(CompilerSettings settings) : cache_(std::move(settings.cache)) {
    program_.executable = std::move(settings.executable);
    open_bytecode(settings.bytecode_file);
  }

  CompileCache& cache() { return cache_; }

  Result<Compiled> compile(const CompileRequest& request) {
    const CompileCache::Key key = CompileCache::key_of(request.source, flags_ + (request.is_typescript ? "ts" : "js"));
    if (auto found = cache_.find(key)) return std::move(*found);
    about_to_block();
    const UniqueFd lock = cache_.lock(key);
    if (auto found = lock ? cache_.find(key) : std::nullopt) return std::move(*found);
    auto compiled = compile_in_process(program_, request);
    if (compiled) cache_.store(key, compiled.value());
    return compiled;
  }

 private:
  void open_bytecode(const std::string& file) {
    const std::string folder = executable_directory();
    for (const std::string& path : {file, folder + "/" + kBytecodeName, folder + "/../lib/ravelin/" + kBytecodeName}) {
      if (path.empty()) continue;
      bytecode_.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (bytecode_ || !file.empty()) break;
    }
    program_.bytecode_fd = bytecode_.get();
    struct stat status = {};
    if (bytecode_) fstat(bytecode_.get(), &status);
    flags_ = std::string(kRevision) + " " + std::to_string(status.st_size) + " " +
             std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " " +
             CompileCache::key_of(compiler_host_bytecode(), "host") + " ";
  }

  CompileCache cache_;
  CompileProgram program_;
  UniqueFd bytecode_;
  std::string flags_;  // what results depend on besides the source
};

std::unique_ptr<Compiler>& compiler_slot() {
  static std::unique_ptr<Compiler> compiler;
  return compiler;
}

Compiler& compiler() {
  std::unique_ptr<Compiler>& slot = compiler_slot();
  if (!slot) slot = std::make_unique<Compiler>(CompilerSettings());
  return *slot;
}

}  // namespace

void set_up_compiler(CompilerSettings settings) {
  if (!settings.cache.base.empty()) settings.cache.base = std::filesystem::absolute(settings.cache.base).string();
  compiler_slot() = std::make_unique<Compiler>(std::move(settings));
}

void prepare_compiler_for_user(uid_t uid, gid_t gid) { compiler().cache().prepare_for(uid, gid); }

bool is_typescript_name(std::string_view file_name) {
  return file_name.ends_with(".ts") || file_name.ends_with(".mts") || file_name.ends_with(".cts");
}

ModernSource compile_modern_source(duk_context* js, std::string_view source, std::string_view file_name) {
  JsHeap& heap = JsHeap::of(js);
  CompileRequest request{is_typescript_name(file_name), std::string(source)};
  if (may_use_template_extensions(source) && read_directive(source) != Directive::kBabel)
    request.source = rewrite_template_extensions(source);
  auto result = compiler().compile(request);
  if (!result)
    throw_error(js, "%.*s: %s", static_cast<int>(file_name.size()), file_name.data(), result.error().message.c_str());
  Compiled& compiled = result.value();
  if (!compiled.ok) throw_syntax_error(js, compiled.code, file_name, compiled.error_line, compiled.error_column);
  heap.line_maps.set(file_name, std::move(compiled.line_table));
  return {std::move(compiled.code), compiled.is_module};
}

void throw_syntax_error(duk_context* js, std::string_view message, std::string_view file_name, uint32_t line,
                        uint32_t column) {
  JsHeap::of(js).line_maps.forget(file_name);  // the line is one of the original already
  std::string text(message.substr(0, message.find('\n')));
  if (text.ends_with('.')) text.pop_back();
  text += " (line " + std::to_string(line);
  if (column > 0) text += ", column " + std::to_string(column);
  text += ")";
  duk_push_error_object_raw(js, DUK_ERR_SYNTAX_ERROR, std::string(file_name).c_str(), static_cast<duk_int_t>(line),
                            "%s", text.c_str());
  duk_throw(js);
  __builtin_unreachable();
}

}  // namespace ravelin::worker
