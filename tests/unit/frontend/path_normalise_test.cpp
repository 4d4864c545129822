#include "frontend/path_normalise.h"

#include <gtest/gtest.h>

namespace ravelin::frontend {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

struct Normalised {
  PathVerdict verdict;
  std::string path;
  bool same_bytes;  // a view of the input, nothing copied
};

Normalised normalise(std::string_view raw) {
  std::string scratch;
  std::string_view view;
  PathVerdict verdict = normalise_path(raw, scratch, view);
  return {verdict, std::string(view), view.data() == raw.data()};
}

TEST(PathNormalise, LeavesOrdinaryPathsAlone) {
  for (const char* path : {"/",         "/a",      "/a/",          "/a/b.html",  "/.well-known/x", "/...",
                           "/a..",      "/..a",    "/a/.b/",       "/%65x",      "/a%2fb",         "/%2",
                           "/%",        "/%2ea",   "/a%20b",       "/%2e%2e%2e", "/a;x=../",       "/caf\xC3\xA9\xFF",
                           "/a\\..\\b", "/%c0%ae", "/%252e%252e/x"}) {
    Normalised result = normalise(path);
    EXPECT_EQ(result.verdict, PathVerdict::kFine) << path;
    EXPECT_EQ(result.path, path);
    EXPECT_TRUE(result.same_bytes) << path;
  }
}

TEST(PathNormalise, RemovesDotSegmentsAndEmptyOnes) {
  const std::pair<const char*, const char*> cases[] = {
      {"//", "/"},           {"//a", "/a"},         {"/a//b///c//", "/a/b/c/"},
      {"/.", "/"},           {"/./", "/"},          {"/a/.", "/a/"},
      {"/a/./b", "/a/b"},    {"/a/..", "/"},        {"/a/../", "/"},
      {"/a/b/..", "/a/"},    {"/a/b/../c", "/a/c"}, {"/apps/../x", "/x"},
      {"/a/%2e%2E/x", "/x"}, {"/a/.%2e/x", "/x"},   {"/a/%2E./x", "/x"},
      {"/%2e/x", "/x"},      {"/a//../b", "/b"},    {"/a/b/../../c/", "/c/"},
      {"/a%2f/../b", "/b"},  {"/.../../b", "/b"},
  };
  for (auto [raw, expected] : cases) {
    Normalised result = normalise(raw);
    EXPECT_EQ(result.verdict, PathVerdict::kFine) << raw;
    EXPECT_EQ(result.path, expected) << raw;
    EXPECT_TRUE(normalise(result.path).same_bytes) << "not stable: " << raw;
  }
}

TEST(PathNormalise, RefusesWhatClimbs) {
  for (const char* path : {"/..", "/../", "/../x", "/a/../..", "/a/../../b", "//..", "/./..", "/%2e%2e/secret",
                           "/.%2E/x", "/a/b/../../../c"})
    EXPECT_EQ(normalise(path).verdict, PathVerdict::kClimbs) << path;
}

TEST(PathNormalise, RefusesWhatIsNoPath) {
  for (std::string_view path :
       {std::string_view(""), std::string_view("a"), std::string_view("*"), std::string_view("/a%00b"),
        std::string_view("/%00"), "/a\0b"sv, std::string_view("/../%00")})
    EXPECT_EQ(normalise(path).verdict, PathVerdict::kBad) << path;
}

TEST(PathNormalise, DecodedPathsKnowOnlyRealDots) {
  std::string resolved;
  EXPECT_EQ(resolve_decoded_path("/a/%2e%2e/b", resolved), PathVerdict::kFine);
  EXPECT_EQ(resolved, "/a/%2e%2e/b");
  EXPECT_EQ(resolve_decoded_path("/a/../b//c", resolved), PathVerdict::kFine);
  EXPECT_EQ(resolved, "/b/c");
  EXPECT_EQ(resolve_decoded_path("/..", resolved), PathVerdict::kClimbs);
  EXPECT_EQ(resolve_decoded_path("/a\0"sv, resolved), PathVerdict::kBad);
}

}  // namespace
}  // namespace ravelin::frontend
