#include "worker/js_source.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "common/clock.h"
#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_module_path.h"

namespace ravelin::worker {

namespace {

// The kernel stamps files with the time of its last tick, 10 ms apart at most (CONFIG_HZ 100), twice that for safety.
constexpr int64_t kRacyWindowNs = 20 * static_cast<int64_t>(kNsPerMs);
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// On one line with the first line of the file: line numbers stay those of the file.
// The parentheses make a stray "}" in the file a SyntaxError; DUK_COMPILE_FUNCTION would silently ignore all behind it.
constexpr std::string_view kModuleHead = "(function (module, exports) {";
constexpr std::string_view kModuleTail = "\n})";

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
  const bool has_interpreter_line = text.starts_with("#!");
  if (has_interpreter_line) text.remove_prefix(2);
  std::string source;
  source.reserve(text.size() + kModuleHead.size() + kModuleTail.size() + 2);
  if (kind == SourceKind::kModule) source += kModuleHead;
  if (has_interpreter_line) source += "//";
  source += text;
  if (kind == SourceKind::kModule) source += kModuleTail;
  push_text(js, file_name);
  if (kind == SourceKind::kProgram) {
    duk_compile_lstring_filename(js, 0, source.data(), source.size());
  } else {
    duk_compile_lstring_filename(js, DUK_COMPILE_EVAL, source.data(), source.size());
    duk_call(js, 0);  // evaluates the wrapper to its function; nothing of the file runs
  }
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
  if (ok) return true;
  print_failure(error_text(js, -1));
  duk_pop(js);
  return false;
}

}  // namespace ravelin::worker
