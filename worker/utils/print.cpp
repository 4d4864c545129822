#include "worker/utils/print.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/format_printf.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_handle.h"

namespace ravelin::worker {
namespace {

constexpr mode_t kCreateMode = 0666;  // the umask cuts it

duk_ret_t utils_sprintf(duk_context* ctx) {
  format_push_string(ctx, 0);
  return 1;
}

duk_ret_t utils_bprintf(duk_context* ctx) {
  std::string out;
  format_append(ctx, 0, out);
  push_buffer(ctx, out);
  return 1;
}

// abprintf(buf[, start], fmt, ...)
duk_ret_t utils_abprintf(duk_context* ctx) {
  std::string_view bytes;
  if (!get_bytes(ctx, 0, bytes)) throw_error(ctx, "abprintf(): first argument must be a Buffer");
  std::string out(bytes);
  bool has_start = duk_is_number(ctx, 1);
  if (has_start) {
    double size = static_cast<double>(out.size());
    double start = std::trunc(duk_get_number(ctx, 1));
    if (start < 0) start += size;
    out.resize(static_cast<size_t>(std::isnan(start) ? size : std::clamp(start, 0.0, size)));
  }
  format_append(ctx, has_start || duk_is_undefined(ctx, 1) ? 2 : 1, out);
  push_buffer(ctx, out);
  return 1;
}

// toJsonSafe(value): what %!J prints.
duk_ret_t utils_to_json_safe(duk_context* ctx) {
  duk_set_top(ctx, 1);
  std::string out;
  append_as_json(out, ctx, 0, 0, /*safe=*/true);
  push_text(ctx, out);
  return 1;
}

duk_ret_t utils_printf(duk_context* ctx) {
  FileHandle output(STDOUT_FILENO);
  duk_push_number(ctx, static_cast<double>(print_to_handle(ctx, output, 0)));
  return 1;
}

// fprintf(filename[, append], fmt, ...)
size_t print_to_file(duk_context* ctx) {
  std::string path = path_at(ctx, 0, "fprintf");
  bool has_append = duk_is_boolean(ctx, 1);
  bool appends = has_append && duk_get_boolean(ctx, 1);
  std::string out;
  format_append(ctx, has_append || duk_is_undefined(ctx, 1) ? 2 : 1, out);
  about_to_block();
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (appends ? O_APPEND : 0), kCreateMode));
  if (!file) throw_error(ctx, "error opening file '%s': %s", path.c_str(), errno_text(errno).c_str());
  // Truncated under the lock, not by open(): another process may be in the middle of writing.
  flock(file.get(), LOCK_EX);
  if (!appends && ftruncate(file.get(), 0) != 0 && errno != EINVAL) {
    throw_error(ctx, "error opening file '%s': %s", path.c_str(), errno_text(errno).c_str());
  }
  if (write_all(file.get(), out) < out.size()) {
    throw_error(ctx, "error writing file '%s': %s", path.c_str(), errno_text(errno).c_str());
  }
  return out.size();
}

duk_ret_t utils_fprintf(duk_context* ctx) {
  size_t written = 0;
  if (is_text(ctx, 0)) {
    written = print_to_file(ctx);
  } else if (duk_is_object(ctx, 0)) {
    written = print_to_handle(ctx, require_file_handle(ctx, 0, "fprintf"), 1);
  } else {
    throw_error(ctx, "fprintf(output): output must be a filehandle opened with fopen() or a String (filename)");
  }
  duk_push_number(ctx, static_cast<double>(written));
  return 1;
}

}  // namespace

size_t print_to_handle(duk_context* ctx, FileHandle& handle, duk_idx_t format_index) {
  std::string out;
  format_append(ctx, format_index, out, is_terminal(handle) ? FormatSink::kTerminal : FormatSink::kBytes);
  about_to_block();
  size_t written = handle.write(out);
  // A terminal or pipe behind a standard stream that went away must not turn every page that prints into an error.
  if (written < out.size() && !handle.is_standard()) throw_error(ctx, "fprintf(): %s", errno_text(errno).c_str());
  return written;
}

void put_print_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"printf", guarded<utils_printf>},   {"sprintf", guarded<utils_sprintf>},
      {"bprintf", guarded<utils_bprintf>}, {"abprintf", guarded<utils_abprintf>},
      {"fprintf", guarded<utils_fprintf>}, {"toJsonSafe", guarded<utils_to_json_safe>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
