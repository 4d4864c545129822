#include "worker/compile_cache.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/limits.h"
#include "tests/unit/common/stderr_capture.h"
#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

CacheSettings at(const TemporaryFolder& folder) { return {true, folder / "cache"}; }

Compiled sample(const std::string& code) {
  Compiled compiled;
  compiled.ok = true;
  compiled.is_module = true;
  compiled.code = code;
  compiled.line_table = std::string("\x02\x00\x02", 3);
  return compiled;
}

size_t folder_bytes(const std::string& folder, size_t* files = nullptr) {
  size_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    bytes += entry.file_size();
    if (files) ++*files;
  }
  return bytes;
}

std::string entry_file(CompileCache& cache) {
  for (const auto& entry : std::filesystem::directory_iterator(cache.folder()))
    if (entry.path().extension() == ".es5") return entry.path().string();
  return "";
}

TEST(CompileCache, GivesBackWhatWasStored) {
  TemporaryFolder folder;
  CompileCache cache(at(folder));
  const auto key = CompileCache::key_of("source", "flags");
  EXPECT_EQ(key.size(), 32u);
  EXPECT_FALSE(cache.find(key));
  cache.store(key, sample("code"));
  CompileCache other(at(folder));
  const auto found = other.find(key);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->ok && found->is_module);
  EXPECT_EQ(found->code, "code");
  EXPECT_EQ(found->line_table, std::string("\x02\x00\x02", 3));
  EXPECT_FALSE(other.find(CompileCache::key_of("source", "other flags")));
  EXPECT_FALSE(other.find(CompileCache::key_of("other source", "flags")));
}

TEST(CompileCache, KeepsErrorsToo) {
  TemporaryFolder folder;
  CompileCache cache(at(folder));
  Compiled error;
  error.code = "';' expected.";
  error.error_line = 7;
  error.error_column = 3;
  cache.store(CompileCache::key_of("x", ""), error);
  const auto found = cache.find(CompileCache::key_of("x", ""));
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->ok);
  EXPECT_EQ(found->error_line, 7u);
  EXPECT_EQ(found->error_column, 3u);
}

TEST(CompileCache, FolderIsPrivate) {
  TemporaryFolder folder;
  CompileCache cache(at(folder));
  struct stat status;
  ASSERT_EQ(stat(cache.folder().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  EXPECT_EQ(status.st_uid, geteuid());
  EXPECT_EQ(cache.folder(), folder / "cache/u" + std::to_string(geteuid()));
}

TEST(CompileCache, TakesNoFolderThatOthersCanWrite) {
  TemporaryFolder folder;
  const std::string taken = folder / "cache/u" + std::to_string(geteuid());
  std::filesystem::create_directories(taken);
  chmod(taken.c_str(), 0777);
  CompileCache cache(at(folder));
  EXPECT_NE(cache.folder(), taken);
  EXPECT_TRUE(cache.folder().starts_with("/tmp/ravelin-cache-u")) << cache.folder();

  std::filesystem::remove(taken);
  std::filesystem::create_directories(folder / "elsewhere");
  std::filesystem::create_directory_symlink(folder / "elsewhere", taken);
  CompileCache linked(at(folder));
  EXPECT_NE(linked.folder(), taken);
}

TEST(CompileCache, OffMeansNoFolder) {
  CompileCache cache({false, ""});
  EXPECT_EQ(cache.folder(), "");
  cache.store(CompileCache::key_of("x", ""), sample("y"));
  EXPECT_FALSE(cache.find(CompileCache::key_of("x", "")));
  EXPECT_FALSE(cache.lock(CompileCache::key_of("x", ""), monotonic_ms() + 1000));
}

TEST(CompileCache, CorruptEntriesAreIgnoredAndRemoved) {
  TemporaryFolder folder;
  CompileCache cache(at(folder));
  const auto key = CompileCache::key_of("source", "");
  const std::string good = encode_entry(key, sample("code"));
  for (size_t cut : {size_t{0}, size_t{5}, good.size() / 2, good.size() - 1})
    EXPECT_FALSE(decode_entry(key, good.substr(0, cut)));
  for (size_t place = 0; place < good.size(); ++place) {
    std::string bad = good;
    bad[place] = static_cast<char>(bad[place] ^ 1);
    EXPECT_FALSE(decode_entry(key, bad)) << place;
  }
  EXPECT_FALSE(decode_entry(CompileCache::key_of("another", ""), good));
  EXPECT_TRUE(decode_entry(key, good));

  cache.store(key, sample("code"));
  const std::string file = entry_file(cache);
  std::ofstream(file) << "rubbish";
  EXPECT_FALSE(cache.find(key));
  EXPECT_FALSE(std::filesystem::exists(file));
  cache.store(key, sample("code"));
  EXPECT_TRUE(cache.find(key));
  chmod(file.c_str(), 0666);  // others could have written it
  EXPECT_FALSE(cache.find(key));
}

TEST(CompileCache, EntriesOfOthersAreIgnored) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  TemporaryFolder folder;
  CompileCache cache(at(folder));
  const auto key = CompileCache::key_of("source", "");
  cache.store(key, sample("code"));
  ASSERT_EQ(chown(entry_file(cache).c_str(), 65534, 65534), 0);
  EXPECT_FALSE(cache.find(key));
}

TEST(CompileCache, IsBoundedAndDropsTheOldest) {
  TemporaryFolder folder;
  CompileCache cache(at(folder));
  const std::string large(limits::kCompileCacheBytes / 8, 'x');
  for (int i = 0; i < 20; ++i) {
    const auto key = CompileCache::key_of(std::to_string(i), "");
    cache.store(key, sample(large));
    EXPECT_TRUE(cache.find(key)) << i;
    EXPECT_LE(folder_bytes(cache.folder()), limits::kCompileCacheBytes);
    // Distinct ages, however coarse the clock of files is.
    for (const auto& entry : std::filesystem::directory_iterator(cache.folder()))
      std::filesystem::last_write_time(entry, entry.last_write_time() - std::chrono::seconds(10));
  }
  EXPECT_FALSE(cache.find(CompileCache::key_of("0", "")));
  EXPECT_TRUE(cache.find(CompileCache::key_of("19", "")));
}

TEST(CompileCache, HoldsNoMoreThanSoManyEntries) {
  TemporaryFolder folder;
  CompileCache cache(at(folder));
  for (size_t i = 0; i < limits::kCompileCacheEntries; ++i)
    std::ofstream(cache.folder() + "/" + std::to_string(i) + ".es5") << "old";
  const auto key = CompileCache::key_of("new", "");
  cache.store(key, sample("code"));
  size_t files = 0;
  folder_bytes(cache.folder(), &files);
  EXPECT_LE(files, limits::kCompileCacheEntries);
  EXPECT_GE(files, limits::kCompileCacheEntries / 2);
  EXPECT_TRUE(cache.find(key));
}

TEST(CompileCache, WarnsOnceForAllProcesses) {
  TemporaryFolder folder;
  std::ofstream(folder / "file") << "no folder";
  StderrCapture capture;
  CompileCache cache({true, folder / "file"});
  for (int process = 0; process < 3; ++process) {
    if (fork() != 0) continue;
    cache.folder();
    _exit(0);
  }
  while (wait(nullptr) > 0) continue;
  EXPECT_TRUE(cache.folder().starts_with("/tmp/ravelin-cache-u")) << cache.folder();
  const std::string log = capture.text();
  const size_t warning = log.find("warning: compiled scripts: the cache folder " + (folder / "file"));
  EXPECT_NE(warning, std::string::npos) << log;
  EXPECT_EQ(log.find("warning", warning + 1), std::string::npos) << log;
}

TEST(CompileCache, MakesItsFolderAgain) {
  TemporaryFolder folder;
  CompileCache cache(at(folder));
  const auto key = CompileCache::key_of("source", "");
  ASSERT_FALSE(cache.folder().empty());
  std::filesystem::remove_all(folder / "cache");
  cache.store(key, sample("code"));
  EXPECT_TRUE(cache.find(key));
}

TEST(CompileCache, TakesManyWritersAtOnce) {
  TemporaryFolder folder;
  constexpr int kWriters = 6;
  for (int writer = 0; writer < kWriters; ++writer) {
    if (fork() != 0) continue;
    CompileCache cache(at(folder));
    bool ok = true;
    for (int round = 0; round < 100 && ok; ++round) {
      const std::string name = std::to_string(round % 7);
      const auto key = CompileCache::key_of(name, "");
      const UniqueFd lock = cache.lock(key, monotonic_ms() + 60'000);
      const auto found = cache.find(key);
      ok = lock && (!found || found->code == "code of " + name);
      cache.store(key, sample("code of " + name));
    }
    _exit(ok ? 0 : 1);
  }
  for (int writer = 0; writer < kWriters; ++writer) {
    int status = -1;
    wait(&status);
    EXPECT_EQ(status, 0);
  }
  CompileCache cache(at(folder));
  size_t files = 0;
  folder_bytes(cache.folder(), &files);
  EXPECT_LE(files, 7u + 4u);  // no temporary file is left
}

TEST(CompileCache, RootPreparesTheFolderOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "cache");
  CompileCache cache(at(folder));
  cache.prepare_for(65534, 65534);
  struct stat status;
  ASSERT_EQ(stat((folder / "cache/u65534").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 65534u);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  // Where others can write, a link could stand in its place by then.
  std::filesystem::create_directory(folder / "open");
  chmod((folder / "open").c_str(), 0777);
  CompileCache open({true, folder / "open"});
  open.prepare_for(65534, 65534);
  EXPECT_FALSE(std::filesystem::exists(folder / "open/u65534"));
}

}  // namespace
}  // namespace ravelin::worker
