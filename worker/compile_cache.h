// CompileCache: compiled files on disk, by the hash of what they were compiled from, so that a file is compiled once
// and not at each start. Folders are private to a user: 0700, owned by it, never a link. Entries prove themselves
// (magic, key, hash of the contents); what does not is deleted and compiled anew. Several processes may write at once:
// an entry appears by rename, and a lock per group of keys keeps them from compiling the same file twice. Not for:
// compiling (compile_client.h). Launcher and workers (compile_source), compile processes (store_in); main thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/unique_fd.h"

namespace ravelin::worker {

// What the compiler made of a file: code, or the first syntax error.
struct Compiled {
  bool ok = false;
  bool is_module = false;      // the file has import or export
  std::string code;            // ES5; the message of the error when not ok
  std::string line_table;      // line_maps.h
  std::string function_table;  // function_sources.h
  uint32_t error_line = 0;     // from 1; 0: the compiler failed, the file may be right
  uint32_t error_column = 0;
};

struct CacheSettings {
  bool is_enabled = true;
  std::string base;  // --cache-dir; empty: looked for, see folder()
};

class CompileCache {
 public:
  // 32 bytes that name everything that the result depends on.
  using Key = std::string;
  static Key key_of(std::string_view source, std::string_view flags);

  explicit CompileCache(CacheSettings settings);

  // The folder for the effective user, made when it is missing: "u<uid>" below the first of these that has or takes it:
  // the base of the settings; $XDG_CACHE_HOME/ravelin or ~/.cache/ravelin (not for root, nor in homes of others);
  // /var/cache/ravelin; or /tmp/ravelin-cache-u<uid>. Empty when the cache is off or nothing works. That, or that the
  // base of the settings cannot be used, is a warning in the log, once for this process and its children together.
  const std::string& folder();

  std::optional<Compiled> find(const Key& key);
  // A failure is a warning, once: without the entry the next one compiles again. Keeps the folder within
  // limits::kCompileCacheBytes and kCompileCacheEntries.
  void store(const Key& key, const Compiled& compiled);
  // The same for a folder() of another process of this user. False: nothing is stored.
  static bool store_in(const std::string& folder, const Key& key, const Compiled& compiled);

  // Waits until nobody else compiles a file of this key's group, or until the deadline (monotonic_ms()); look again
  // then. Empty without a cache.
  UniqueFd lock(const Key& key, uint64_t deadline_ms);

  // Root, before it becomes another user: makes that user's folder where only root may.
  void prepare_for(uid_t uid, gid_t gid);

 private:
  bool find_folder(uid_t uid);
  void warn(const std::string& what);

  CacheSettings settings_;
  std::shared_ptr<std::atomic<bool>> has_warned_;  // shared memory: the flag of all processes forked from here
  std::string folder_;
  uid_t folder_uid_ = static_cast<uid_t>(-1);  // whose folder_ it is
};

// The bytes of an entry, and back; nullopt when they are not what was written for this key.
std::string encode_entry(const CompileCache::Key& key, const Compiled& compiled);
std::optional<Compiled> decode_entry(const CompileCache::Key& key, std::string_view bytes);

}  // namespace ravelin::worker
