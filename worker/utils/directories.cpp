#include "worker/utils/directories.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

constexpr long kDirectoryMode = 0755;

// Makes one directory with exactly this mode; 0 or the errno. Existing is fine.
int make_directory(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) == 0) return chmod(path.c_str(), mode) == 0 ? 0 : errno;
  return errno == EEXIST ? 0 : errno;
}

// mkdir(path[, mode])
duk_ret_t utils_mkdir(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string path = path_at(ctx, 0, "mkdir()");
  long mode = mode_at(ctx, 1, kDirectoryMode);
  if (mode < 0) throw_error(ctx, "mkdir(): invalid mode");
  about_to_block();
  int error = path.empty() ? ENOENT : 0;
  for (size_t slash = path.find('/', 1); error == 0; slash = path.find('/', slash + 1)) {
    error = make_directory(path.substr(0, slash), static_cast<mode_t>(mode));
    if (slash == std::string::npos) break;
  }
  if (error != 0) throw_error(ctx, "mkdir(): error creating directory: %s", errno_text(error).c_str());
  return 0;
}

// rmdir(path[, parents])
duk_ret_t utils_rmdir(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string path = path_at(ctx, 0, "rmdir()");
  bool removes_parents = duk_to_boolean(ctx, 1);
  about_to_block();
  for (;;) {
    if (rmdir(path.c_str()) != 0) throw_error(ctx, "rmdir(): error removing directory: %s", errno_text(errno).c_str());
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    size_t slash = path.rfind('/');
    if (!removes_parents || slash == std::string::npos || slash == 0) return 0;
    path.resize(slash);
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (path == "." || path == "/") return 0;
  }
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// readdir(path[, hidden])
duk_ret_t utils_readdir(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string path = path_at(ctx, 0, "readdir()");
  bool shows_hidden = duk_to_boolean(ctx, 1);
  about_to_block();
  std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (!directory) {
    throw_error(ctx, "readdir(): could not open directory %s: %s", path.c_str(), errno_text(errno).c_str());
  }
  duk_push_array(ctx);
  duk_uarridx_t count = 0;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] == '.' && !shows_hidden) continue;
    push_text(ctx, entry->d_name);
    duk_put_prop_index(ctx, -2, count++);
  }
  return 1;
}

duk_ret_t utils_getcwd(duk_context* ctx) {
  char path[PATH_MAX];
  if (!getcwd(path, sizeof path)) throw_error(ctx, "getcwd(): error - %s", errno_text(errno).c_str());
  push_text(ctx, path);
  return 1;
}

duk_ret_t utils_chdir(duk_context* ctx) {
  std::string path = path_at(ctx, 0, "chdir()");
  about_to_block();
  if (chdir(path.c_str()) != 0) throw_error(ctx, "chdir(): error - %s", errno_text(errno).c_str());
  return 0;
}

}  // namespace

void put_directory_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"mkdir", guarded<utils_mkdir>},   {"mkDir", guarded<utils_mkdir>},     {"rmdir", guarded<utils_rmdir>},
      {"rmDir", guarded<utils_rmdir>},   {"readdir", guarded<utils_readdir>}, {"readDir", guarded<utils_readdir>},
      {"getcwd", guarded<utils_getcwd>}, {"getCwd", guarded<utils_getcwd>},   {"chdir", guarded<utils_chdir>},
      {"chDir", guarded<utils_chdir>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
