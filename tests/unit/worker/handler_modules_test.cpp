// {module:} and {modulePath:} (server-details 3.6 to 3.8, 4).
#include "worker/handler_modules.h"

#include <gtest/gtest.h>

#include "tests/unit/worker/handler_fixture.h"

namespace ravelin::worker {
namespace {

using ipc::MatchKind;
using ipc::RouteKind;

constexpr char kNotFoundPage[] = "<h1>Not Found</h1>";

// "status body", or "404" for the built-in page.
std::string fetch(HandlerSite& site, uint32_t route, const std::string& path) {
  TestReply reply = site.run({.route = route, .path = path});
  if (reply.body.find(kNotFoundPage) != std::string::npos) return "404";
  return std::to_string(reply.status) + " " + reply.body;
}

TEST(HandlerModules, FunctionIsCalledForEveryPathOfItsKey) {
  HandlerSite site;
  site.site.folder.write("mod.js", "var html = 'own'; module.exports = function(req) { return html + req.path.path; }");
  uint32_t prefix = site.module_route(RouteKind::kModule, "/m/", "mod");
  uint32_t exact = site.module_route(RouteKind::kModule, "/exact.html", "mod.js", MatchKind::kExact);
  uint32_t glob = site.module_route(RouteKind::kModule, "/g*", "./mod", MatchKind::kGlob);
  EXPECT_EQ(fetch(site, prefix, "/m/"), "200 own/m/");
  EXPECT_EQ(fetch(site, prefix, "/m/a/b.html"), "200 own/m/a/b.html");
  EXPECT_EQ(fetch(site, exact, "/exact.html"), "200 own/exact.html");
  EXPECT_EQ(fetch(site, glob, "/gx"), "200 own/gx");
}

// The manual's multi_function.js.
TEST(HandlerModules, ObjectOfFunctions) {
  HandlerSite site;
  site.site.folder.write(
      "multi.js",
      "function page(n) { return function(req) { return n; }; }\n"
      "module.exports = {'/': page('index'), '/index.html': page('index'), 'page1.html': page('one'),"
      "'/virtdir/page3.html': page('three'), '/star/*': page('star'), 'late*': page('late'), x: page('x'),"
      "'/notfn': 5};");
  uint32_t route = site.module_route(RouteKind::kModule, "/multi/", "multi");
  EXPECT_EQ(fetch(site, route, "/multi/"), "200 index");
  EXPECT_EQ(fetch(site, route, "/multi/index.html"), "200 index");
  EXPECT_EQ(fetch(site, route, "/multi/page1.html"), "200 one");
  EXPECT_EQ(fetch(site, route, "/multi/virtdir/page3.html"), "200 three");
  EXPECT_EQ(fetch(site, route, "/multi/star/anything/else"), "200 star");
  EXPECT_EQ(fetch(site, route, "/multi/later"), "200 late");
  EXPECT_EQ(fetch(site, route, "/multi/x"), "200 x");
  EXPECT_EQ(fetch(site, route, "/multi/x.html"), "404");
  EXPECT_EQ(fetch(site, route, "/multi/nope"), "404");
  EXPECT_EQ(fetch(site, route, "/multi/constructor"), "404") << "own keys only";
  EXPECT_EQ(fetch(site, route, "/multi/__proto__"), "404");
  EXPECT_EQ(fetch(site, route, "/multi/hasOwnProperty"), "404");
  EXPECT_EQ(site.run({.route = route, .path = "/multi/notfn"}).status, 500);
  uint32_t glob = site.module_route(RouteKind::kModule, "/any*", "multi", MatchKind::kGlob);
  site.handler.reset();
  EXPECT_EQ(fetch(site, glob, "/any/deep/page1.html"), "200 one") << "the part from the last slash";
  uint32_t exact = site.module_route(RouteKind::kModule, "/multi", "multi", MatchKind::kExact);
  site.handler.reset();
  EXPECT_EQ(fetch(site, exact, "/multi"), "404");
}

TEST(HandlerModules, OtherExportsAreLoggedAnd404) {
  HandlerSite site;
  site.site.folder.write("text.js", "module.exports = 'text'");
  site.site.folder.write("number.js", "module.exports = 5");
  site.site.folder.write("null.js", "module.exports = null");
  site.site.folder.write("array.js", "module.exports = [function() {}]");
  site.site.folder.write("nothing.js", "");
  std::vector<uint32_t> routes;
  for (const char* name : {"text", "number", "null", "array", "nothing"})
    routes.push_back(site.module_route(RouteKind::kModule, "/" + std::string(name) + "/", name));
  for (size_t i = 0; i < routes.size(); ++i) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(fetch(site, routes[i], site.config.routes[routes[i]].key), "404");
    std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("exports"), std::string::npos) << log;
  }
}

TEST(HandlerModules, MissingModuleIs404UntilItExists) {
  HandlerSite site;
  uint32_t route = site.module_route(RouteKind::kModule, "/later/", "later");
  EXPECT_EQ(fetch(site, route, "/later/"), "404");
  std::string file = site.site.folder.write("later.js", "module.exports = function() { return 'v1'; }");
  EXPECT_EQ(fetch(site, route, "/later/"), "200 v1");
  site.site.folder.write("later.js", "module.exports = function() { return 'v2'; }");
  EXPECT_EQ(fetch(site, route, "/later/"), "200 v2");
  unlink(file.c_str());
  EXPECT_EQ(fetch(site, route, "/later/"), "404");
  site.site.folder.write("later.js", "module.exports = function() { return 'v3'; }");
  EXPECT_EQ(fetch(site, route, "/later/"), "200 v3");
}

TEST(HandlerModules, BrokenModuleFailsUntilItChanges) {
  HandlerSite site;
  site.site.folder.write("bad.js", "module.exports = function( {");
  uint32_t route = site.module_route(RouteKind::kModule, "/bad/", "bad");
  for (int i = 0; i < 2; ++i) {
    TestReply reply = site.run({.route = route, .path = "/bad/"});
    EXPECT_EQ(reply.status, 500);
    EXPECT_NE(reply.body.find("error in the module being loaded"), std::string::npos) << reply.body;
    EXPECT_NE(reply.body.find("bad.js"), std::string::npos) << reply.body;
    EXPECT_NE(reply.body.find("SyntaxError"), std::string::npos) << reply.body;
  }
  site.site.folder.write("bad.js", "module.exports = function() { return 'good'; }");
  EXPECT_EQ(fetch(site, route, "/bad/"), "200 good");
  site.site.folder.write("bad.js", "throw new Error('at load')");
  site.config.developer_mode = false;
  EXPECT_EQ(fetch(site, route, "/bad/"), "404");
}

// The table of 3.7.
TEST(HandlerModules, DirectoryOfModules) {
  HandlerSite site;
  site.site.folder.write("apps/one.js", "module.exports = function(req) { return 'one'; }");
  site.site.folder.write(
      "apps/multi.js",
      "module.exports = {'/': function() { return 'index'; }, 'index.html': function() { return 'html'; }, "
      "'/virt/page3.html': function() { return 'three'; }}");
  site.site.folder.write("apps/deep/two.js", "module.exports = function(req) { return 'two'; }");
  site.site.folder.write("apps/bad.js", "(");
  site.site.folder.write("outside.js", "module.exports = function(req) { return 'outside'; }");
  uint32_t route = site.module_route(RouteKind::kModuleDirectory, "/apps/", "apps");  // relative to the script
  for (const char* path : {"/apps/one", "/apps/one.html", "/apps/one.json", "/apps/one/", "/apps/one/more.html"})
    EXPECT_EQ(fetch(site, route, path), "200 one") << path;
  EXPECT_EQ(fetch(site, route, "/apps/deep/two.html"), "200 two");
  EXPECT_EQ(fetch(site, route, "/apps/multi/"), "200 index");
  EXPECT_EQ(fetch(site, route, "/apps/multi/index.html"), "200 html");
  EXPECT_EQ(fetch(site, route, "/apps/multi/virt/page3.html"), "200 three");
  for (const char* path :
       {"/apps/", "/apps/multi", "/apps/multi.html", "/apps/deep/", "/apps/deep", "/apps/nope.html", "/apps/../outside",
        "/apps/%2e%2e/outside", "/apps/..%2foutside", "/apps/deep%2ftwo", "/apps/one%00", "/apps/./one", "/other", ""})
    EXPECT_EQ(fetch(site, route, path), "404") << path;
  EXPECT_EQ(site.run({.route = route, .path = "/apps/bad.html"}).status, 500);
}

TEST(HandlerModules, LongestFileFirst) {
  HandlerSite site;
  site.site.folder.write("apps/a.js", "module.exports = function() { return 'a'; }");
  uint32_t route = site.module_route(RouteKind::kModuleDirectory, "/apps/", site.site.folder / "apps");
  EXPECT_EQ(fetch(site, route, "/apps/a/b.html"), "200 a");
  site.site.folder.write("apps/a/b.js", "module.exports = function() { return 'b'; }");
  EXPECT_EQ(fetch(site, route, "/apps/a/b.html"), "200 b");
}

TEST(HandlerModules, AModuleThatHangsWhileLoadingTimesOut) {
  HandlerSite site;
  site.config.script_timeout_ms = 50;
  site.site.folder.write("hang.js", "for (;;) {}");
  uint32_t route = site.module_route(RouteKind::kModule, "/hang/", "hang");
  TestReply reply = site.run({.route = route, .path = "/hang/"});
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.outcome, Handler::Outcome::kRetire);
}

}  // namespace
}  // namespace ravelin::worker
