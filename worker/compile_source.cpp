#include "worker/compile_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <memory>

#include "common/clock.h"
#include "common/limits.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/compile_client.h"
#include "worker/compile_prepass.h"
#include "worker/compile_process.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_process.h"

namespace ravelin::worker {

namespace {

constexpr const char* kBytecodeName = "typescript.duk";
// To be raised when the prepass or the form of what the compiler gives changes, so that no cache has old results.
constexpr const char* kRevision = "6";

// The compiler of this process and what it inherited.
class Compiler {
 public:
  explicit Compiler(CompilerSettings settings) : cache_(std::move(settings.cache)) {
    program_.executable = std::move(settings.executable);
    open_bytecode(settings.bytecode_file);
  }

  CompileCache& cache() { return cache_; }

  // Gives up at the deadline (monotonic_ns()). A text that a script evaluates is perhaps evaluated again and again: the
  // last ones stay in memory.
  Result<Compiled> compile(CompileRequest request, uint64_t deadline_ns, bool is_text) {
    const char* kind = request.is_typescript ? "ts" : "js";
    request.key = CompileCache::key_of(request.source, flags_ + kind + (request.is_global_code ? " global" : ""));
    if (!is_text) return compile_keyed(std::move(request), deadline_ns);
    const CompileCache::Key key = request.key;
    const auto known = std::find_if(recent_.begin(), recent_.end(), [&](const Recent& r) { return r.key == key; });
    if (known != recent_.end()) return known->compiled;
    auto result = compile_keyed(std::move(request), deadline_ns);
    if (!result || result.value().code.size() > limits::kRecentTextBytes) return result;
    if (recent_.size() >= limits::kRecentTexts) recent_.pop_front();
    recent_.push_back({key, result.value()});
    return result;
  }

 private:
  struct Recent {
    CompileCache::Key key;
    Compiled compiled;
  };

  Result<Compiled> compile_keyed(CompileRequest request, uint64_t deadline_ns) {
    if (auto found = cache_.find(request.key)) return std::move(*found);
    about_to_block();
    const uint64_t deadline_ms = deadline_ns / kNsPerMs + 1;  // not before it, or the script could go on
    const UniqueFd lock = cache_.lock(request.key, std::min(deadline_ms, monotonic_ms() + limits::kCompileTimeoutMs));
    if (auto found = lock ? cache_.find(request.key) : std::nullopt) return std::move(*found);
    // The one that holds the lock goes on; one more for each request that ran out of time would only slow it down.
    if (monotonic_ms() >= deadline_ms) return compile_deadline_passed();
    request.cache_folder = cache_.folder();
    auto reply = compile_in_process(program_, request, lock.get(), deadline_ms);
    if (!reply) return reply.error();
    if (!reply.value().is_stored) cache_.store(request.key, reply.value().compiled);
    return std::move(reply.value().compiled);
  }

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
  std::deque<Recent> recent_;
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

namespace {

// The compiler, a script itself, would stumble over a byte that is no part of a character and could not say where.
void require_utf8(duk_context* js, std::string_view source, std::string_view file_name) {
  const size_t end = well_formed_prefix(source);
  if (end == source.size()) return;
  const std::string_view before = source.substr(0, end);
  const auto line = static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  char message[80];
  snprintf(message, sizeof message, "this is no script in UTF-8: invalid byte 0x%02X",
           static_cast<unsigned>(static_cast<unsigned char>(source[end])));
  throw_syntax_error(js, message, file_name, line, static_cast<uint32_t>(end - (before.rfind('\n') + 1)) + 1);
}

// What a text is, besides its name.
struct Wanted {
  bool is_text;  // and no file
  bool is_global_code;
  bool has_extensions;  // of templates
};

// `shifts`: from what was compiled to `source`.
Compiled compile(duk_context* js, std::string_view source, std::string_view file_name, Wanted wanted,
                 std::vector<TextShift>* shifts) {
  require_utf8(js, source, file_name);
  JsHeap& heap = JsHeap::of(js);
  CompileRequest request;
  const Directive directive = read_directive(source);
  request.is_typescript = is_typescript_name(file_name) || directive == Directive::kBabelTypescript;
  request.is_global_code = wanted.is_global_code;
  const bool is_babel = directive == Directive::kBabel || directive == Directive::kBabelTypescript;
  request.source = wanted.has_extensions && !is_babel && may_use_template_extensions(source)
                       ? rewrite_template_extensions(source, shifts)
                       : std::string(source);
  auto result = compiler().compile(std::move(request), heap.deadline_ns(), wanted.is_text);
  if (!result) {
    heap.check_interrupt();  // when that was the deadline, it has passed for the script too
    throw_error(js, "%.*s: %s", static_cast<int>(file_name.size()), file_name.data(), result.error().message.c_str());
  }
  const Compiled& compiled = result.value();
  if (!compiled.ok) throw_syntax_error(js, compiled.code, file_name, compiled.error_line, compiled.error_column);
  return std::move(result.value());
}

}  // namespace

ModernSource compile_modern_source(duk_context* js, std::string_view source, std::string_view file_name,
                                   SourceKind kind) {
  FunctionSources::Source original;
  Compiled compiled = compile(js, source, file_name, {false, kind != SourceKind::kModule, true}, &original.shifts);
  JsHeap& heap = JsHeap::of(js);
  heap.line_maps.set(file_name, std::move(compiled.line_table));
  if (wants_function_sources(source)) original.text = source;
  original.table = std::move(compiled.function_table);
  return {std::move(compiled.code), compiled.is_module, std::move(original)};
}

std::string compile_modern_text(duk_context* js, std::string_view source, std::string_view name, bool has_extensions) {
  const Compiled compiled = compile(js, source, name, {true, true, has_extensions}, nullptr);
  if (compiled.is_module) throw_syntax_error(js, "'import' and 'export' are for files only", name, 1, 0);
  return with_original_lines(compiled.code, compiled.line_table);
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
