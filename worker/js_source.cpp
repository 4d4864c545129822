#include "worker/js_source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/clock.h"
#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/compile_prepass.h"
#include "worker/compile_source.h"
#include "worker/engine_extra.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_microtasks.h"
#include "worker/js_module_path.h"

namespace ravelin::worker {

namespace {

// The kernel stamps files with the time of its last tick, 10 ms apart at most (CONFIG_HZ 100), twice that for safety.
constexpr int64_t kRacyWindowNs = 20 * static_cast<int64_t>(kNsPerMs);
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// On one line with the first line of the file: line numbers stay those of the file.
// The parentheses make a stray "}" in the file a SyntaxError; DUK_COMPILE_FUNCTION would silently ignore all behind it.
constexpr std::string_view kModuleHead = "(function (module, exports) {";
constexpr std::string_view kWrapperTail = "})";
// A main script with import or export: what the compiler makes of it wants `exports`.
constexpr std::string_view kProgramModuleHead = "(function () {var exports = {};";

enum class Wrapper { kNone, kModule, kProgramModule };

std::string_view head_of(Wrapper wrapper) {
  if (wrapper == Wrapper::kNone) return {};
  return wrapper == Wrapper::kModule ? kModuleHead : kProgramModuleHead;
}

// The tail stands on the last line of the text, so that a missing brace is reported there and not behind the end of the
// file; unless that line may end in a comment, which would swallow it.
void append_tail(std::string& source) {
  source.resize(source.find_last_not_of(" \t\r\n") + 1);  // the head is never blank
  const std::string_view last_line = std::string_view(source).substr(source.rfind('\n') + 1);
  for (std::string_view comment : {"//", "<!--", "-->"}) {
    if (last_line.find(comment) == std::string_view::npos) continue;
    source += '\n';
    break;
  }
  source += kWrapperTail;
}

// Reads to the end, since a file may grow between fstat and read.
int read_all(int fd, size_t expected_size, std::string& text) {
  text.resize(expected_size + 1);
  size_t used = 0;
  for (;;) {
    const ssize_t got = read(fd, text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    used += static_cast<size_t>(got);
    if (used == text.size()) text.resize(text.size() * 2);
  }
  text.resize(used);
  return 0;
}

void print_failure(const std::string& text) {
  about_to_block();
  fflush(stdout);
  fprintf(stderr, "%s\n", text.c_str());
  fflush(stderr);
}

// [ ... file name ] -> [ ... function ], or the error.
bool compile_noted(duk_context* js, duk_uint_t flags, std::string_view text, uint32_t source) {
  ravelin_set_source(source);
  const bool ok = duk_pcompile_lstring_filename(js, flags, text.data(), text.size()) == 0;
  ravelin_set_source(0);  // nothing was compiled when memory ran out before
  return ok;
}

// As push_compiled(), for a text that is as the engine wants it. `source`: see ravelin_set_source(). False: the error
// is pushed instead.
bool push_engine_compiled(duk_context* js, std::string_view text, std::string_view file_name, Wrapper wrapper,
                          uint32_t source) {
  if (wrapper == Wrapper::kNone) {
    push_text(js, file_name);
    return compile_noted(js, 0, text, source);
  }
  const std::string_view head = head_of(wrapper);
  std::string whole;
  whole.reserve(head.size() + text.size() + kWrapperTail.size() + 1);
  whole.append(head).append(text);
  append_tail(whole);
  push_text(js, file_name);
  if (!compile_noted(js, DUK_COMPILE_EVAL, whole, source)) return false;
  duk_call(js, 0);  // evaluates the wrapper to its function; nothing of the file runs
  return true;
}

// What the engine says of the parts of the language that neither it nor the compiler can do.
std::string explain(const std::string& message) {
  if (message.starts_with("invalid regexp flags")) return message + ": d, g, i, m, s, u and y are supported, each once";
  if (message.starts_with("invalid number literal")) return message + ": BigInt is not supported";
  return message;
}

// The engine refused what the compiler made, such as a broken regular expression: the error is on top, with a
// line of the compiled code in its message.
[[noreturn]] void throw_at_original_line(duk_context* js, std::string_view file_name) {
  constexpr std::string_view kLineMark = " (line ";
  std::string message = error_message(js, -1);
  constexpr std::string_view kName = "SyntaxError: ";
  if (message.starts_with(kName)) message.erase(0, kName.size());
  const size_t mark = message.rfind(kLineMark);
  if (mark == std::string::npos) duk_throw(js);
  const auto line = static_cast<uint32_t>(strtoul(message.c_str() + mark + kLineMark.size(), nullptr, 10));
  message.resize(mark);
  const uint32_t original = JsHeap::of(js).line_maps.line_of(file_name, line);
  throw_syntax_error(js, explain(message), file_name, original, 0);
}

void push_modern(duk_context* js, std::string_view text, std::string_view file_name, SourceKind kind) {
  ModernSource modern = compile_modern_source(js, text, file_name, kind);
  Wrapper wrapper = Wrapper::kNone;
  if (kind == SourceKind::kModule) {
    wrapper = Wrapper::kModule;
  } else if (modern.is_module) {
    wrapper = Wrapper::kProgramModule;
  }
  modern.original.head_bytes = static_cast<uint32_t>(head_of(wrapper).size());
  const uint32_t source = JsHeap::of(js).function_sources.add(file_name, std::move(modern.original));
  if (!push_engine_compiled(js, modern.code, file_name, wrapper, source)) throw_at_original_line(js, file_name);
}

// The number of a text that the engine compiles as it is, if its functions keep their text; else 0.
uint32_t plain_source(duk_context* js, std::string_view text, std::string_view file_name, Directive directive,
                      Wrapper wrapper) {
  FunctionSources& sources = JsHeap::of(js).function_sources;
  if (directive == Directive::kTranspilerGlobally) sources.is_for_all = true;
  const bool is_modern = directive != Directive::kNone || sources.is_for_all;
  if (!is_modern || directive == Directive::kNoTranspile) {
    sources.forget(file_name);
    return 0;
  }
  FunctionSources::Source source;
  if (wants_function_sources(text)) source.text = text;
  source.head_bytes = static_cast<uint32_t>(head_of(wrapper).size());
  return sources.add(file_name, std::move(source));
}

// The engine says "invalid json (at offset 12)"; people want the line.
[[noreturn]] void throw_json_error(duk_context* js, std::string message, std::string_view text,
                                   std::string_view file_name) {
  constexpr std::string_view kOffsetMark = " (at offset ";
  if (message.starts_with("SyntaxError: ")) message.erase(0, strlen("SyntaxError: "));
  uint32_t line = 1;
  if (const size_t mark = message.rfind(kOffsetMark); mark != std::string::npos) {
    const size_t offset = strtoul(message.c_str() + mark + kOffsetMark.size(), nullptr, 10);
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    line += static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n'));
    message.resize(mark);
  }
  throw_syntax_error(js, message, file_name, line, 0);
}

}  // namespace

FileSignature FileSignature::of(const struct stat& status) {
  return {static_cast<int64_t>(status.st_mtim.tv_sec) * static_cast<int64_t>(kNsPerSecond) + status.st_mtim.tv_nsec,
          status.st_size, status.st_ino, status.st_dev};
}

bool FileSignature::is_racy_at(int64_t wall_ns) const {
  // A time further in the future was set by hand (touch -d); the next write will not repeat it.
  return wall_ns < mtime_ns + kRacyWindowNs && wall_ns > mtime_ns - kRacyWindowNs;
}

int64_t wall_clock_ns() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * static_cast<int64_t>(kNsPerSecond) + now.tv_nsec;
}

int read_source_file(const std::string& path, SourceFile& file) {
  // O_NONBLOCK: a FIFO in place of the file must not hang the worker.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd || fstat(fd.get(), &file.status) != 0) return errno;
  if (!S_ISREG(file.status.st_mode)) return S_ISDIR(file.status.st_mode) ? EISDIR : ENOENT;
  file.signature = FileSignature::of(file.status);
  return read_all(fd.get(), static_cast<size_t>(file.status.st_size), file.text);
}

void push_compiled(duk_context* js, std::string_view text, std::string_view file_name, SourceKind kind) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::string commented;
  if (text.starts_with("#!")) {
    commented = "//";
    commented += text.substr(2);
    text = commented;
  }
  if (!is_typescript_name(file_name)) {
    const Wrapper wrapper = kind == SourceKind::kModule ? Wrapper::kModule : Wrapper::kNone;
    const Directive directive = read_directive(text);
    const uint32_t source = plain_source(js, text, file_name, directive, wrapper);
    const bool ok = push_engine_compiled(js, text, file_name, wrapper, source);
    const bool is_final = ok ? !has_disguised_let(text) : duk_get_error_code(js, -1) != DUK_ERR_SYNTAX_ERROR;
    if (is_final || directive == Directive::kNoTranspile) {
      if (!ok) duk_throw(js);
      JsHeap::of(js).line_maps.forget(file_name);
      return;
    }
    duk_pop(js);  // what the engine does not understand may be modern
  }
  push_modern(js, text, file_name, kind);
}

void push_json(duk_context* js, std::string_view text, std::string_view file_name) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  push_text(js, text);
  const bool ok = run_protected(js, [](duk_context* inner) { duk_json_decode(inner, -1); });
  if (!ok) throw_json_error(js, error_message(js, -1), text, file_name);
}

bool run_main_script(duk_context* js, const std::string& path) {
  SourceFile file;
  if (int error = read_source_file(path, file)) {
    print_failure("ravelin: could not read script " + path + ": " + errno_text(error));
    return false;
  }
  const std::string name = canonical_path(path).value_or(path);
  const bool ok = run_protected(js, [&](duk_context* inner) {
    push_compiled(inner, file.text, name, SourceKind::kProgram);
    file.text = std::string();  // the engine keeps its own form; workers would inherit these pages
    duk_push_global_object(inner);
    duk_call_method(inner, 0);
  });
  if (ok) {
    run_microtasks(JsHeap::of(js));
    return true;
  }
  print_failure(error_text(js, -1));
  duk_pop(js);
  return false;
}

}  // namespace ravelin::worker
