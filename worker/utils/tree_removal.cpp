#include "worker/utils/tree_removal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <vector>

#include "common/unique_fd.h"

namespace ravelin::worker {
namespace {

// Folders above these are closed, and opened again on the way back: a tree may be deeper than a process may have
// descriptors.
constexpr size_t kMaxOpen = 16;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// A folder that is being emptied. Those that are open are the last ones of the walk.
struct Level {
  dev_t device;
  ino_t inode;
  std::unique_ptr<DIR, CloseDirectory> directory;  // null: closed meanwhile
};

class TreeRemoval {
 public:
  TreeRemoval(const std::string& path, std::string& current) : current_(current) { current_ = path; }

  int run() {
    const std::string top = current_;
    int error = enter(AT_FDCWD, top.c_str());
    while (error == 0 && !levels_.empty()) error = step();
    if (error != 0) return error;
    current_ = top;
    return rmdir(top.c_str()) == 0 ? 0 : errno;
  }

 private:
  // Opens the folder `name` as seen from `folder`, as the new last level.
  int enter(int folder, const char* name) {
    UniqueFd opened(openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status;
    if (!opened || fstat(opened.get(), &status) != 0) return errno;
    Level level{status.st_dev, status.st_ino, nullptr};
    if (const int error = open_directory(level, opened)) return error;
    levels_.push_back(std::move(level));
    if (levels_.size() > kMaxOpen) levels_[levels_.size() - 1 - kMaxOpen].directory.reset();
    return 0;
  }

  static int open_directory(Level& level, UniqueFd& opened) {
    level.directory.reset(fdopendir(opened.get()));
    if (!level.directory) return errno;
    opened.release();
    return 0;
  }

  // Removes the next entry of the last level, or begins to when it is a folder; leaves the level after its last one.
  int step() {
    DIR* directory = levels_.back().directory.get();
    errno = 0;
    const dirent* entry = readdir(directory);
    if (!entry) return errno != 0 ? errno : leave();
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") return 0;
    const size_t length = current_.size();
    if (!current_.ends_with('/')) current_ += '/';
    current_ += name;
    const int folder = dirfd(directory);
    struct stat status;
    int error = fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    if (error == 0 && S_ISDIR(status.st_mode)) {
      error = enter(folder, entry->d_name);
      if (error == 0) return 0;
    } else if (error == 0 && unlinkat(folder, entry->d_name, 0) != 0) {
      error = errno;
    }
    if (error == ENOENT) error = 0;  // gone meanwhile
    if (error == 0) current_.resize(length);
    return error;
  }

  // Removes the empty folder of the last level from the one above. The top has none: run() removes it.
  int leave() {
    if (levels_.size() > 1) {
      if (const int error = reopen(levels_[levels_.size() - 2], levels_.back())) return error;
    }
    levels_.pop_back();
    if (levels_.empty()) return 0;
    const size_t slash = current_.rfind('/');
    const int folder = dirfd(levels_.back().directory.get());
    if (unlinkat(folder, current_.c_str() + slash + 1, AT_REMOVEDIR) != 0 && errno != ENOENT) return errno;
    current_.resize(slash);
    return 0;
  }

  // By way of the folder in it, which someone may have moved to another place.
  static int reopen(Level& parent, const Level& child) {
    if (parent.directory) return 0;
    UniqueFd opened(openat(dirfd(child.directory.get()), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status;
    if (!opened || fstat(opened.get(), &status) != 0) return errno;
    if (status.st_dev != parent.device || status.st_ino != parent.inode) return ESTALE;
    return open_directory(parent, opened);
  }

  std::vector<Level> levels_;
  std::string& current_;  // path of what the walk is at, for messages; its last segment is the last level's name
};

}  // namespace

int remove_tree(const std::string& path, std::string& failed_on) { return TreeRemoval(path, failed_on).run(); }

}  // namespace ravelin::worker
