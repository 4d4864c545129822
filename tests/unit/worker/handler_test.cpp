// Errors, pages, notFoundFunc, directoryFunc, deadlines and limits (server-details 3.9, 13.2).
#include "worker/handler.h"

#include <gtest/gtest.h>

#include "common/clock.h"
#include "tests/unit/worker/handler_fixture.h"
#include "worker/pages.h"

namespace ravelin::worker {
namespace {

constexpr char kNotFoundPage[] = "<h1>Not Found</h1>";
constexpr char kErrorPage[] = "<h1>Internal Server Error</h1>";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Logged {
  TestReply reply;
  std::string log;
};
Logged run_logged(HandlerSite& site, const TestRequest& request) {
  testing::internal::CaptureStderr();
  Logged logged;
  logged.reply = site.run(request);
  logged.log = testing::internal::GetCapturedStderr();
  return logged;
}
size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

TEST(HandlerErrors, DeveloperModeShowsTheError) {
  HandlerSite site;
  site.route("function thrower(req){ throw new TypeError('boom <b>'); }");
  Logged logged = run_logged(site, {.path = "/r"});
  EXPECT_EQ(logged.reply.status, 500);
  EXPECT_EQ(logged.reply.outcome, Handler::Outcome::kAnswered);
  EXPECT_EQ(logged.reply.type(), "text/html; charset=utf-8");
  EXPECT_EQ(logged.reply.headers.size(), 1u) << "one Content-Type";
  EXPECT_TRUE(has(logged.reply.body, kErrorPage));
  EXPECT_TRUE(has(logged.reply.body, "<pre>")) << logged.reply.body;
  EXPECT_TRUE(has(logged.reply.body, "TypeError: boom &lt;b&gt;")) << logged.reply.body;
  EXPECT_TRUE(has(logged.reply.body, "at thrower (/test/eval.js:1)")) << logged.reply.body;
  EXPECT_EQ(count(logged.log, "GET /r: error in the callback of map key \"/r\""), 1u) << logged.log;
  EXPECT_TRUE(has(logged.log, "boom <b>"));
}

TEST(HandlerErrors, WithoutDeveloperModeItIs404) {
  HandlerSite site;
  site.config.developer_mode = false;
  site.route("function(req){ req.put('half'); throw new Error('boom'); }");
  Logged logged = run_logged(site, {});
  EXPECT_EQ(logged.reply.status, 404);
  EXPECT_TRUE(has(logged.reply.body, kNotFoundPage));
  EXPECT_FALSE(has(logged.reply.body, "boom"));
  EXPECT_FALSE(has(logged.reply.body, "half"));
  EXPECT_EQ(count(logged.log, "boom"), 1u);
}

TEST(HandlerErrors, WhateverIsThrown) {
  HandlerSite site;
  for (const char* value : {"5", "null", "undefined", "'text'", "{a: 1}", "[1]", "function() {}", "Symbol('x')",
                            "{toString: function() { throw 1; }}", "Object.create(null)"}) {
    TestReply reply = site.get("function(req){ throw " + std::string(value) + "; }");
    EXPECT_EQ(reply.status, 500) << value;
  }
  TestReply reply = site.get("function(req){ throw new Error(new Array(1000000).join('\\u20ac')); }");
  EXPECT_EQ(reply.status, 500);
  EXPECT_LT(reply.body.size(), 200'000u);
}

TEST(HandlerErrors, NotFoundFuncGetsTheError) {
  HandlerSite site;
  site.config.developer_mode = false;
  site.special(kStashNotFoundFunc,
               "function(req){ return {html: 'nf:' + req.path.path + ':' + req.errMsg + ':' + req.extra}; }");
  site.route("function(req){ req.extra = 1; throw new Error('boom'); }");
  Logged logged = run_logged(site, {.path = "/r"});
  EXPECT_EQ(logged.reply.status, 404) << "the default status of its reply";
  EXPECT_TRUE(has(logged.reply.body, "nf:/r:error in the callback of map key \"/r\":\nError: boom\n    at "))
      << logged.reply.body;
  EXPECT_TRUE(logged.reply.body.ends_with(":undefined")) << "a req of its own";
}

TEST(HandlerNotFound, WithoutFunction) {
  HandlerSite site;
  Logged logged = run_logged(site, {.route = ipc::kRouteNotFound, .path = "/none"});
  EXPECT_EQ(logged.reply.status, 404);
  EXPECT_TRUE(has(logged.reply.body, kNotFoundPage));
  EXPECT_EQ(logged.log, "");
}

TEST(HandlerNotFound, Function) {
  HandlerSite site;
  site.special(kStashNotFoundFunc,
               "function(req){ return req.query.s ? {status: +req.query.s, txt: 'own'} : {txt: 'nf ' + req.path.path + "
               "req.errMsg + Object.keys(req).length}; }");
  TestReply reply = site.run({.route = ipc::kRouteNotFound, .path = "/none"});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "nf /noneundefined18");
  reply = site.run({.route = ipc::kRouteNotFound, .path = "/none", .query = "s=200"});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "own");
}

TEST(HandlerNotFound, IsAskedForBare404AndMissingFiles) {
  HandlerSite site;
  site.special(kStashNotFoundFunc, "function(req){ return 'asked'; }");
  for (const char* value : {"{status: 404}", "{status: '404', compress: true}", "{txt: '@/nope'}", "'@/nope'"}) {
    TestReply reply = site.get("function(req){ return " + std::string(value) + "; }");
    EXPECT_EQ(reply.status, 404) << value;
    EXPECT_EQ(reply.body, "asked") << value;
  }
}

TEST(HandlerNotFound, ItsOwnFailureEndsInTheBuiltInPage) {
  for (bool developer_mode : {false, true}) {
    for (const char* function :
         {"function(req){ throw new Error('nf broken'); }", "function(req){ return {status: 404}; }",
          "function(req){ return '@/nope'; }", "function(req){ return [1]; }", "'no/such/module'"}) {
      HandlerSite site;
      site.config.developer_mode = developer_mode;
      site.special(kStashNotFoundFunc, function);
      Logged logged = run_logged(site, {.route = ipc::kRouteNotFound});
      EXPECT_EQ(logged.reply.status, 404) << function;
      EXPECT_TRUE(has(logged.reply.body, kNotFoundPage)) << function;
      EXPECT_LE(count(logged.log, "["), 1u + count(logged.log, "[anon]")) << logged.log;
    }
  }
}

TEST(HandlerNotFound, Module) {
  HandlerSite site;
  site.site.folder.write("nf.js", "module.exports = function(req) { return 'module nf'; }");
  site.special(kStashNotFoundFunc, "'nf'");
  TestReply reply = site.run({.route = ipc::kRouteNotFound});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "module nf");
}

TEST(HandlerDirectory, FunctionGetsFsPath) {
  HandlerSite site;
  site.special(kStashDirectoryFunc, "function(req){ return {txt: req.fsPath + ' ' + Object.keys(req).pop()}; }");
  TestReply reply = site.run({.route = ipc::kRouteDirectory, .path = "/d/", .fs_path = "/srv/d/"});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "/srv/d/ fsPath");
}

TEST(HandlerDirectory, WithoutFunctionItIsForbidden) {
  HandlerSite site;
  TestReply reply = site.run({.route = ipc::kRouteDirectory, .path = "/d/", .fs_path = "/tmp/"});
  EXPECT_EQ(reply.status, 403);
  EXPECT_TRUE(has(reply.body, "<h1>Forbidden</h1>"));
}

TEST(HandlerDirectory, BuiltInList) {
  HandlerSite site;
  site.special(kStashDirectoryFunc, "true");
  site.site.folder.write("files/b.txt", std::string(1536, 'x'));
  site.site.folder.write("files/a:<b>&\"'%.txt", "12345");
  site.site.folder.write("files/sub/x", "");
  site.site.folder.write("files/.hidden", "");
  ASSERT_EQ(symlink("/nope", (site.site.folder / "files/dangling").c_str()), 0);
  TestReply reply = site.run({.route = ipc::kRouteDirectory, .path = "/<d>/", .fs_path = site.site.folder / "files/"});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.type(), "text/html; charset=utf-8");
  EXPECT_TRUE(has(reply.body, "<title>Index of /&lt;d&gt;/</title>"));
  EXPECT_TRUE(has(reply.body, "<a href=\"../\">Parent Directory</a>"));
  EXPECT_TRUE(has(reply.body, "<a href=\"a%3A%3Cb%3E%26%22%27%25.txt\">a:&lt;b&gt;&amp;&quot;&#39;%.txt</a>"))
      << reply.body;
  EXPECT_TRUE(has(reply.body, "<td>5</td>"));
  EXPECT_TRUE(has(reply.body, "<td>1.5k</td>"));
  EXPECT_TRUE(has(reply.body, "<a href=\"sub/\">sub/</a>"));
  EXPECT_TRUE(has(reply.body, "dangling</a></td><td></td><td>-</td>"));
  EXPECT_FALSE(has(reply.body, ".hidden"));
  EXPECT_LT(reply.body.find("a:&lt;"), reply.body.find("b.txt"));
  reply = site.run({.route = ipc::kRouteDirectory, .path = "/", .fs_path = site.site.folder / "files/"});
  EXPECT_FALSE(has(reply.body, "Parent Directory"));
  reply = site.run({.route = ipc::kRouteDirectory, .path = "/x/", .fs_path = "/nope/"});
  EXPECT_EQ(reply.status, 404);
}

TEST(HandlerDeadline, TimeoutAnswers500WhateverTheMode) {
  for (bool developer_mode : {false, true}) {
    HandlerSite site;
    site.config.developer_mode = developer_mode;
    site.config.script_timeout_ms = 50;
    site.special(kStashNotFoundFunc, "function(req){ return 'asked'; }");
    site.route("function spin(req){ try { for (;;) {} } catch (e) { for (;;) {} } finally { return 'swallowed'; } }");
    uint64_t start = monotonic_ms();
    Logged logged = run_logged(site, {.path = "/r"});
    uint64_t took = monotonic_ms() - start;
    EXPECT_GE(took, 49u);
    EXPECT_LT(took, 1000u);
    EXPECT_EQ(logged.reply.status, 500);
    EXPECT_EQ(logged.reply.outcome, Handler::Outcome::kRetire);
    EXPECT_TRUE(has(logged.reply.body, kErrorPage));
    EXPECT_EQ(has(logged.reply.body, "<pre>"), developer_mode);
    EXPECT_EQ(count(logged.log, "GET /r: script timed out after 50 ms in the callback of map key \"/r\""), 1u)
        << logged.log;
    EXPECT_TRUE(has(logged.log, "at spin (/test/eval.js:1)")) << logged.log;
    EXPECT_FALSE(site.site.heap.deadline_passed()) << "disarmed";
  }
}

TEST(HandlerDeadline, CountsForNotFoundFuncGettersAndToJson) {
  for (const char* function : {"function(req){ throw 1; }", "function(req){ return {get txt() { for (;;) {} }}; }",
                               "function(req){ return {json: {toJSON: function() { for (;;) {} }}}; }",
                               "function(req){ req.printf('%J', {toJSON: function() { for (;;) {} }}); }"}) {
    HandlerSite site;
    site.config.developer_mode = false;
    site.config.script_timeout_ms = 50;
    site.special(kStashNotFoundFunc, "function(req){ for (;;) {} }");
    site.route(function);
    TestReply reply = site.run();
    EXPECT_EQ(reply.status, 500) << function;
    EXPECT_EQ(reply.outcome, Handler::Outcome::kRetire) << function;
  }
}

TEST(HandlerDeadline, AFastRequestLeavesNothingArmed) {
  HandlerSite site;
  site.config.script_timeout_ms = 30;
  site.route("function(req){ return 'fast'; }");
  EXPECT_EQ(site.run().body, "fast");
  EXPECT_EQ(site.site.run("var t = Date.now(); while (Date.now() - t < 60) {} 'ran on'"), "ran on");
}

TEST(HandlerMemory, LimitAnswers500AndRetires) {
  HandlerSite site;
  site.route("function(req){ var all = []; for (;;) all.push(new Buffer(100000)); }");
  site.site.heap.set_max_bytes(32 * 1024 * 1024);
  Logged logged = run_logged(site, {});
  EXPECT_EQ(logged.reply.status, 500);
  EXPECT_EQ(logged.reply.outcome, Handler::Outcome::kRetire);
  EXPECT_EQ(count(logged.log, "script hit its memory limit"), 1u) << logged.log;
}

TEST(HandlerMemory, AScriptThatCatchesTheErrorAnswersAndRetires) {
  HandlerSite site;
  site.route(
      "function(req){ var all = []; try { for (;;) all.push(new Buffer(100000)); } catch (e) { all = null; } return "
      "'ok'; }");
  site.site.heap.set_max_bytes(32 * 1024 * 1024);
  TestReply reply = site.run();
  EXPECT_EQ(reply.body, "ok");
  EXPECT_EQ(reply.outcome, Handler::Outcome::kRetire);
}

TEST(HandlerMemory, DeepRecursionIsAnOrdinaryError) {
  HandlerSite site;
  site.route("function f(req){ return f(req) + 1; }");
  TestReply reply = site.run();
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.outcome, Handler::Outcome::kAnswered);
}

TEST(HandlerCall, ThisIsNotReq) {
  HandlerSite site;
  EXPECT_EQ(site.get("function(req){ 'use strict'; return String(this === undefined) + arguments.length; }").body,
            "true1");
  EXPECT_EQ(site.get("function(req){ return String(this === req); }").body, "false");
}

TEST(HandlerCall, RouteThatDoesNotExist) {
  HandlerSite site;
  site.route("function(req){ return 'x'; }");
  EXPECT_EQ(site.run({.route = 5}).status, 500);
}

TEST(HandlerCall, GlobalsAndClosuresOfTheScript) {
  HandlerSite site;
  site.site.run("var counter = 0;");
  site.route("(function() { var own = 10; return function(req) { return {txt: ++counter + ':' + ++own}; }; })()");
  EXPECT_EQ(site.run().body, "1:11");
  EXPECT_EQ(site.run().body, "2:12");
}

}  // namespace
}  // namespace ravelin::worker
