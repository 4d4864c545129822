#include "worker/utils/handle_functions.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/accounts.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_handle.h"
#include "worker/utils/file_read.h"
#include "worker/utils/file_stat.h"
#include "worker/utils/print.h"

namespace ravelin::worker {
namespace {

constexpr mode_t kCreateMode = 0666;                       // the umask cuts it
constexpr const char* kPrototype = "fileHandlePrototype";  // in the heap stash

// Every function is there twice: F(handle, ...) and handle.F(...).
enum CallForm : duk_int_t { kFunctionForm, kMethodForm };

// Makes index 0 the handle in both forms.
bool take_this(duk_context* ctx) {
  if (duk_get_current_magic(ctx) != kMethodForm) return false;
  duk_push_this(ctx);
  duk_insert(ctx, 0);
  return true;
}

// What fseek, rewind and fflush return: the handle as methods, nothing as functions.
duk_ret_t chained(duk_context* ctx, bool is_method) {
  if (!is_method) return 0;
  duk_dup(ctx, 0);
  return 1;
}

[[noreturn]] void throw_handle_error(duk_context* ctx, const char* function) {
  throw_error(ctx, "%s(): %s", function, errno_text(errno).c_str());
}

// A number of bytes; `otherwise` when not given.
size_t bytes_at(duk_context* ctx, duk_idx_t index, size_t otherwise) {
  if (!duk_is_number(ctx, index)) return otherwise;
  const double value = duk_get_number(ctx, index);
  return value >= 0 ? static_cast<size_t>(std::min(value, 9e15)) : otherwise;
}

// ---- opening and closing

duk_ret_t finalize_handle(duk_context* ctx) {
  FileHandle* handle = file_handle_at(ctx, 0);
  if (!handle || handle->owner != duk_get_heapptr(ctx, 0)) return 0;
  duk_del_prop_string(ctx, 0, kHandleKey);
  delete handle;
  return 0;
}

void push_handle(duk_context* ctx, std::unique_ptr<FileHandle> handle) {
  duk_push_object(ctx);
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kPrototype);
  duk_set_prototype(ctx, -3);
  duk_pop(ctx);
  handle->owner = duk_get_heapptr(ctx, -1);
  duk_push_c_function(ctx, finalize_handle, 1);
  duk_push_pointer(ctx, handle.get());
  duk_put_prop_string(ctx, -3, kHandleKey);
  duk_set_finalizer(ctx, -2);
  handle.release();
}

int open_flags_of(std::string_view mode) {
  if (mode == "r") return O_RDONLY;
  if (mode == "r+") return O_RDWR;
  if (mode == "w") return O_WRONLY | O_CREAT | O_TRUNC;
  if (mode == "w+") return O_RDWR | O_CREAT | O_TRUNC;
  if (mode == "a") return O_WRONLY | O_CREAT | O_APPEND;
  if (mode == "a+") return O_RDWR | O_CREAT | O_APPEND;
  return -1;
}

// The standard stream at `index` that is to lead to a new handle, or -1 when none is given. To be called before the
// handle's file is opened: an error must not leave it made or emptied.
int stream_at(duk_context* ctx, duk_idx_t index, const char* function, bool for_reading, bool for_writing) {
  if (!is_given(ctx, index)) return -1;
  const FileHandle* stream = file_handle_at(ctx, index);
  const int fd = stream && stream->is_standard() ? stream->fd() : -1;
  const bool fits = fd == STDIN_FILENO ? for_reading : fd > STDIN_FILENO && for_writing;
  if (!fits) throw_error(ctx, "%s(): the stream must be stdin to read, or stdout or stderr to write", function);
  if (FileHandle::is_redirected(fd)) {
    static constexpr const char* kNames[] = {"stdin", "stdout", "stderr"};
    throw_error(ctx, "%s(): %s leads to another handle already, which must be closed first: %s", function, kNames[fd],
                errno_text(EBUSY).c_str());
  }
  return fd;
}

void redirect(duk_context* ctx, FileHandle& handle, int stream, const char* function) {
  if (stream >= 0 && !handle.redirect(stream)) throw_handle_error(ctx, function);
}

// fopen(path, mode[, stream])
duk_ret_t utils_fopen(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const std::string path = path_at(ctx, 0, "fopen()");
  const std::string mode = is_text(ctx, 1) ? text_at(ctx, 1) : std::string();
  const int flags = open_flags_of(mode);
  if (flags < 0) throw_error(ctx, "error opening file '%s': invalid mode '%s'", path.c_str(), mode.c_str());
  const int stream = stream_at(ctx, 2, "fopen", mode == "r", mode == "w" || mode == "a");
  about_to_block();
  UniqueFd file(open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, kCreateMode));
  if (!file) throw_error(ctx, "error opening file '%s': %s", path.c_str(), errno_text(errno).c_str());
  auto handle = std::make_unique<FileHandle>(std::move(file));
  redirect(ctx, *handle, stream, "fopen");
  push_handle(ctx, std::move(handle));
  return 1;
}

// fopenBuffer([chunk][, stream]), in either order. The system lets the buffer grow as it likes: chunk does nothing.
duk_ret_t utils_fopen_buffer(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const duk_idx_t stream_index = duk_is_number(ctx, 0) || !is_given(ctx, 0) ? 1 : 0;
  const duk_idx_t chunk_index = 1 - stream_index;
  if (is_given(ctx, chunk_index) && !duk_is_number(ctx, chunk_index))
    throw_error(ctx, "fopenBuffer(): the chunk size must be a Number");
  const int stream = stream_at(ctx, stream_index, "fopenBuffer", false, true);
  UniqueFd file(memfd_create("fopenBuffer", MFD_CLOEXEC));
  if (!file) throw_handle_error(ctx, "fopenBuffer");
  auto handle = std::make_unique<FileHandle>(std::move(file), FileHandle::Kind::kMemory);
  redirect(ctx, *handle, stream, "fopenBuffer");
  push_handle(ctx, std::move(handle));
  return 1;
}

duk_ret_t utils_fclose(duk_context* ctx) {
  take_this(ctx);
  FileHandle* handle = file_handle_at(ctx, 0);
  if (!handle) throw_error(ctx, "error fclose(): argument is not a file handle");
  about_to_block();
  handle->close();
  return 0;
}

// ---- reading and writing

// A handle for the call: the one at index 0, or the file named there, opened with `flags`.
FileHandle& handle_or_file(duk_context* ctx, const char* function, int flags, std::unique_ptr<FileHandle>& opened) {
  if (!is_text(ctx, 0)) return require_file_handle(ctx, 0, function);
  const std::string path = path_at(ctx, 0, function);
  UniqueFd file(open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, kCreateMode));
  if (!file) throw_error(ctx, "error opening file '%s': %s", path.c_str(), errno_text(errno).c_str());
  opened = std::make_unique<FileHandle>(std::move(file));
  return *opened;
}

// fwrite(handle or path, data[, max][, append])
duk_ret_t utils_fwrite(duk_context* ctx) {
  take_this(ctx);
  duk_set_top(ctx, 4);
  std::string scratch;
  std::string_view bytes = data_at(ctx, 1, scratch, "fwrite(): error - data must be a String or Buffer");
  bytes = bytes.substr(0, bytes_at(ctx, 2, SIZE_MAX));
  const bool appends =
      (duk_is_boolean(ctx, 2) && duk_get_boolean(ctx, 2)) || (duk_is_boolean(ctx, 3) && duk_get_boolean(ctx, 3));
  about_to_block();
  std::unique_ptr<FileHandle> opened;
  FileHandle& handle = handle_or_file(ctx, "fwrite", O_WRONLY | O_CREAT | (appends ? O_APPEND : O_TRUNC), opened);
  const size_t written = handle.write(bytes);
  // A terminal or pipe behind a standard stream that went away must not turn every page that prints into an error.
  if (written < bytes.size() && !handle.is_standard()) throw_handle_error(ctx, "fwrite");
  duk_push_number(ctx, static_cast<double>(written));
  return 1;
}

// fread(handle or path[, max[, chunk]][, asString]): the Boolean in any place.
duk_ret_t utils_fread(duk_context* ctx) {
  take_this(ctx);
  bool as_string = false;
  size_t max = SIZE_MAX;
  for (duk_idx_t i = 1, numbers = 0; i < duk_get_top(ctx); ++i) {
    if (duk_is_boolean(ctx, i)) as_string = duk_get_boolean(ctx, i);
    if (duk_is_number(ctx, i) && numbers++ == 0) max = bytes_at(ctx, i, SIZE_MAX);
  }
  about_to_block();
  std::unique_ptr<FileHandle> opened;
  FileHandle& handle = handle_or_file(ctx, "fread", O_RDONLY, opened);
  std::string bytes;
  if (!handle.read(bytes, max)) throw_handle_error(ctx, "fread");
  if (as_string) {
    push_text(ctx, bytes);
  } else {
    push_buffer(ctx, bytes);
  }
  return 1;
}

// Terminal settings of a call, put back at its end.
class TerminalMode {
 public:
  TerminalMode(int fd, tcflag_t without) : fd_(fd) {
    is_changed_ = without != 0 && isatty(fd) && tcgetattr(fd, &before_) == 0;
    if (!is_changed_) return;
    termios changed = before_;
    changed.c_lflag &= ~without;
    tcsetattr(fd, TCSANOW, &changed);
  }
  ~TerminalMode() {
    if (is_changed_) tcsetattr(fd_, TCSANOW, &before_);
  }
  TerminalMode(const TerminalMode&) = delete;
  TerminalMode& operator=(const TerminalMode&) = delete;

 private:
  int fd_;
  bool is_changed_ = false;
  termios before_ = {};
};

// fgets(handle or path[, {echo: false}][, max=1])
duk_ret_t utils_fgets(duk_context* ctx) {
  take_this(ctx);
  duk_set_top(ctx, 3);
  bool echoes = true;
  const bool has_options = is_options(ctx, 1);
  if (has_options && push_option(ctx, 1, "echo")) echoes = duk_to_boolean(ctx, -1);
  const size_t max = bytes_at(ctx, has_options || !is_given(ctx, 1) ? 2 : 1, 1);
  about_to_block();
  std::unique_ptr<FileHandle> opened;
  FileHandle& handle = handle_or_file(ctx, "fgets", O_RDONLY, opened);
  const TerminalMode terminal(handle.fd(), echoes ? 0 : static_cast<tcflag_t>(ECHO));
  const std::string line = handle.read_line(-1, max);
  if (line.empty()) {
    duk_push_null(ctx);
  } else {
    push_text(ctx, line);
  }
  return 1;
}

// One object: what it has read ahead is for all who read.
FileHandle& standard_input() {
  static FileHandle input(STDIN_FILENO);
  return input;
}

// getchar([n=1]), from standard input.
duk_ret_t utils_getchar(duk_context* ctx) {
  const size_t count = bytes_at(ctx, 0, 1);
  about_to_block();
  const TerminalMode terminal(STDIN_FILENO, ICANON);
  std::string bytes;
  standard_input().read(bytes, count);
  push_text(ctx, bytes);
  return 1;
}

duk_ret_t handle_fprintf(duk_context* ctx) {
  duk_push_this(ctx);
  FileHandle& handle = require_file_handle(ctx, -1, "fprintf");
  duk_pop(ctx);
  duk_push_number(ctx, static_cast<double>(print_to_handle(ctx, handle, 0)));
  return 1;
}

duk_ret_t handle_read_line(duk_context* ctx) {
  duk_push_this(ctx);
  duk_insert(ctx, 0);
  return utils_read_line(ctx);
}

// ---- positions

// fseek(handle, offset[, whence])
duk_ret_t utils_fseek(duk_context* ctx) {
  const bool is_method = take_this(ctx);
  duk_set_top(ctx, 3);
  FileHandle& handle = require_file_handle(ctx, 0, "fseek");
  if (!duk_is_number(ctx, 1) || !std::isfinite(duk_get_number(ctx, 1))) {
    throw_error(ctx, "fseek(): offset must be a Number");
  }
  std::string whence = is_text(ctx, 2) ? text_at(ctx, 2) : is_given(ctx, 2) ? "?" : "seek_set";
  std::transform(whence.begin(), whence.end(), whence.begin(), [](unsigned char c) { return std::tolower(c); });
  const int origin = whence == "seek_set"   ? SEEK_SET
                     : whence == "seek_cur" ? SEEK_CUR
                     : whence == "seek_end" ? SEEK_END
                                            : -1;
  if (origin < 0) throw_error(ctx, "fseek(): whence must be \"seek_set\", \"seek_cur\" or \"seek_end\"");
  if (handle.seek(static_cast<off_t>(duk_get_number(ctx, 1)), origin) < 0) throw_handle_error(ctx, "fseek");
  return chained(ctx, is_method);
}

duk_ret_t utils_ftell(duk_context* ctx) {
  take_this(ctx);
  const off_t position = require_file_handle(ctx, 0, "ftell").seek(0, SEEK_CUR);
  if (position < 0) throw_handle_error(ctx, "ftell");
  duk_push_number(ctx, static_cast<double>(position));
  return 1;
}

duk_ret_t utils_rewind(duk_context* ctx) {
  const bool is_method = take_this(ctx);
  if (require_file_handle(ctx, 0, "rewind").seek(0, SEEK_SET) < 0) throw_handle_error(ctx, "rewind");
  return chained(ctx, is_method);
}

// Nothing is ever held back, so there is nothing to flush.
duk_ret_t utils_fflush(duk_context* ctx) {
  const bool is_method = take_this(ctx);
  require_file_handle(ctx, 0, "fflush");
  return chained(ctx, is_method);
}

// ---- on the open file: methods only

FileHandle& this_handle(duk_context* ctx, const char* function) {
  duk_push_this(ctx);
  FileHandle& handle = require_file_handle(ctx, -1, function);
  duk_pop(ctx);
  about_to_block();
  return handle;
}

duk_ret_t handle_fstat(duk_context* ctx) {
  struct stat status;
  if (fstat(this_handle(ctx, "fstat").fd(), &status) != 0) throw_handle_error(ctx, "fstat");
  push_file_status(ctx, status);
  return 1;
}

duk_ret_t handle_fsync(duk_context* ctx) {
  if (fsync(this_handle(ctx, "fsync").fd()) != 0) throw_handle_error(ctx, "fsync");
  return 0;
}

duk_ret_t handle_fdatasync(duk_context* ctx) {
  if (fdatasync(this_handle(ctx, "fdatasync").fd()) != 0) throw_handle_error(ctx, "fdatasync");
  return 0;
}

duk_ret_t handle_ftruncate(duk_context* ctx) {
  FileHandle& handle = this_handle(ctx, "ftruncate");
  const double length = duk_is_number(ctx, 0) ? duk_get_number(ctx, 0) : -1;
  if (!(length >= 0 && length < 9e15)) throw_error(ctx, "ftruncate(): length must be a Number, 0 or more");
  if (ftruncate(handle.fd(), static_cast<off_t>(length)) != 0) throw_handle_error(ctx, "ftruncate");
  return 0;
}

duk_ret_t handle_fchmod(duk_context* ctx) {
  FileHandle& handle = this_handle(ctx, "fchmod");
  const long mode = mode_at(ctx, 0, -1);
  if (mode < 0) throw_error(ctx, "fchmod(): invalid or no mode specified");
  if (fchmod(handle.fd(), static_cast<mode_t>(mode)) != 0) throw_handle_error(ctx, "fchmod");
  return 0;
}

duk_ret_t handle_fchown(duk_context* ctx) {
  duk_set_top(ctx, 2);
  FileHandle& handle = this_handle(ctx, "fchown");
  const long user = user_id_at(ctx, 0);
  const long group = group_id_at(ctx, 1);
  if (fchown(handle.fd(), static_cast<uid_t>(user), static_cast<gid_t>(group)) != 0) throw_handle_error(ctx, "fchown");
  return 0;
}

duk_ret_t handle_futimes(duk_context* ctx) {
  duk_set_top(ctx, 2);
  FileHandle& handle = this_handle(ctx, "fUtimes");
  timespec times[2];
  file_times_at(ctx, 0, "fUtimes()", times);
  if (futimens(handle.fd(), times) != 0) throw_handle_error(ctx, "fUtimes");
  return 0;
}

duk_ret_t handle_file_no(duk_context* ctx) {
  const FileHandle& handle = this_handle(ctx, "fileNo");
  duk_push_int(ctx, handle.is_memory() ? -1 : handle.fd());
  return 1;
}

// ---- of memory handles

void read_memory(duk_context* ctx, const char* function, std::string& bytes) {
  duk_push_this(ctx);
  FileHandle* handle = file_handle_at(ctx, -1);
  duk_pop(ctx);
  if (!handle || !handle->is_memory()) throw_error(ctx, "%s(): this is no handle of fopenBuffer()", function);
  if (!handle->memory(bytes)) throw_error(ctx, "%s(): the buffer was destroyed", function);
}

duk_ret_t handle_get_buffer(duk_context* ctx) {
  std::string bytes;
  read_memory(ctx, "getBuffer", bytes);
  push_buffer(ctx, bytes);
  return 1;
}

duk_ret_t handle_get_string(duk_context* ctx) {
  std::string bytes;
  read_memory(ctx, "getString", bytes);
  push_text(ctx, bytes);
  return 1;
}

duk_ret_t handle_destroy(duk_context* ctx) {
  duk_push_this(ctx);
  FileHandle* handle = file_handle_at(ctx, -1);
  if (!handle || !handle->is_memory()) throw_error(ctx, "destroy(): this is no handle of fopenBuffer()");
  handle->release_memory();
  return 0;
}

// ---- setting up

constexpr FunctionEntry kTwoForms[] = {
    {"fclose", guarded<utils_fclose>}, {"fwrite", guarded<utils_fwrite>}, {"fread", guarded<utils_fread>},
    {"fgets", guarded<utils_fgets>},   {"fseek", guarded<utils_fseek>},   {"ftell", guarded<utils_ftell>},
    {"rewind", guarded<utils_rewind>}, {"fflush", guarded<utils_fflush>},
};

// Adds the functions of both forms to the object on top.
void put_two_forms(duk_context* ctx, CallForm form) {
  put_functions(ctx, kTwoForms);
  for (const FunctionEntry& entry : kTwoForms) {
    duk_get_prop_string(ctx, -1, entry.name);
    duk_set_magic(ctx, -1, form);
    duk_pop(ctx);
  }
}

void push_handle_prototype(duk_context* ctx) {
  static constexpr FunctionEntry kMethods[] = {
      {"fprintf", guarded<handle_fprintf>},      {"readLine", guarded<handle_read_line>},
      {"fstat", guarded<handle_fstat>},          {"fsync", guarded<handle_fsync>},
      {"fdatasync", guarded<handle_fdatasync>},  {"ftruncate", guarded<handle_ftruncate>},
      {"fchmod", guarded<handle_fchmod>},        {"fchown", guarded<handle_fchown>},
      {"fUtimes", guarded<handle_futimes>},      {"fileNo", guarded<handle_file_no>},
      {"getBuffer", guarded<handle_get_buffer>}, {"getString", guarded<handle_get_string>},
      {"destroy", guarded<handle_destroy>},
  };
  duk_push_object(ctx);
  put_functions(ctx, kMethods);
  put_two_forms(ctx, kMethodForm);
}

// Adds a standard stream under `name` to the object on top; the methods' prototype lies below it. The streams live as
// long as the process, so their objects need no finalizer.
void put_standard_handle(duk_context* ctx, const char* name, FileHandle& stream) {
  duk_push_object(ctx);
  duk_push_pointer(ctx, &stream);
  duk_put_prop_string(ctx, -2, kHandleKey);
  duk_dup(ctx, -3);
  duk_set_prototype(ctx, -2);
  if (stream.fd() == STDIN_FILENO) {
    duk_push_c_function(ctx, guarded<utils_getchar>, DUK_VARARGS);
    duk_put_prop_literal(ctx, -2, "getchar");
  }
  duk_put_prop_string(ctx, -2, name);
}

}  // namespace

void put_handle_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"fopen", guarded<utils_fopen>},
      {"fopenBuffer", guarded<utils_fopen_buffer>},
      {"getchar", guarded<utils_getchar>},
  };
  put_functions(ctx, kFunctions);
  put_two_forms(ctx, kFunctionForm);
  push_handle_prototype(ctx);
  duk_push_heap_stash(ctx);
  duk_dup(ctx, -2);
  duk_put_prop_string(ctx, -2, kPrototype);
  duk_pop(ctx);
  duk_swap_top(ctx, -2);
  static FileHandle output(STDOUT_FILENO);
  static FileHandle errors(STDERR_FILENO);
  put_standard_handle(ctx, "stdin", standard_input());
  put_standard_handle(ctx, "stdout", output);
  put_standard_handle(ctx, "stderr", errors);
  // The frontend has the log files; what scripts print on these two reaches it as their standard streams do.
  put_standard_handle(ctx, "accessLog", output);
  put_standard_handle(ctx, "errorLog", errors);
  duk_remove(ctx, -2);
}

}  // namespace ravelin::worker
