#include "worker/compile_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sys.h"
#include "worker/compile_frames.h"
#include "worker/js_source.h"

namespace ravelin::worker {

namespace {

constexpr std::string_view kEntryMagic = "ravelin compiled 1\n";
constexpr size_t kHashBytes = 32;
constexpr const char* kSystemBase = "/var/cache/ravelin";
constexpr const char* kEntrySuffix = ".es5";
constexpr const char* kTemporaryPrefix = ".new-";
constexpr int kLocks = 4;  // so many compile processes of one user run at once: each takes 60 MB and a CPU
constexpr int kLockPollMs = 3;
constexpr time_t kAbandonedSeconds = 600;  // a temporary file this old was left by a process that died

std::string hash_of(std::string_view bytes) {
  std::string hash(kHashBytes, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr, 0);
  return hash;
}

std::string hex(std::string_view bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  text.pop_back();
  return text;
}

std::string user_folder_name(uid_t uid) { return "u" + std::to_string(uid); }

// A folder that is nobody's but ours, so that no other user can put code into it.
bool is_private_folder(const std::string& path, uid_t uid) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == uid &&
         (status.st_mode & 0077) == 0 && access(path.c_str(), W_OK) == 0;
}

bool make_private_folder(const std::string& path, uid_t uid) {
  return mkdir(path.c_str(), 0700) == 0 || (errno == EEXIST && is_private_folder(path, uid));
}

// Folders above the private one; their rights matter less, since the private one is checked by itself.
void make_base(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    mkdir(path.substr(0, slash).c_str(), 0755);
  mkdir(path.c_str(), 0755);
}

// The folder that a variable of the environment names, if it is the user's own: a site that became another user still
// has the environment of the one who started it.
const char* own_folder(const char* variable, uid_t uid) {
  const char* path = getenv(variable);
  struct stat status;
  return path && path[0] == '/' && stat(path, &status) == 0 && status.st_uid == uid ? path : nullptr;
}

std::vector<std::string> candidate_bases(const CacheSettings& settings, uid_t uid) {
  if (!settings.base.empty()) return {settings.base};
  std::vector<std::string> bases;
  if (uid != 0) {
    if (const char* cache = own_folder("XDG_CACHE_HOME", uid)) {
      bases.push_back(std::string(cache) + "/ravelin");
    } else if (const char* home = own_folder("HOME", uid)) {
      bases.push_back(std::string(home) + "/.cache/ravelin");
    }
  }
  bases.push_back(kSystemBase);
  return bases;
}

bool write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

struct CacheFile {
  std::string path;
  timespec used;
  off_t size;
};

bool is_older(const CacheFile& a, const CacheFile& b) {
  return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec < b.used.tv_sec : a.used.tv_nsec < b.used.tv_nsec;
}

// The entries of a folder; leftovers of dead writers are removed on the way.
std::vector<CacheFile> list_entries(const std::string& folder) {
  std::vector<CacheFile> files;
  DIR* directory = opendir(folder.c_str());
  if (!directory) return files;
  const time_t now = time(nullptr);
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    struct stat status;
    std::string path = folder + "/" + entry->d_name;
    if (lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (name.ends_with(kEntrySuffix)) {
      files.push_back({std::move(path), status.st_mtim, status.st_size});
    } else if (name.starts_with(kTemporaryPrefix) && status.st_mtim.tv_sec + kAbandonedSeconds < now) {
      unlink(path.c_str());
    }
  }
  closedir(directory);
  return files;
}

bool is_too_much(uint64_t bytes, size_t files, int parts_of_four) {
  const auto parts = static_cast<uint64_t>(parts_of_four);
  return bytes > limits::kCompileCacheBytes / 4 * parts || files > limits::kCompileCacheEntries / 4 * parts;
}

void make_room(const std::string& folder) {
  std::vector<CacheFile> files = list_entries(folder);
  uint64_t bytes = 0;
  for (const CacheFile& file : files) bytes += static_cast<uint64_t>(file.size);
  if (!is_too_much(bytes, files.size(), 4)) return;
  // Down to three quarters, so that the next store has room and does not clear up again.
  std::sort(files.begin(), files.end(), is_older);
  size_t left = files.size();
  for (const CacheFile& file : files) {
    if (!is_too_much(bytes, left, 3)) break;
    unlink(file.path.c_str());
    bytes -= static_cast<uint64_t>(file.size);
    --left;
  }
}

std::string entry_path(const std::string& folder, const CompileCache::Key& key) {
  return folder + "/" + hex(key) + kEntrySuffix;
}

std::shared_ptr<std::atomic<bool>> make_shared_flag() {
  static_assert(std::atomic<bool>::is_always_lock_free);
  void* page = mmap(nullptr, sizeof(std::atomic<bool>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return std::make_shared<std::atomic<bool>>(false);  // a flag per process, then
  return {new (page) std::atomic<bool>(false), [](std::atomic<bool>* flag) { munmap(flag, sizeof *flag); }};
}

}  // namespace

std::string encode_entry(const CompileCache::Key& key, const Compiled& compiled) {
  std::string body;
  append_compiled(body, compiled);
  std::string entry(kEntryMagic);
  entry.append(key).append(hash_of(body)).append(body);
  return entry;
}

std::optional<Compiled> decode_entry(const CompileCache::Key& key, std::string_view bytes) {
  if (!bytes.starts_with(kEntryMagic)) return std::nullopt;
  bytes.remove_prefix(kEntryMagic.size());
  if (bytes.size() < 2 * kHashBytes || bytes.substr(0, kHashBytes) != key) return std::nullopt;
  const std::string_view body = bytes.substr(2 * kHashBytes);
  if (hash_of(body) != bytes.substr(kHashBytes, kHashBytes)) return std::nullopt;
  return parse_compiled(body);
}

CompileCache::Key CompileCache::key_of(std::string_view source, std::string_view flags) {
  std::string all(flags);
  all.push_back('\0');
  all.append(source);
  return hash_of(all);
}

CompileCache::CompileCache(CacheSettings settings) : settings_(std::move(settings)), has_warned_(make_shared_flag()) {}

void CompileCache::warn(const std::string& what) {
  if (has_warned_->exchange(true)) return;
  log_line("warning: compiled scripts: " + what + " (options --cache-dir, --no-cache)");
}

const std::string& CompileCache::folder() {
  const uid_t uid = geteuid();
  if (folder_uid_ == uid || !settings_.is_enabled) return folder_;
  folder_uid_ = uid;
  const bool is_as_wanted = find_folder(uid);
  const std::string user = " for user " + std::to_string(uid);
  if (folder_.empty()) {
    warn("there is no folder to keep them in" + user + "; each process compiles anew what it loads");
  } else if (!is_as_wanted) {
    warn("the cache folder " + settings_.base + " cannot be used" + user + "; " + folder_ + " is used instead");
  }
  return folder_;
}

// False: it is another one than the settings ask for, or none.
bool CompileCache::find_folder(uid_t uid) {
  for (const std::string& base : candidate_bases(settings_, uid)) {
    make_base(base);
    folder_ = base + "/" + user_folder_name(uid);
    if (make_private_folder(folder_, uid)) return true;
  }
  folder_ = "/tmp/ravelin-cache-" + user_folder_name(uid);
  if (!make_private_folder(folder_, uid)) folder_.clear();
  return !folder_.empty() && settings_.base.empty();
}

std::optional<Compiled> CompileCache::find(const Key& key) {
  if (folder().empty()) return std::nullopt;
  const std::string path = entry_path(folder(), key);
  SourceFile file;
  if (read_source_file(path, file) != 0) return std::nullopt;
  std::optional<Compiled> found;
  if (file.status.st_uid == geteuid() && (file.status.st_mode & 0022) == 0) found = decode_entry(key, file.text);
  if (!found) {
    unlink(path.c_str());
    return std::nullopt;
  }
  // The age of an entry is counted from its last use; once an hour is exact enough.
  if (file.status.st_mtim.tv_sec + 3600 < time(nullptr)) utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  return found;
}

bool CompileCache::store_in(const std::string& folder, const Key& key, const Compiled& compiled) {
  const std::string entry = encode_entry(key, compiled);
  std::string temporary = folder + "/" + kTemporaryPrefix + "XXXXXX";
  UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return false;
  const bool ok = write_whole(fd.get(), entry) && rename(temporary.c_str(), entry_path(folder, key).c_str()) == 0;
  const int error = errno;
  if (!ok) unlink(temporary.c_str());
  make_room(folder);
  errno = error;
  return ok;
}

void CompileCache::store(const Key& key, const Compiled& compiled) {
  if (folder().empty() || store_in(folder(), key, compiled)) return;
  folder_uid_ = static_cast<uid_t>(-1);  // somebody may have removed it: it is made again
  if (folder().empty() || store_in(folder(), key, compiled)) return;
  warn("could not write to " + folder_ + ": " + errno_text(errno) + "; they are compiled anew each time");
}

UniqueFd CompileCache::lock(const Key& key, uint64_t deadline_ms) {
  if (folder().empty()) return UniqueFd();
  const int group = static_cast<unsigned char>(key[0]) % kLocks;
  const std::string path = folder() + "/lock" + std::to_string(group);
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fd;
  while (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    // Who holds it for so long is stuck. Compiling twice is better than not at all.
    if (errno != EWOULDBLOCK || monotonic_ms() >= deadline_ms) break;
    poll(nullptr, 0, kLockPollMs);
  }
  return fd;
}

void CompileCache::prepare_for(uid_t uid, gid_t gid) {
  if (!settings_.is_enabled || geteuid() != 0 || uid == 0) return;
  for (const std::string& base : candidate_bases(settings_, 0)) {
    make_base(base);
    // Only where nobody but root can put something else in the folder's place in between.
    struct stat status;
    if (lstat(base.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != 0 ||
        (status.st_mode & 0022) != 0)
      continue;
    const std::string path = base + "/" + user_folder_name(uid);
    if (mkdir(path.c_str(), 0700) == 0 && lchown(path.c_str(), uid, gid) != 0) rmdir(path.c_str());
    return;
  }
}

}  // namespace ravelin::worker
