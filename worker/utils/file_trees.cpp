#include "worker/utils/file_trees.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_write.h"
#include "worker/utils/tree_removal.h"

namespace ravelin::worker {
namespace {

constexpr int kMaxDepth = 200;  // of folders; links that lead in circles end here

[[noreturn]] void throw_path_error(duk_context* ctx, const char* function, const std::string& path, int error) {
  throw_error(ctx, "%s(): %s: %s", function, path.c_str(), errno_text(error).c_str());
}

bool flag_option(duk_context* ctx, duk_idx_t options, const char* name, bool otherwise = false) {
  if (!is_options(ctx, options)) return otherwise;
  const bool value = push_option(ctx, options, name) ? duk_to_boolean(ctx, -1) : otherwise;
  duk_pop(ctx);
  return value;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// The names in a folder but "." and "..", sorted. False with errno when there is no such folder.
bool list_names(const std::string& path, std::vector<std::string>& names) {
  std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (!directory) return false;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return true;
}

std::string child_of(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

// ---- walkDir

struct Walk {
  bool follows_links;
  bool is_post_order;
};

// Calls the callback at index 1. False: it wants no more.
bool visit(duk_context* ctx, const std::string& path, const char* type, int depth) {
  duk_dup(ctx, 1);
  push_text(ctx, path);
  duk_push_string(ctx, type);
  duk_push_int(ctx, depth);
  duk_call(ctx, 3);
  const bool stops = duk_is_boolean(ctx, -1) && !duk_get_boolean(ctx, -1);
  duk_pop(ctx);
  return !stops;
}

bool walk(duk_context* ctx, const Walk& how, const std::string& path, int depth) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) {
    if (depth > 0) return true;  // gone meanwhile
    throw_path_error(ctx, "walkDir", path, errno);
  }
  if (S_ISLNK(status.st_mode) && how.follows_links) {
    if (struct stat target; stat(path.c_str(), &target) == 0) status = target;
  }
  const char* type = S_ISREG(status.st_mode)   ? "file"
                     : S_ISDIR(status.st_mode) ? "dir"
                     : S_ISLNK(status.st_mode) ? "symlink"
                                               : "other";
  if (!how.is_post_order && !visit(ctx, path, type, depth)) return false;
  if (S_ISDIR(status.st_mode) && depth < kMaxDepth) {
    std::vector<std::string> names;
    if (!list_names(path, names) && depth == 0) throw_path_error(ctx, "walkDir", path, errno);
    for (const std::string& name : names) {
      if (!walk(ctx, how, child_of(path, name), depth + 1)) return false;
    }
  }
  return !how.is_post_order || visit(ctx, path, type, depth);
}

// walkDir(dir, callback(path, type, depth)[, {followLinks, postOrder}])
duk_ret_t utils_walk_dir(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const std::string path = path_at(ctx, 0, "walkDir()");
  if (!duk_is_function(ctx, 1)) throw_error(ctx, "walkDir(): second argument must be a Function");
  about_to_block();
  walk(ctx, {flag_option(ctx, 2, "followLinks"), flag_option(ctx, 2, "postOrder")}, path, 0);
  return 0;
}

// ---- glob

struct Glob {
  bool shows_dotted;
  std::vector<std::string> segments;
  std::set<std::string> found;
};

void match_segments(Glob& glob, const std::string& folder, const std::string& shown, size_t at, int depth) {
  if (depth > kMaxDepth) return;
  const std::string& segment = glob.segments[at];
  const bool is_last = at + 1 == glob.segments.size();
  const bool any_depth = segment == "**";
  if (any_depth && !is_last) match_segments(glob, folder, shown, at + 1, depth);
  if (segment == "." || segment == "..") {  // list_names() leaves them out
    const std::string path = child_of(folder, segment);
    if (!is_last) return match_segments(glob, path, shown + segment + "/", at + 1, depth + 1);
    if (access(path.c_str(), F_OK) == 0) glob.found.insert(shown + segment);
    return;
  }
  std::vector<std::string> names;
  list_names(folder, names);
  for (const std::string& name : names) {
    if (name.starts_with('.') && !glob.shows_dotted && !segment.starts_with('.')) continue;
    if (!any_depth && fnmatch(segment.c_str(), name.c_str(), 0) != 0) continue;
    const std::string path = child_of(folder, name);
    const std::string path_shown = shown + name;
    if (is_last) glob.found.insert(path_shown);
    struct stat status;
    // "**" does not follow links: they may lead in circles.
    const bool is_folder =
        (any_depth ? lstat(path.c_str(), &status) : stat(path.c_str(), &status)) == 0 && S_ISDIR(status.st_mode);
    if (!is_folder) continue;
    if (any_depth) {
      match_segments(glob, path, path_shown + "/", at, depth + 1);
    } else if (!is_last) {
      match_segments(glob, path, path_shown + "/", at + 1, depth + 1);
    }
  }
}

// glob(pattern[, {cwd, dot}])
duk_ret_t utils_glob(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const std::string pattern = path_at(ctx, 0, "glob()", "pattern");
  std::string folder = ".";
  if (is_options(ctx, 1) && push_option(ctx, 1, "cwd")) folder = path_at(ctx, -1, "glob()", "cwd");
  Glob glob{flag_option(ctx, 1, "dot"), {}, {}};
  for (size_t begin = 0; begin <= pattern.size();) {
    const size_t end = std::min(pattern.find('/', begin), pattern.size());
    if (end > begin) glob.segments.push_back(pattern.substr(begin, end - begin));
    begin = end + 1;
  }
  const bool is_absolute = pattern.starts_with('/');
  about_to_block();
  if (!glob.segments.empty()) match_segments(glob, is_absolute ? "/" : folder, is_absolute ? "/" : "", 0, 0);
  duk_push_array(ctx);
  duk_uarridx_t count = 0;
  for (const std::string& path : glob.found) {
    push_text(ctx, path);
    duk_put_prop_index(ctx, -2, count++);
  }
  return 1;
}

// ---- cp

struct Copy {
  bool is_recursive;
  bool follows_links;
  bool keeps_times;
  bool overwrites;
  bool fails_on_existing;
};

void copy_link(duk_context* ctx, const std::string& from, const std::string& to, const Copy& how) {
  char text[PATH_MAX];
  const ssize_t size = readlink(from.c_str(), text, sizeof text - 1);
  if (size < 0) throw_path_error(ctx, "cp", from, errno);
  text[size] = '\0';
  if (how.overwrites) unlink(to.c_str());
  if (symlink(text, to.c_str()) != 0 && errno != EEXIST) throw_path_error(ctx, "cp", to, errno);
}

// True when `to` exists and is to be left as it is.
bool keeps_existing(duk_context* ctx, const std::string& to, const Copy& how) {
  struct stat status;
  if (lstat(to.c_str(), &status) != 0) return false;
  if (how.fails_on_existing && !how.overwrites) throw_path_error(ctx, "cp", to, EEXIST);
  return !how.overwrites;
}

void copy_tree(duk_context* ctx, const std::string& from, const std::string& to, const Copy& how, int depth) {
  struct stat status;
  if ((how.follows_links ? stat(from.c_str(), &status) : lstat(from.c_str(), &status)) != 0) {
    throw_path_error(ctx, "cp", from, errno);
  }
  if (S_ISDIR(status.st_mode)) {
    if (!how.is_recursive) throw_error(ctx, "cp(): %s: is a directory; set {recursive:true}", from.c_str());
    if (depth > kMaxDepth) throw_path_error(ctx, "cp", from, ELOOP);
    std::vector<std::string> names;
    if (!list_names(from, names)) throw_path_error(ctx, "cp", from, errno);
    if (mkdir(to.c_str(), status.st_mode & 07777) != 0 && errno != EEXIST) throw_path_error(ctx, "cp", to, errno);
    for (const std::string& name : names) copy_tree(ctx, child_of(from, name), child_of(to, name), how, depth + 1);
  } else if (keeps_existing(ctx, to, how)) {
    return;
  } else if (S_ISLNK(status.st_mode)) {
    copy_link(ctx, from, to, how);
  } else if (!S_ISREG(status.st_mode)) {
    throw_error(ctx, "cp(): %s: is not a file, directory or link", from.c_str());
  } else {
    std::string failed_on;
    const int error = copy_file(from, to, how.overwrites, failed_on);
    if (error != 0) throw_path_error(ctx, "cp", failed_on, error);
  }
  if (!how.keeps_times) return;
  const timespec times[2] = {status.st_atim, status.st_mtim};
  utimensat(AT_FDCWD, to.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

// True when `to` is `from` or lies in it: copying would never end.
bool is_inside(const std::string& from, const std::string& to) {
  char source[PATH_MAX], target[PATH_MAX];
  if (!realpath(from.c_str(), source)) return false;
  std::string parent = to;
  while (!realpath(parent.c_str(), target)) {
    const size_t slash = parent.rfind('/');
    parent = slash == std::string::npos ? "." : parent.substr(0, std::max<size_t>(slash, 1));
    if (parent == "/" || parent == ".") {
      if (!realpath(parent.c_str(), target)) return false;
      break;
    }
  }
  return child_of(target, "").starts_with(child_of(source, ""));
}

// cp(src, dest[, {recursive, dereference, preserveTimestamps, force, errorOnExist}])
duk_ret_t utils_cp(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const std::string from = path_at(ctx, 0, "cp()", "source");
  const std::string to = path_at(ctx, 1, "cp()", "destination");
  const Copy how{
      flag_option(ctx, 2, "recursive"), flag_option(ctx, 2, "dereference"), flag_option(ctx, 2, "preserveTimestamps"),
      // As in Node: an existing target is replaced unless the caller says otherwise.
      flag_option(ctx, 2, "force", !flag_option(ctx, 2, "errorOnExist")), flag_option(ctx, 2, "errorOnExist")};
  about_to_block();
  struct stat status;
  if (stat(from.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && is_inside(from, to)) {
    throw_error(ctx, "cp(): %s: a directory cannot be copied into itself", to.c_str());
  }
  copy_tree(ctx, from, to, how, 0);
  return 0;
}

// ---- rm

// rm(path[, {recursive, force}])
duk_ret_t utils_rm(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string path = path_at(ctx, 0, "rm()");
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();  // "link/" would be what the link leads to
  // "link/." is the folder that the link leads to, and the system refuses to remove it, but only once it is empty.
  const std::string_view last = std::string_view(path).substr(path.rfind('/') + 1);
  if (last == "." || last == ".." || path == "/") {
    throw_error(ctx, "rm(): %s: refusing to remove \".\", \"..\" or \"/\"", path.c_str());
  }
  const bool is_recursive = flag_option(ctx, 1, "recursive");
  const bool is_forced = flag_option(ctx, 1, "force");
  about_to_block();
  struct stat status;
  int error = lstat(path.c_str(), &status) == 0 ? 0 : errno;
  std::string failed_on = path;
  if (error == 0 && S_ISDIR(status.st_mode)) {
    if (!is_recursive) throw_error(ctx, "rm(): %s: is a directory; set {recursive:true}", path.c_str());
    error = remove_tree(path, failed_on);
  } else if (error == 0 && unlink(path.c_str()) != 0) {
    error = errno;
  }
  if (error != 0 && !(error == ENOENT && is_forced)) throw_path_error(ctx, "rm", failed_on, error);
  return 0;
}

}  // namespace

void put_file_tree_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"walkDir", guarded<utils_walk_dir>},
      {"walkdir", guarded<utils_walk_dir>},
      {"glob", guarded<utils_glob>},
      {"cp", guarded<utils_cp>},
      {"rm", guarded<utils_rm>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
