#include "worker/utils/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/js_error.h"
#include "worker/utils/accounts.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_stat.h"

namespace ravelin::worker {
namespace {

constexpr long kDefaultMode = 0644;
constexpr double kMaxReadBytes = 1024.0 * 1024 * 1024;

[[noreturn]] void throw_failed(duk_context* ctx, const char* function) {
  throw_error(ctx, "%s(): %s", function, errno_text(errno).c_str());
}

double integer_at(duk_context* ctx, duk_idx_t index, const char* function, const char* what, double min, double max) {
  const double value = duk_is_number(ctx, index) ? duk_get_number(ctx, index) : NAN;
  if (!(value >= min && value <= max)) throw_error(ctx, "%s(): %s must be a Number", function, what);
  return std::trunc(value);
}

int descriptor_at(duk_context* ctx, const char* function) {
  return static_cast<int>(integer_at(ctx, 0, function, "the descriptor", 0, INT_MAX));
}

// A position in a file, or -1 when not given: the descriptor's own.
off_t position_at(duk_context* ctx, duk_idx_t index, const char* function) {
  if (!is_given(ctx, index) || duk_is_null(ctx, index)) return -1;
  return static_cast<off_t>(integer_at(ctx, index, function, "the position", 0, 9e15));
}

// open(path, flags[, mode]) or open({path, flags, mode})
duk_ret_t utils_open(duk_context* ctx) {
  duk_set_top(ctx, 3);
  if (is_options(ctx, 0)) {
    for (const char* name : {"path", "flags", "mode"}) push_option(ctx, 0, name);
    for (duk_idx_t i = 2; i >= 0; --i) duk_replace(ctx, i);
  }
  const std::string path = path_at(ctx, 0, "open()");
  const auto flags = static_cast<int>(integer_at(ctx, 1, "open", "flags", 0, INT_MAX));
  const long mode = mode_at(ctx, 2, kDefaultMode);
  if (mode < 0) throw_error(ctx, "open(): invalid mode");
  about_to_block();
  const int fd = open(path.c_str(), flags | O_NOCTTY, static_cast<mode_t>(mode));
  if (fd < 0) throw_error(ctx, "open(): %s: %s", path.c_str(), errno_text(errno).c_str());
  duk_push_int(ctx, fd);
  return 1;
}

duk_ret_t utils_close(duk_context* ctx) {
  about_to_block();
  if (close(descriptor_at(ctx, "close")) != 0) throw_failed(ctx, "close");
  return 0;
}

// read(fd, len[, pos])
duk_ret_t utils_read(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const int fd = descriptor_at(ctx, "read");
  const auto size = static_cast<size_t>(integer_at(ctx, 1, "read", "the length", 0, kMaxReadBytes));
  const off_t position = position_at(ctx, 2, "read");
  std::string bytes(size, '\0');
  about_to_block();
  const ssize_t count = position < 0 ? read(fd, bytes.data(), size) : pread(fd, bytes.data(), size, position);
  if (count < 0) throw_failed(ctx, "read");
  push_buffer(ctx, std::string_view(bytes).substr(0, static_cast<size_t>(count)));
  return 1;
}

// write(fd, data[, pos])
duk_ret_t utils_write(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const int fd = descriptor_at(ctx, "write");
  std::string scratch;
  const std::string_view data = data_at(ctx, 1, scratch, "write(): data must be a String or Buffer");
  const off_t position = position_at(ctx, 2, "write");
  about_to_block();
  const ssize_t count =
      position < 0 ? write(fd, data.data(), data.size()) : pwrite(fd, data.data(), data.size(), position);
  if (count < 0) throw_failed(ctx, "write");
  duk_push_number(ctx, static_cast<double>(count));
  return 1;
}

// lseek(fd, offset[, whence])
duk_ret_t utils_lseek(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const int fd = descriptor_at(ctx, "lseek");
  const auto offset = static_cast<off_t>(integer_at(ctx, 1, "lseek", "the offset", -9e15, 9e15));
  const int whence =
      is_given(ctx, 2) ? static_cast<int>(integer_at(ctx, 2, "lseek", "whence", 0, SEEK_HOLE)) : SEEK_SET;
  const off_t position = lseek(fd, offset, whence);
  if (position < 0) throw_failed(ctx, "lseek");
  duk_push_number(ctx, static_cast<double>(position));
  return 1;
}

duk_ret_t utils_fstat(duk_context* ctx) {
  struct stat status;
  about_to_block();
  if (fstat(descriptor_at(ctx, "fstatFd"), &status) != 0) throw_failed(ctx, "fstatFd");
  push_file_status(ctx, status);
  return 1;
}

duk_ret_t utils_fsync(duk_context* ctx) {
  about_to_block();
  if (fsync(descriptor_at(ctx, "fsyncFd")) != 0) throw_failed(ctx, "fsyncFd");
  return 0;
}

duk_ret_t utils_fdatasync(duk_context* ctx) {
  about_to_block();
  if (fdatasync(descriptor_at(ctx, "fdatasyncFd")) != 0) throw_failed(ctx, "fdatasyncFd");
  return 0;
}

duk_ret_t utils_ftruncate(duk_context* ctx) {
  const int fd = descriptor_at(ctx, "ftruncateFd");
  const double length = integer_at(ctx, 1, "ftruncateFd", "the length", 0, 9e15);
  about_to_block();
  if (ftruncate(fd, static_cast<off_t>(length)) != 0) throw_failed(ctx, "ftruncateFd");
  return 0;
}

duk_ret_t utils_fchmod(duk_context* ctx) {
  const int fd = descriptor_at(ctx, "fchmodFd");
  const long mode = mode_at(ctx, 1, -1);
  if (mode < 0) throw_error(ctx, "fchmodFd(): invalid or no mode specified");
  about_to_block();
  if (fchmod(fd, static_cast<mode_t>(mode)) != 0) throw_failed(ctx, "fchmodFd");
  return 0;
}

duk_ret_t utils_fchown(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const int fd = descriptor_at(ctx, "fchownFd");
  const long user = user_id_at(ctx, 1);
  const long group = group_id_at(ctx, 2);
  about_to_block();
  if (fchown(fd, static_cast<uid_t>(user), static_cast<gid_t>(group)) != 0) throw_failed(ctx, "fchownFd");
  return 0;
}

duk_ret_t utils_futimes(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const int fd = descriptor_at(ctx, "futimesFd");
  timespec times[2];
  file_times_at(ctx, 1, "futimesFd()", times);
  about_to_block();
  if (futimens(fd, times) != 0) throw_failed(ctx, "futimesFd");
  return 0;
}

void put_constants(duk_context* ctx) {
  constexpr std::pair<const char*, int> kConstants[] = {
      {"RDONLY", O_RDONLY},       {"WRONLY", O_WRONLY},     {"RDWR", O_RDWR},       {"CREAT", O_CREAT},
      {"EXCL", O_EXCL},           {"TRUNC", O_TRUNC},       {"APPEND", O_APPEND},   {"NONBLOCK", O_NONBLOCK},
      {"CLOEXEC", O_CLOEXEC},     {"NOFOLLOW", O_NOFOLLOW}, {"SYNC", O_SYNC},       {"DSYNC", O_DSYNC},
      {"DIRECTORY", O_DIRECTORY}, {"NOCTTY", O_NOCTTY},     {"DIRECT", O_DIRECT},   {"NOATIME", O_NOATIME},
      {"SEEK_SET", SEEK_SET},     {"SEEK_CUR", SEEK_CUR},   {"SEEK_END", SEEK_END},
  };
  duk_push_object(ctx);
  for (auto [name, value] : kConstants) {
    duk_push_int(ctx, value);
    duk_put_prop_string(ctx, -2, name);
  }
  duk_put_prop_literal(ctx, -2, "O");
}

}  // namespace

void put_descriptor_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"open", guarded<utils_open>},
      {"close", guarded<utils_close>},
      {"read", guarded<utils_read>},
      {"write", guarded<utils_write>},
      {"lseek", guarded<utils_lseek>},
      {"fstatFd", guarded<utils_fstat>},
      {"fsyncFd", guarded<utils_fsync>},
      {"fdatasyncFd", guarded<utils_fdatasync>},
      {"ftruncateFd", guarded<utils_ftruncate>},
      {"fchmodFd", guarded<utils_fchmod>},
      {"fchownFd", guarded<utils_fchown>},
      {"futimesFd", guarded<utils_futimes>},
  };
  put_functions(ctx, kFunctions);
  put_constants(ctx);
}

}  // namespace ravelin::worker
