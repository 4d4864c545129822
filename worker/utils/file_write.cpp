#include "worker/utils/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>

#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_handle.h"
#include "worker/utils/values.h"

namespace ravelin::worker {
namespace {

constexpr mode_t kCreateMode = 0666;  // the umask cuts it
constexpr size_t kCopyStep = 1 << 30;

// The flags of open() for an fopen mode, or -1.
int open_flags_of(std::string_view mode) {
  if (mode == "w") return O_WRONLY | O_CREAT | O_TRUNC;
  if (mode == "w+") return O_RDWR | O_CREAT | O_TRUNC;
  if (mode == "a") return O_WRONLY | O_CREAT | O_APPEND;
  if (mode == "a+") return O_RDWR | O_CREAT | O_APPEND;
  if (mode == "r+") return O_RDWR;
  return -1;
}

// writeFile(path, data[, {mode, flag}]) and appendFile: `function` names the one, `flag` is its fopen mode.
duk_ret_t write_file(duk_context* ctx, const char* function, const char* flag) {
  duk_set_top(ctx, 3);
  std::string path = path_at(ctx, 0, function);
  std::string message = std::string(function) + "(): data must be a String or Buffer";
  std::string scratch;
  std::string_view bytes = data_at(ctx, 1, scratch, message.c_str());
  long mode = -1;
  int flags = open_flags_of(flag);
  if (is_options(ctx, 2)) {
    bool has_mode = push_option(ctx, 2, "mode");
    mode = mode_at(ctx, -1, -1);
    if (has_mode && mode < 0) throw_error(ctx, "%s(): invalid mode", function);
    if (push_option(ctx, 2, "flag")) flags = is_text(ctx, -1) ? open_flags_of(engine_text(ctx, -1)) : -1;
    if (flags < 0) throw_error(ctx, "%s(): invalid flag", function);
  }
  about_to_block();
  auto fail = [&] { throw_error(ctx, "%s(): %s: %s", function, path.c_str(), errno_text(errno).c_str()); };
  UniqueFd file(open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, kCreateMode));
  if (!file || write_all(file.get(), bytes) < bytes.size()) fail();
  if (mode >= 0 && fchmod(file.get(), static_cast<mode_t>(mode)) != 0) fail();
  return 0;
}

duk_ret_t utils_write_file(duk_context* ctx) { return write_file(ctx, "writeFile", "w"); }
duk_ret_t utils_append_file(duk_context* ctx) { return write_file(ctx, "appendFile", "a"); }

// copyFile(src, dest[, overwrite]) or copyFile({src, dest, overwrite})
duk_ret_t utils_copy_file(duk_context* ctx) {
  duk_set_top(ctx, 3);
  if (is_options(ctx, 0)) {
    push_option(ctx, 0, "src");
    push_option(ctx, 0, "dest");
    push_option(ctx, 0, "overwrite");
    for (duk_idx_t i = 2; i >= 0; --i) duk_replace(ctx, i);
  }
  std::string from = path_at(ctx, 0, "copyFile()", "source");
  std::string to = path_at(ctx, 1, "copyFile()", "destination");
  about_to_block();
  std::string failed_on;
  int error = copy_file(from, to, duk_to_boolean(ctx, 2), failed_on);
  if (error == EEXIST) throw_error(ctx, "copyFile(): error copying '%s': file already exists", to.c_str());
  if (error == EINVAL) {
    throw_error(ctx, "copyFile(): error copying '%s': source and destination are the same file", to.c_str());
  }
  if (error != 0 && failed_on == from) {
    throw_error(ctx, "copyFile(): could not open file '%s': %s", from.c_str(), errno_text(error).c_str());
  }
  if (error != 0) throw_error(ctx, "copyFile(): error copying '%s': %s", to.c_str(), errno_text(error).c_str());
  return 0;
}

// Bytes from `from` to `to`, inside the kernel where it can.
int copy_contents(int from, int to) {
  for (;;) {
    ssize_t count = copy_file_range(from, nullptr, to, nullptr, kCopyStep, 0);
    if (count < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP || errno == EBADF)) {
      count = sendfile(to, from, nullptr, kCopyStep);
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
  }
}

// One of the two times of touch: what the option says about it.
timespec touch_time(duk_context* ctx, duk_idx_t object, const char* name, timespec otherwise) {
  timespec time = otherwise;
  if (push_option(ctx, object, name)) {
    if (duk_is_boolean(ctx, -1)) {
      time.tv_nsec = duk_get_boolean(ctx, -1) ? UTIME_NOW : UTIME_OMIT;
    } else if (duk_is_number(ctx, -1) || is_instance_of(ctx, -1, "Date")) {
      double seconds = duk_is_number(ctx, -1) ? duk_get_number(ctx, -1) : duk_to_number(ctx, -1) / 1000;
      if (!std::isfinite(seconds) || std::fabs(seconds) > 9e15) throw_error(ctx, "touch(): invalid %s", name);
      time.tv_sec = static_cast<time_t>(std::floor(seconds));
      time.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
    } else {
      throw_error(ctx, "touch(): %s must be a Boolean, Number or Date", name);
    }
  }
  duk_pop(ctx);
  return time;
}

struct TouchRequest {
  std::string path;
  bool creates = true;
  timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
};

TouchRequest touch_request(duk_context* ctx) {
  TouchRequest request;
  if (!is_options(ctx, 0)) {
    request.path = path_at(ctx, 0, "touch()");
    return request;
  }
  push_option(ctx, 0, "path");
  request.path = path_at(ctx, -1, "touch()");
  push_option(ctx, 0, "nocreate");
  request.creates = !duk_to_boolean(ctx, -1);
  if (push_option(ctx, 0, "reference")) {
    std::string reference = path_at(ctx, -1, "touch()", "reference");
    struct stat status;
    if (stat(reference.c_str(), &status) != 0) {
      throw_error(ctx, "touch(): %s: %s", reference.c_str(), errno_text(errno).c_str());
    }
    request.times[0] = status.st_atim;
    request.times[1] = status.st_mtim;
  }
  duk_pop_3(ctx);
  request.times[0] = touch_time(ctx, 0, "setaccess", request.times[0]);
  request.times[1] = touch_time(ctx, 0, "setmodify", request.times[1]);
  return request;
}

duk_ret_t utils_touch(duk_context* ctx) {
  about_to_block();
  TouchRequest request = touch_request(ctx);
  if (request.creates) {
    UniqueFd file(open(request.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kCreateMode));
    bool is_other_kind = errno == EISDIR || errno == ENXIO || errno == EACCES;
    if (!file && !is_other_kind) throw_error(ctx, "touch(): %s: %s", request.path.c_str(), errno_text(errno).c_str());
  }
  if (utimensat(AT_FDCWD, request.path.c_str(), request.times, 0) != 0 && (request.creates || errno != ENOENT)) {
    throw_error(ctx, "touch(): %s: %s", request.path.c_str(), errno_text(errno).c_str());
  }
  return 0;
}

}  // namespace

int copy_file(const std::string& from, const std::string& to, bool overwrite, std::string& failed_on) {
  failed_on = from;
  // A FIFO would let open() wait for its writer.
  UniqueFd source(open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat source_status;
  if (!source || fstat(source.get(), &source_status) != 0) return errno;
  if (S_ISDIR(source_status.st_mode)) return EISDIR;
  if (!S_ISREG(source_status.st_mode)) return EOPNOTSUPP;  // its data may have no end
  failed_on = to;
  struct stat target_status;
  if (stat(to.c_str(), &target_status) == 0) {
    bool is_same = target_status.st_dev == source_status.st_dev && target_status.st_ino == source_status.st_ino;
    if (is_same) return EINVAL;
    if (!overwrite) return EEXIST;
  }
  int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | (overwrite ? 0 : O_EXCL);
  UniqueFd target(open(to.c_str(), flags, source_status.st_mode & 0777));
  if (!target) return errno;
  if (int error = copy_contents(source.get(), target.get())) return error;
  return fchmod(target.get(), source_status.st_mode & 0777) == 0 ? 0 : errno;
}

void put_file_write_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"writeFile", guarded<utils_write_file>},
      {"appendFile", guarded<utils_append_file>},
      {"copyFile", guarded<utils_copy_file>},
      {"touch", guarded<utils_touch>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
