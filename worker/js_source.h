// Script files on their way into the engine: reading, skipping a `#!` line, compiling with the right file name and line
// numbers. Main script, modules and included files all come through here. The engine tries first, so plain ES5 costs
// nothing more; what it refuses, and TypeScript, takes the way through compile_source.h.
// Not for: finding files (js_module_path.h). Main thread of any process that runs script.
#pragma once

#include <duktape.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ravelin::worker {

// What tells one version of a file from another. Two writes within the clock's tick can share all of it: see
// is_racy_at().
struct FileSignature {
  int64_t mtime_ns = 0;
  int64_t size = -1;
  uint64_t inode = 0;
  uint64_t device = 0;

  static FileSignature of(const struct stat& status);
  bool operator==(const FileSignature&) const = default;

  // File times advance in ticks of 1 to 10 ms: a file changed that shortly before `wall_ns` may change again and keep
  // its signature, so only its contents tell.
  bool is_racy_at(int64_t wall_ns) const;
};

// The clock that file times come from.
int64_t wall_clock_ns();

struct SourceFile {
  std::string text;
  FileSignature signature;
  struct stat status = {};
};

// Reads a regular file whole. Returns 0 or the errno.
int read_source_file(const std::string& path, SourceFile& file);

enum class SourceKind {
  kProgram,  // global code: compiles to a function without parameters
  kModule,   // wrapped: compiles to function (module, exports) { ... }
};

// Pushes the compiled function. `file_name` stands in stack traces. Throws SyntaxError.
void push_compiled(duk_context* js, std::string_view text, std::string_view file_name, SourceKind kind);

// Pushes what the JSON text of the file means. Throws SyntaxError with the line.
void push_json(duk_context* js, std::string_view text, std::string_view file_name);

// Reads, compiles and runs the main script as global code, and then its microtasks. False after an error, which it
// prints on stderr.
bool run_main_script(duk_context* js, const std::string& path);

}  // namespace ravelin::worker
