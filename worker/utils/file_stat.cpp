#include "worker/utils/file_stat.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>
#include <unordered_map>

#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

// The kinds of file, as properties of the result. Also the names that ravelin_boolean_as_method() answers to.
struct FileKind {
  const char* name;
  mode_t type;
};
constexpr FileKind kFileKinds[] = {
    {"isFile", S_IFREG}, {"isDirectory", S_IFDIR}, {"isBlockDevice", S_IFBLK}, {"isCharacterDevice", S_IFCHR},
    {"isFIFO", S_IFIFO}, {"isSocket", S_IFSOCK},
};
constexpr char kSymbolicLink[] = "isSymbolicLink";

// Stash keys of the values of isDirectory.
constexpr char kDirectoryYes[] = "statDirectoryYes";
constexpr char kDirectoryNo[] = "statDirectoryNo";

duk_ret_t return_true(duk_context* ctx) {
  duk_push_true(ctx);
  return 1;
}

duk_ret_t return_false(duk_context* ctx) {
  duk_push_false(ctx);
  return 1;
}

// A function that returns the Boolean, compares == to it and shows as it in JSON.
void push_callable_boolean(duk_context* ctx, bool value) {
  duk_c_function function = value ? return_true : return_false;
  duk_push_c_function(ctx, function, 0);
  for (const char* name : {"valueOf", "toJSON"}) {
    duk_push_string(ctx, name);
    duk_push_c_function(ctx, function, 0);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_CLEAR_WEC);
  }
  duk_freeze(ctx, -1);
}

// Decides once per heap what isDirectory holds. An engine with ravelin_boolean_as_method() calls plain Booleans; any
// other gets functions, which the manual's directory page needs more than `if (st.isDirectory)` does.
void choose_directory_values(duk_context* ctx) {
  duk_push_heap_stash(ctx);
  bool calls_booleans = duk_peval_string(ctx, "({isDirectory: true}).isDirectory()") == DUK_EXEC_SUCCESS;
  duk_pop(ctx);
  for (bool value : {true, false}) {
    if (calls_booleans) {
      duk_push_boolean(ctx, value);
    } else {
      push_callable_boolean(ctx, value);
    }
    duk_put_prop_string(ctx, -2, value ? kDirectoryYes : kDirectoryNo);
  }
  duk_pop(ctx);
}

// Account names change rarely and are read for every entry of a listing.
const std::string& user_name(uid_t uid) {
  static std::unordered_map<uid_t, std::string> names;
  auto [entry, is_new] = names.try_emplace(uid);
  if (is_new) {
    const passwd* account = getpwuid(uid);
    entry->second = account ? account->pw_name : std::to_string(uid);
  }
  return entry->second;
}

const std::string& group_name(gid_t gid) {
  static std::unordered_map<gid_t, std::string> names;
  auto [entry, is_new] = names.try_emplace(gid);
  if (is_new) {
    const group* account = getgrgid(gid);
    entry->second = account ? account->gr_name : std::to_string(gid);
  }
  return entry->second;
}

// "drwxr-xr-x" as ls shows it, with '-' for all kinds but directories and links.
std::string permissions_of(mode_t mode) {
  std::string text = "----------";
  if (S_ISDIR(mode)) text[0] = 'd';
  if (S_ISLNK(mode)) text[0] = 'l';
  for (int bit = 0; bit < 9; ++bit) {
    if (mode & (0400 >> bit)) text[1 + bit] = "rwx"[bit % 3];
  }
  if (mode & S_ISUID) text[3] = mode & S_IXUSR ? 's' : 'S';
  if (mode & S_ISGID) text[6] = mode & S_IXGRP ? 's' : 'S';
  if (mode & S_ISVTX) text[9] = mode & S_IXOTH ? 't' : 'T';
  return text;
}

void put_number(duk_context* ctx, const char* name, double value) {
  duk_push_number(ctx, value);
  duk_put_prop_string(ctx, -2, name);
}

void put_boolean(duk_context* ctx, const char* name, bool value) {
  duk_push_boolean(ctx, value);
  duk_put_prop_string(ctx, -2, name);
}

void put_text(duk_context* ctx, const char* name, const std::string& text) {
  push_text(ctx, text);
  duk_put_prop_string(ctx, -2, name);
}

void put_date(duk_context* ctx, const char* name, time_t seconds) {
  duk_get_global_string(ctx, "Date");
  duk_push_number(ctx, static_cast<double>(seconds) * 1000);
  duk_new(ctx, 1);
  duk_put_prop_string(ctx, -2, name);
}

void put_kinds(duk_context* ctx, mode_t mode) {
  for (const FileKind& kind : kFileKinds) {
    bool is_kind = (mode & S_IFMT) == kind.type;
    if (kind.type == S_IFDIR) {
      duk_push_heap_stash(ctx);
      duk_get_prop_string(ctx, -1, is_kind ? kDirectoryYes : kDirectoryNo);
      duk_remove(ctx, -2);
      duk_put_prop_string(ctx, -2, kind.name);
    } else {
      put_boolean(ctx, kind.name, is_kind);
    }
  }
}

void push_numbers_and_times(duk_context* ctx, const struct stat& status) {
  duk_push_object(ctx);
  put_number(ctx, "dev", static_cast<double>(status.st_dev));
  put_number(ctx, "ino", static_cast<double>(status.st_ino));
  put_number(ctx, "mode", status.st_mode);
  put_number(ctx, "nlink", static_cast<double>(status.st_nlink));
  put_number(ctx, "uid", status.st_uid);
  put_number(ctx, "gid", status.st_gid);
  put_number(ctx, "rdev", static_cast<double>(status.st_rdev));
  put_number(ctx, "size", static_cast<double>(status.st_size));
  put_number(ctx, "blksize", static_cast<double>(status.st_blksize));
  put_number(ctx, "blocks", static_cast<double>(status.st_blocks));
  put_date(ctx, "atime", status.st_atim.tv_sec);
  put_date(ctx, "mtime", status.st_mtim.tv_sec);
  put_date(ctx, "ctime", status.st_ctim.tv_sec);
  put_text(ctx, "owner", user_name(status.st_uid));
  put_text(ctx, "group", group_name(status.st_gid));
}

std::string link_text(const std::string& path) {
  std::string text(4096, '\0');
  ssize_t size = readlink(path.c_str(), text.data(), text.size());
  text.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return text;
}

// The path at index 0, or false when it is none that the system could know.
bool examinable_path(duk_context* ctx, std::string& path) {
  if (!is_text(ctx, 0)) return false;
  path = text_at(ctx, 0);
  return path.find('\0') == std::string::npos;
}

duk_ret_t status_of(duk_context* ctx, bool follows_links) {
  std::string path;
  struct stat status;
  about_to_block();
  bool is_found =
      examinable_path(ctx, path) && (follows_links ? stat(path.c_str(), &status) : lstat(path.c_str(), &status)) == 0;
  if (!is_found) {
    duk_push_false(ctx);
    return 1;
  }
  push_numbers_and_times(ctx, status);
  put_boolean(ctx, "readable", access(path.c_str(), R_OK) == 0);
  put_boolean(ctx, "writable", access(path.c_str(), W_OK) == 0);
  put_boolean(ctx, "executable", access(path.c_str(), X_OK) == 0);
  put_kinds(ctx, status.st_mode);
  put_text(ctx, "permissions", permissions_of(status.st_mode));
  if (!follows_links) {
    put_boolean(ctx, kSymbolicLink, S_ISLNK(status.st_mode));
    if (S_ISLNK(status.st_mode)) put_text(ctx, "link", link_text(path));
  }
  return 1;
}

duk_ret_t utils_stat(duk_context* ctx) { return status_of(ctx, /*follows_links=*/true); }
duk_ret_t utils_lstat(duk_context* ctx) { return status_of(ctx, /*follows_links=*/false); }

duk_ret_t utils_exists(duk_context* ctx) {
  std::string path;
  struct stat status;
  about_to_block();
  duk_push_boolean(ctx, examinable_path(ctx, path) && stat(path.c_str(), &status) == 0);
  return 1;
}

}  // namespace

void push_file_status(duk_context* ctx, const struct stat& status) {
  push_numbers_and_times(ctx, status);
  put_kinds(ctx, status.st_mode);
  put_text(ctx, "permissions", permissions_of(status.st_mode));
}

void put_file_stat_functions(duk_context* ctx) {
  choose_directory_values(ctx);
  static constexpr FunctionEntry kFunctions[] = {
      {"stat", guarded<utils_stat>},
      {"lstat", guarded<utils_lstat>},
      {"exists", guarded<utils_exists>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker

extern "C" duk_bool_t ravelin_boolean_as_method(duk_context* ctx, const char* key) {
  using namespace ravelin::worker;
  std::string_view name = key;
  bool is_known = name == kSymbolicLink;
  for (const FileKind& kind : kFileKinds) is_known = is_known || name == kind.name;
  if (!is_known) return 0;
  bool value = duk_get_boolean(ctx, -1);
  duk_pop(ctx);
  duk_push_c_lightfunc(ctx, value ? return_true : return_false, 0, 0, 0);
  return 1;
}
