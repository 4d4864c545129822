#include "worker/js_module_path.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

// $HOME and $RAMPART_PATH as a test wants them, and as they were afterwards.
class Environment {
 public:
  Environment(const char* home, const char* extra) {
    keep("HOME", home_);
    keep("RAMPART_PATH", extra_);
    home ? setenv("HOME", home, 1) : unsetenv("HOME");
    extra ? setenv("RAMPART_PATH", extra, 1) : unsetenv("RAMPART_PATH");
  }
  ~Environment() {
    home_ ? setenv("HOME", home_->c_str(), 1) : unsetenv("HOME");
    extra_ ? setenv("RAMPART_PATH", extra_->c_str(), 1) : unsetenv("RAMPART_PATH");
  }

 private:
  static void keep(const char* name, std::optional<std::string>& value) {
    if (const char* text = getenv(name)) value = text;
  }
  std::optional<std::string> home_, extra_;
};

TEST(ModulePath, SearchesInTheDocumentedOrder) {
  TemporaryFolder folder;
  Environment environment(folder.path().c_str(), folder.path().c_str());
  const SearchPath path{"/site", "/usr"};
  const std::vector<std::string> expected = {"/caller",
                                             "/site",
                                             "/site/modules",
                                             "/site/lib/rampart_modules",
                                             folder / ".rampart/modules",
                                             folder / ".rampart/lib/rampart_modules",
                                             folder.path(),
                                             "/usr",
                                             "/usr/modules",
                                             "/usr/lib/rampart_modules"};
  EXPECT_EQ(search_directories(path, "/caller", SearchKind::kModule), expected);
}

TEST(ModulePath, WithoutHomeTmpStandsIn) {
  Environment environment("/no/such/home", "/no/such/extra");
  const std::vector<std::string> expected = {"/tmp/.rampart/includes"};
  EXPECT_EQ(search_directories({}, "", SearchKind::kInclude), expected);
}

TEST(ModulePath, EachExtensionWalksTheWholeList) {
  TemporaryFolder folder;
  Environment environment(nullptr, nullptr);
  const SearchPath path{folder / "site", folder / "install"};
  folder.write("site/x.so", "");
  folder.write("site/x", "");
  const std::string far = folder.write("install/lib/rampart_modules/x.js", "");
  EXPECT_EQ(resolve_module_name(path, "x", "").path, far);
  EXPECT_EQ(resolve_module_name(path, "./x", "").path, far);
  EXPECT_EQ(resolve_module_name(path, "x.js", "").path, far);
  EXPECT_EQ(resolve_module_name(path, "x.so", "").path, folder / "site/x.so");
  const std::string near = folder.write("caller/x.js", "");
  EXPECT_EQ(resolve_module_name(path, "x", folder / "caller").path, near);
  EXPECT_EQ(resolve_module_name(path, "../caller/x", "").path, near);
}

TEST(ModulePath, AbsoluteNamesAreTriedAlone) {
  TemporaryFolder folder;
  const SearchPath path{folder.path(), ""};
  const std::string file = folder.write("deep/m.js", "");
  EXPECT_EQ(resolve_module_name(path, folder / "deep/m", "").path, file);
  EXPECT_EQ(resolve_module_name(path, file, "").path, file);
  EXPECT_EQ(resolve_module_name(path, "/deep/m", "").path, "");
}

TEST(ModulePath, FollowsLinksAndSkipsDirectories) {
  TemporaryFolder folder;
  const SearchPath path{folder.path(), ""};
  const std::string file = folder.write("real/m.js", "");
  ASSERT_EQ(symlink(file.c_str(), (folder / "link.js").c_str()), 0);
  EXPECT_EQ(resolve_module_name(path, "link", "").path, file);
  EXPECT_EQ(resolve_module_name(path, "real", "").path, "");
  EXPECT_EQ(resolve_module_name(path, "real", "").error, ENOENT);
  EXPECT_EQ(resolve_module_name(path, "", "").error, ENOENT);
  EXPECT_EQ(resolve_module_name(path, std::string("link\0x", 6), "").error, ENOENT);
}

TEST(ModulePath, IncludesTakeTheNameAsGivenFirst) {
  TemporaryFolder folder;
  const SearchPath path{folder.path(), ""};
  const std::string with = folder.write("includes/part.js", "");
  EXPECT_EQ(resolve_include_name(path, "part", "").path, with);
  EXPECT_EQ(resolve_include_name(path, "part.js", "").path, with);
  const std::string plain = folder.write("includes/part", "");
  EXPECT_EQ(resolve_include_name(path, "part", "").path, plain);
}

// The table of server-details 3.7. Files as text relative to the folder, then "|" and the subpath.
TEST(ModulePath, FindsTheModuleBehindAUrl) {
  TemporaryFolder folder;
  for (const char* file : {"one.js", "multi.js", "deep/two.js", "bin.so", "plain", "a.js", "a/b.js", "dots.v2.js"}) {
    folder.write(file, "");
  }
  const std::pair<const char*, const char*> rows[] = {
      {"one", "one.js|"},
      {"one.html", "one.js|"},
      {"/one.json", "one.js|"},
      {"one/", "one.js|/"},
      {"one/more.html", "one.js|/more.html"},
      {"deep/two.html", "deep/two.js|"},
      {"multi/", "multi.js|/"},
      {"multi", "multi.js|"},
      {"multi.html", "multi.js|"},
      {"multi/index.html", "multi.js|/index.html"},
      {"multi/virt/page3.html", "multi.js|/virt/page3.html"},
      {"multi/virt/", "multi.js|/virt/"},
      {"bin.txt", "bin.so|"},
      {"plain.html", "plain|"},
      {"a/b.html", "a/b.js|"},
      {"a/c.html", "a.js|/c.html"},
      {"dots.v2.html", "dots.v2.js|"},
      {"", "404"},
      {"/", "404"},
      {"deep/", "404"},
      {"deep", "404"},
      {"nope.html", "404"},
      {"one.html/x", "404"},
      {"../one", "404"},
      {"deep/../one", "404"},
      {"./one", "404"},
      {"deep//two", "404"},
      {"deep/...html", "404"},
      {".html", "404"},
      {"deep/.html", "404"},
  };
  for (auto [url, expected] : rows) {
    auto found = find_in_module_directory(folder.path(), url);
    std::string text = found ? found->file.substr(folder.path().size() + 1) + "|" + found->subpath : "404";
    EXPECT_EQ(text, expected) << url;
  }
  EXPECT_FALSE(find_in_module_directory(folder.path(), std::string_view("one\0.x", 6)));
  EXPECT_FALSE(find_in_module_directory(folder.path(), std::string(5000, 'x')));
  EXPECT_FALSE(find_in_module_directory(folder / "nowhere", "one"));
}

TEST(ModulePath, DirectoryOf) {
  EXPECT_EQ(directory_of("/a/b/c"), "/a/b");
  EXPECT_EQ(directory_of("/c"), "/");
  EXPECT_EQ(directory_of("c"), ".");
}

}  // namespace
}  // namespace ravelin::worker
