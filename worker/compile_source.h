// From a script file's text to text that the engine compiles: what a file needs that the engine refused (runtime-api
// 6). Template extensions are rewritten, the compile process is asked unless the cache knows the answer, the line table
// goes to the heap's LineMaps. Not for: plain ES5, which never comes here (js_source.h). Launcher and workers, main
// thread.
#pragma once

#include <duktape.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "worker/compile_cache.h"
#include "worker/compile_client.h"
#include "worker/function_sources.h"
#include "worker/js_source.h"

namespace ravelin::worker {

struct CompilerSettings {
  CacheSettings cache;
  std::string executable = "/proc/self/exe";
  std::string bytecode_file;  // empty: typescript.duk beside the executable, or in ../lib/ravelin
};

// For the process and its children, before any script. Opens the bytecode file, so that it stays readable when
// privileges are dropped. Without a call: the defaults, at the first file that needs the compiler.
void set_up_compiler(CompilerSettings settings);

// Before the process becomes another user for good: that user's cache folder.
void prepare_compiler_for_user(uid_t uid, gid_t gid);

bool is_typescript_name(std::string_view file_name);

struct ModernSource {
  std::string code;                  // ES5
  bool is_module = false;            // has import or export: its variables are its own, and it wants `exports`
  FunctionSources::Source original;  // for the heap's function_sources, which wants to know what stands before the code
};

// Compiles; throws SyntaxError with the place in the original, or Error when there was no compiling, not in time for
// the heap's deadline for one. Makes stacks that name `file_name` show original lines.
ModernSource compile_modern_source(duk_context* js, std::string_view source, std::string_view file_name,
                                   SourceKind kind);

// The same for text that is no file (eval): the code, each line where it was. `name` stands in the place of errors.
std::string compile_modern_text(duk_context* js, std::string_view source, std::string_view name, bool has_extensions);

// Throws a SyntaxError whose stack begins with the place. `column` 0: unknown.
[[noreturn]] void throw_syntax_error(duk_context* js, std::string_view message, std::string_view file_name,
                                     uint32_t line, uint32_t column);

}  // namespace ravelin::worker
