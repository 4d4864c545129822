#include "frontend/router.h"

#include <gtest/gtest.h>

#include "common/clock.h"
#include "frontend/route_pattern.h"

namespace ravelin::frontend {
namespace {

using ipc::MatchKind;
using ipc::RouteKind;

// Routes written as in a map: "~..." a regular expression, with '*' a glob, a "dir:" prefix a directory, ending in '/'
// a prefix, else exact.
std::vector<ipc::Route> routes_of(const std::vector<std::string>& keys) {
  std::vector<ipc::Route> routes;
  for (std::string key : keys) {
    ipc::Route route;
    route.order = static_cast<uint32_t>(routes.size());
    if (key.starts_with("dir:")) {
      key.erase(0, 4);
      route.kind = RouteKind::kDirectory;
      route.match = MatchKind::kPrefix;
    } else if (key.starts_with('~')) {
      key.erase(0, 1);
      route.match = MatchKind::kRegex;
    } else if (key.find('*') != std::string::npos) {
      route.match = MatchKind::kGlob;
    } else if (key.ends_with('/')) {
      route.match = MatchKind::kPrefix;
    }
    route.key = key;
    routes.push_back(route);
  }
  return routes;
}

class Site {
 public:
  explicit Site(std::vector<std::string> keys, bool map_sort = true)
      : keys_(std::move(keys)), router_(std::move(Router::build(routes_of(keys_), map_sort).value())) {}
  // The key of the route as written above, or "none".
  std::string match(std::string_view path) const {
    auto index = router_.match(path);
    return index ? keys_[*index] : "none";
  }
  std::string slashless(std::string_view path) const {
    auto index = router_.directory_without_slash(path);
    return index ? keys_[*index] : "none";
  }

 private:
  std::vector<std::string> keys_;
  Router router_;
};

TEST(Router, ExactAndPrefixKeys) {
  Site site({"/exact", "/dirfn/", "/a/b"});
  EXPECT_EQ(site.match("/exact"), "/exact");
  EXPECT_EQ(site.match("/exact/"), "none");
  EXPECT_EQ(site.match("/exac"), "none");
  EXPECT_EQ(site.match("/exactly"), "none");
  EXPECT_EQ(site.match("/dirfn/"), "/dirfn/");
  EXPECT_EQ(site.match("/dirfn/a/b.html"), "/dirfn/");
  EXPECT_EQ(site.match("/dirfn"), "none");
  EXPECT_EQ(site.match("/"), "none");
  EXPECT_EQ(site.match("/a/b"), "/a/b");
  EXPECT_EQ(site.match("/%65xact"), "none");  // the raw text counts
}

TEST(Router, LongestKeyIsTheCandidate) {
  Site site({"dir:/", "/apps/", "/apps/deep/", "/apps/deep/one", "dir:/apps/deep/files/", "/search.html"});
  EXPECT_EQ(site.match("/search.html"), "/search.html");
  EXPECT_EQ(site.match("/search.htm"), "dir:/");
  EXPECT_EQ(site.match("/apps/x"), "/apps/");
  EXPECT_EQ(site.match("/apps/deep/x"), "/apps/deep/");
  EXPECT_EQ(site.match("/apps/deep/one"), "/apps/deep/one");
  EXPECT_EQ(site.match("/apps/deep/one/x"), "/apps/deep/");
  EXPECT_EQ(site.match("/apps/deep/files/x"), "dir:/apps/deep/files/");
}

TEST(Router, EqualKeysExactThenPrefixThenDirectory) {
  std::vector<ipc::Route> routes = routes_of({"dir:/x/", "/x/", "/x/"});
  routes[2].match = MatchKind::kExact;  // "/x/index.html" also maps "/x/"
  Router router = std::move(Router::build(routes, true).value());
  EXPECT_EQ(router.match("/x/"), 2u);
  EXPECT_EQ(router.match("/x/y"), 1u);
}

TEST(Router, PatternsComeBeforeTheDirectoryAndAfterFunctions) {
  Site site({"dir:/", "~/x\\.html$", "/*/y.html", "/fn/", "~^/fn/never"});
  EXPECT_EQ(site.match("/a/x.html"), "~/x\\.html$");
  EXPECT_EQ(site.match("/a/y.html"), "/*/y.html");
  EXPECT_EQ(site.match("/a/z.html"), "dir:/");
  EXPECT_EQ(site.match("/fn/never"), "/fn/");
}

TEST(Router, RegularExpressionsBeforeGlobsAndLongerOnesFirst) {
  Site site({"/*/myfile.html", "~/.*/myfile.html", "~/re", "~/re[0-9]+\\.txt$", "/a*", "/ab*"});
  EXPECT_EQ(site.match("/q/myfile.html"), "~/.*/myfile.html");
  EXPECT_EQ(site.match("/x/re12.txt"), "~/re[0-9]+\\.txt$");
  EXPECT_EQ(site.match("/x/re"), "~/re");
  EXPECT_EQ(site.match("/abc"), "/ab*");
  EXPECT_EQ(site.match("/acc"), "/a*");
}

TEST(Router, WithoutMapSortTheOrderOfTheMapDecidesInsideEachClass) {
  Site site({"/a*", "/ab*", "~b", "~b.$", "dir:/", "/fn/x", "/fn/"}, false);
  EXPECT_EQ(site.match("/fn/x"), "dir:/");  // "/" stands before the functions
  EXPECT_EQ(site.match("/abc"), "~b");
  EXPECT_EQ(site.match("/ac"), "/a*");
  Site other({"/fn/", "/fn/x", "dir:/"}, false);
  EXPECT_EQ(other.match("/fn/x"), "/fn/");
}

TEST(Router, Globs) {
  Site site({"/gl*b/x.html", "/a*", "*.php", "/s\\**", "/p*q*r"});
  EXPECT_EQ(site.match("/glob/x.html"), "/gl*b/x.html");
  EXPECT_EQ(site.match("/glb/x.html"), "/gl*b/x.html");
  EXPECT_EQ(site.match("/gl/o/b/x.html"), "/gl*b/x.html");
  EXPECT_EQ(site.match("/glob/y/x.html"), "none");
  EXPECT_EQ(site.match("/glob/x.html2"), "none");
  EXPECT_EQ(site.match("/a/c"), "/a*");
  EXPECT_EQ(site.match("/a"), "/a*");
  EXPECT_EQ(site.match("/x/y.php"), "*.php");
  EXPECT_EQ(site.match("/s*x"), "/s\\**");
  EXPECT_EQ(site.match("/sx"), "none");
  EXPECT_EQ(site.match("/pqr"), "/p*q*r");
  EXPECT_EQ(site.match("/p_r_q_q_r"), "/p*q*r");
  EXPECT_EQ(site.match("/p_r"), "none");
  EXPECT_EQ(site.match("/prq"), "none");
}

TEST(Router, GlobEndsDoNotOverlap) {
  auto glob = RoutePattern::glob("/aba*aba", 0);
  EXPECT_FALSE(glob->matches("/aba"));
  EXPECT_FALSE(glob->matches("/ababa"));
  EXPECT_TRUE(glob->matches("/abaaba"));
}

TEST(Router, DirectoryWithoutSlash) {
  Site site({"dir:/", "dir:/css/", "/fn/", "/other/"});
  EXPECT_EQ(site.slashless("/css"), "dir:/css/");
  EXPECT_EQ(site.slashless("/css/"), "none");
  EXPECT_EQ(site.slashless("/cssx"), "none");
  EXPECT_EQ(site.slashless("/cs"), "none");
  EXPECT_EQ(site.slashless("/fn"), "none");
  EXPECT_EQ(site.slashless("/"), "none");
  EXPECT_EQ(site.slashless("/a/very/long/path/that/no/key/has"), "none");
  EXPECT_EQ(site.match("/cssx"), "dir:/");
}

TEST(Router, BadRegularExpressionIsAnError) {
  auto built = Router::build(routes_of({"~a(b"}), true);
  ASSERT_FALSE(built);
  EXPECT_NE(built.error().message.find("a(b"), std::string::npos);
  EXPECT_NE(built.error().message.find("offset 3"), std::string::npos) << built.error().message;
}

TEST(Router, PathsThatAreNoUtf8) {
  Site site({"~x$", "~^/caf\xC3\xA9$", "~^/.$"});
  EXPECT_EQ(site.match("/caf\xC3\xA9"), "~^/caf\xC3\xA9$");
  EXPECT_EQ(site.match("/\xC3\xA9"), "~^/.$");  // one character
  EXPECT_EQ(site.match("/\xFF"), "none");
  EXPECT_EQ(site.match("/\xFFx"), "~x$");
  EXPECT_EQ(site.match("/\xC3"), "none");
}

TEST(Router, NoSiteNoRoute) {
  Site site({});
  EXPECT_EQ(site.match("/"), "none");
  EXPECT_EQ(site.slashless("/x"), "none");
}

// The worst patterns that people write by mistake, on the worst paths: bounded, and no match.
TEST(Router, CatastrophicPatternsAreBounded) {
  Site site({"~^/(a+)+$", "~^(.*?,){11}P", "~(x+x+)+y", "~^/((a|b)*)*c$", "~(?:(?:a*)*)*[^/]b"});
  for (size_t size : {100u, 4000u, 16000u}) {
    for (std::string path :
         {"/" + std::string(size, 'a') + "!", "/" + std::string(size, 'x'), "/" + std::string(size, ',')}) {
      uint64_t start = monotonic_ns();
      EXPECT_EQ(site.match(path), "none");
      EXPECT_LT(monotonic_ns() - start, 1'000'000'000u) << size;  // some milliseconds, with room for sanitizers
    }
  }
}

}  // namespace
}  // namespace ravelin::frontend
