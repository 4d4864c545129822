#include "worker/utils/file_names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <string>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/accounts.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_write.h"

namespace ravelin::worker {
namespace {

duk_ret_t utils_rm_file(duk_context* ctx) {
  std::string path = path_at(ctx, 0, "rmFile()");
  about_to_block();
  if (remove(path.c_str()) != 0) throw_error(ctx, "rmFile(): error deleting file: %s", errno_text(errno).c_str());
  return 0;
}

// Moves a file to another file system: 0 or the errno. What a failed copy left behind is removed.
int move_by_copy(const std::string& from, const std::string& to) {
  std::string failed_on;
  int error = copy_file(from, to, /*overwrite=*/false, failed_on);
  if (error != 0) {
    if (error != EEXIST && error != EINVAL && failed_on == to) unlink(to.c_str());
    return error;
  }
  return unlink(from.c_str()) == 0 ? 0 : errno;
}

duk_ret_t utils_rename(duk_context* ctx) {
  std::string from = path_at(ctx, 0, "rename()");
  std::string to = path_at(ctx, 1, "rename()");
  about_to_block();
  int error = rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  if (error == EXDEV) error = move_by_copy(from, to);
  if (error != 0) {
    throw_error(ctx, "error renaming '%s' to '%s': %s", from.c_str(), to.c_str(), errno_text(error).c_str());
  }
  return 0;
}

// link(existing, newname) or link({src, target}); symlink likewise.
duk_ret_t make_link(duk_context* ctx, int (*call)(const char*, const char*), const char* kind) {
  duk_set_top(ctx, 2);
  if (is_options(ctx, 0)) {
    push_option(ctx, 0, "target");
    duk_replace(ctx, 1);
    push_option(ctx, 0, "src");
    duk_replace(ctx, 0);
  }
  std::string source = path_at(ctx, 0, "link()", "source");
  std::string target = path_at(ctx, 1, "link()", "target");
  about_to_block();
  if (call(source.c_str(), target.c_str()) != 0) {
    throw_error(ctx, "link(): error creating %s link from '%s' to '%s': %s", kind, source.c_str(), target.c_str(),
                errno_text(errno).c_str());
  }
  return 0;
}

duk_ret_t utils_link(duk_context* ctx) { return make_link(ctx, link, "hard"); }
duk_ret_t utils_symlink(duk_context* ctx) { return make_link(ctx, symlink, "symbolic"); }

duk_ret_t utils_read_link(duk_context* ctx) {
  std::string path = path_at(ctx, 0, "readLink()");
  char text[PATH_MAX];
  about_to_block();
  ssize_t size = readlink(path.c_str(), text, sizeof text);
  if (size < 0) throw_error(ctx, "readLink(): %s: %s", path.c_str(), errno_text(errno).c_str());
  push_text(ctx, {text, static_cast<size_t>(size)});
  return 1;
}

duk_ret_t utils_real_path(duk_context* ctx) {
  std::string path = path_at(ctx, 0, "realPath");
  char text[PATH_MAX];
  about_to_block();
  if (!realpath(path.c_str(), text)) throw_error(ctx, "realPath: %s", errno_text(errno).c_str());
  push_text(ctx, text);
  return 1;
}

duk_ret_t utils_chmod(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string path = path_at(ctx, 0, "chmod()");
  long mode = mode_at(ctx, 1, -1);
  if (mode < 0) throw_error(ctx, "chmod(): invalid or no mode specified");
  about_to_block();
  if (chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
    throw_error(ctx, "chmod(): error changing permissions: %s", errno_text(errno).c_str());
  }
  return 0;
}

// chown(path[, user][, group]) or chown({path, user, group})
duk_ret_t change_owner(duk_context* ctx, int (*call)(const char*, uid_t, gid_t)) {
  duk_set_top(ctx, 3);
  if (is_options(ctx, 0)) {
    for (const char* name : {"path", "user", "group"}) push_option(ctx, 0, name);
    for (duk_idx_t i = 2; i >= 0; --i) duk_replace(ctx, i);
  }
  std::string path = path_at(ctx, 0, "chown()");
  long user = user_id_at(ctx, 1);
  long group = group_id_at(ctx, 2);
  about_to_block();
  if (call(path.c_str(), static_cast<uid_t>(user), static_cast<gid_t>(group)) != 0) {
    throw_error(ctx, "error changing ownership: %s", errno_text(errno).c_str());
  }
  return 0;
}

duk_ret_t utils_chown(duk_context* ctx) { return change_owner(ctx, chown); }
duk_ret_t utils_lchown(duk_context* ctx) { return change_owner(ctx, lchown); }

// lchmod(path, mode): Linux has no modes of links.
duk_ret_t utils_lchmod(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string path = path_at(ctx, 0, "lchmod()");
  long mode = mode_at(ctx, 1, -1);
  if (mode < 0) throw_error(ctx, "lchmod(): invalid or no mode specified");
  about_to_block();
  struct stat status;
  int error = lstat(path.c_str(), &status) != 0 ? errno : S_ISLNK(status.st_mode) ? EOPNOTSUPP : 0;
  if (error == 0 && chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) error = errno;
  if (error != 0) throw_error(ctx, "lchmod(): %s: %s", path.c_str(), errno_text(error).c_str());
  return 0;
}

// lUtimes(path, atime, mtime) or lUtimes(path, {setaccess, setmodify})
duk_ret_t utils_lutimes(duk_context* ctx) {
  duk_set_top(ctx, 3);
  std::string path = path_at(ctx, 0, "lUtimes()");
  timespec times[2];
  file_times_at(ctx, 1, "lUtimes()", times);
  about_to_block();
  if (utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    throw_error(ctx, "lUtimes(): %s: %s", path.c_str(), errno_text(errno).c_str());
  }
  return 0;
}

}  // namespace

void put_file_name_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"rmFile", guarded<utils_rm_file>},     {"rename", guarded<utils_rename>},
      {"link", guarded<utils_link>},          {"symlink", guarded<utils_symlink>},
      {"readLink", guarded<utils_read_link>}, {"readlink", guarded<utils_read_link>},
      {"realPath", guarded<utils_real_path>}, {"chmod", guarded<utils_chmod>},
      {"chown", guarded<utils_chown>},        {"lchown", guarded<utils_lchown>},
      {"lchmod", guarded<utils_lchmod>},      {"lUtimes", guarded<utils_lutimes>},
      {"lutimes", guarded<utils_lutimes>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
