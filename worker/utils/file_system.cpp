#include "worker/utils/file_system.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <string>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

// truncate(path, len)
duk_ret_t utils_truncate(duk_context* ctx) {
  const std::string path = path_at(ctx, 0, "truncate()");
  const double length = duk_is_number(ctx, 1) ? duk_get_number(ctx, 1) : -1;
  if (!(length >= 0 && length < 9e15)) throw_error(ctx, "truncate(): length must be a Number, 0 or more");
  about_to_block();
  if (truncate(path.c_str(), static_cast<off_t>(length)) != 0) {
    throw_error(ctx, "truncate(): %s: %s", path.c_str(), errno_text(errno).c_str());
  }
  return 0;
}

duk_ret_t utils_stat_vfs(duk_context* ctx) {
  const std::string path = path_at(ctx, 0, "statVfs()");
  struct statvfs status;
  about_to_block();
  if (statvfs(path.c_str(), &status) != 0) {
    throw_error(ctx, "statVfs(): %s: %s", path.c_str(), errno_text(errno).c_str());
  }
  const auto unit = static_cast<double>(status.f_frsize);
  const std::pair<const char*, double> values[] = {
      {"bsize", static_cast<double>(status.f_bsize)},
      {"frsize", unit},
      {"blocks", static_cast<double>(status.f_blocks)},
      {"bfree", static_cast<double>(status.f_bfree)},
      {"bavail", static_cast<double>(status.f_bavail)},
      {"files", static_cast<double>(status.f_files)},
      {"ffree", static_cast<double>(status.f_ffree)},
      {"favail", static_cast<double>(status.f_favail)},
      {"fsid", static_cast<double>(status.f_fsid)},
      {"flag", static_cast<double>(status.f_flag)},
      {"namemax", static_cast<double>(status.f_namemax)},
      {"totalBytes", static_cast<double>(status.f_blocks) * unit},
      {"freeBytes", static_cast<double>(status.f_bfree) * unit},
      {"availBytes", static_cast<double>(status.f_bavail) * unit},
  };
  duk_push_object(ctx);
  for (auto [name, value] : values) {
    duk_push_number(ctx, value);
    duk_put_prop_string(ctx, -2, name);
  }
  return 1;
}

// mkdTemp(prefix)
duk_ret_t utils_mkd_temp(duk_context* ctx) {
  const std::string prefix = path_at(ctx, 0, "mkdTemp()", "prefix");
  std::string path = prefix + "XXXXXX";
  about_to_block();
  if (!mkdtemp(path.data())) throw_error(ctx, "mkdTemp(): %s: %s", prefix.c_str(), errno_text(errno).c_str());
  push_text(ctx, path);
  return 1;
}

duk_ret_t utils_tmp_dir(duk_context* ctx) {
  std::string path = "/tmp";
  for (const char* name : {"TEMP", "TMP", "TMPDIR"}) {  // the last one that is set wins
    if (const char* value = getenv(name); value && *value) path = value;
  }
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  push_text(ctx, path);
  return 1;
}

duk_ret_t utils_home_dir(duk_context* ctx) {
  const char* home = getenv("HOME");
  if (!home || !*home) {
    about_to_block();
    const passwd* account = getpwuid(getuid());
    if (!account) throw_error(ctx, "homeDir(): this user has no home directory");
    home = account->pw_dir;
  }
  push_text(ctx, home);
  return 1;
}

}  // namespace

void put_file_system_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"truncate", guarded<utils_truncate>}, {"statVfs", guarded<utils_stat_vfs>}, {"statvfs", guarded<utils_stat_vfs>},
      {"mkdTemp", guarded<utils_mkd_temp>},  {"mkdtemp", guarded<utils_mkd_temp>}, {"tmpDir", guarded<utils_tmp_dir>},
      {"tmpdir", guarded<utils_tmp_dir>},    {"homeDir", guarded<utils_home_dir>}, {"homedir", guarded<utils_home_dir>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
