// Return values (server-details 9), driven through Handler.
#include <gtest/gtest.h>

#include <fstream>

#include "common/limits.h"
#include "ipc/reply_frame.h"
#include "tests/unit/worker/handler_fixture.h"
#include "worker/deferred_replies.h"

namespace ravelin::worker {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kHtml[] = "text/html; charset=utf-8";

std::string returning(const std::string& value) { return "function(req){ return " + value + "; }"; }

TEST(Reply, ByType) {
  HandlerSite site;
  struct Row {
    const char* value;
    const char* body;
  } rows[] = {
      {"'str'", "str"},
      {"''", ""},
      {"null", ""},
      {"undefined", ""},
      {"42.5", "42.5"},
      {"true", "true"},
      {"false", "false"},
      {"new Buffer('buf')", "buf"},
      {"{}", ""},
      {"new Date()", ""},
      {"{foo: 'x'}", ""},
      {"'\\\\@x'", "@x"},
      {"'a\\\\@'", "a\\@"},
      {"NaN", "NaN"},
      {"'\\u20ac'", "\xE2\x82\xAC"},
      {"'\\ud83d\\ude00'", "\xF0\x9F\x98\x80"},
      {"new Uint8Array([97, 98]).subarray(1)", "b"},
      {"new (function K() { this.own = 1; })()", ""},
  };
  for (const Row& row : rows) {
    TestReply reply = site.get(returning(row.value));
    EXPECT_EQ(reply.status, 200) << row.value;
    EXPECT_EQ(reply.body, row.body) << row.value;
    EXPECT_EQ(reply.type(), kText) << row.value;
    EXPECT_EQ(reply.flags, 0) << row.value;
  }
  EXPECT_EQ(site.get("function(req){}").status, 200);
}

TEST(Reply, ArraysFunctionsAndSymbolsAreScriptErrors) {
  HandlerSite site;
  for (const char* value : {"[1,2]", "function() {}", "Symbol('x')", "{txt: Symbol('x')}", "eval"}) {
    TestReply reply = site.get(returning(value));
    EXPECT_EQ(reply.status, 500) << value;
    EXPECT_EQ(reply.outcome, Handler::Outcome::kAnswered) << value;
    EXPECT_NE(reply.body.find("a handler may not return a"), std::string::npos) << value;
  }
}

TEST(Reply, Objects) {
  HandlerSite site;
  site.config.mime.emplace_back("m4v", "video/mp4");
  struct Row {
    const char* value;
    int status;
    const char* type;
    const char* body;
  } rows[] = {
      {"{html: 'x', status: 201}", 201, kHtml, "x"},
      {"{html: '<p>', txt: 't'}", 200, kHtml, "<p>"},
      {"{foo: 'x', txt: 'ok'}", 200, kText, "ok"},
      {"{text: 'a'}", 200, kText, "a"},
      {"{bin: 'a'}", 200, "application/octet-stream", "a"},
      {"{data: 'a'}", 200, "application/octet-stream", "a"},
      {"{m4v: 'a'}", 200, "video/mp4", "a"},
      {"{json: {a: 1, b: [1, 2]}}", 200, "application/json", "{\"a\":1,\"b\":[1,2]}"},
      {"{json: [1, 2]}", 200, "application/json", "[1,2]"},
      {"{html: {a: 1}}", 200, kHtml, "{\"a\":1}"},
      {"{txt: 5}", 200, kText, "5"},
      {"{txt: false}", 200, kText, "false"},
      {"{txt: null}", 200, kText, ""},
      {"{txt: undefined}", 200, kText, ""},
      {"{txt: function() {}}", 200, kText, ""},
      {"{txt: new Date(0)}", 200, kText, "\"1970-01-01T00:00:00.000Z\""},
      {"{json: {toJSON: function() {}}}", 200, "application/json", ""},
      {"{txt: 'a', status: '201'}", 201, kText, "a"},
      {"{txt: 'a', status: 99}", 200, kText, "a"},
      {"{txt: 'a', status: -5}", 200, kText, "a"},
      {"{txt: 'a', status: 404.7}", 404, kText, "a"},
      {"{txt: 'a', status: 'abc'}", 200, kText, "a"},
      {"{txt: 'a', status: undefined}", 200, kText, "a"},
      {"{status: 404, text: 'mine'}", 404, kText, "mine"},
      {"{status: 500, html: 'mine'}", 500, kHtml, "mine"},
      {"{status: 404, html: null}", 404, kHtml, ""},
      {"{status: 204, txt: 'x'}", 204, kText, ""},
      {"{status: 304, txt: 'x'}", 304, kText, ""},
      {"{txt: 'a', compress: 5, chunkDelay: 5, noRangeCap: true, noAcceptRanges: true}", 200, kText, "a"},
      {"{txt: 'a', chunk: false, defer: false}", 200, kText, "a"},
      {"Object.create({txt: 'inherited'})", 200, kText, "inherited"},
      {"{get txt() { return 'got'; }}", 200, kText, "got"},
      {"{txt: '\\\\@home is'}", 200, kText, "@home is"},
  };
  for (const Row& row : rows) {
    TestReply reply = site.get(returning(row.value));
    EXPECT_EQ(reply.status, row.status) << row.value;
    EXPECT_EQ(reply.type(), row.type) << row.value;
    EXPECT_EQ(reply.body, row.body) << row.value;
  }
}

TEST(Reply, StatusesThatNoReplyCanHave) {
  HandlerSite site;
  for (const char* value : {"{txt: 'a', status: 101}", "{txt: 'a', status: 600}", "{status: Infinity}"}) {
    TestReply reply = site.get(returning(value));
    EXPECT_EQ(reply.status, 500) << value;
    EXPECT_NE(reply.body.find("&quot;status&quot;"), std::string::npos) << value;
  }
}

TEST(Reply, ADeferredOneIsAnnounced) {
  HandlerSite site;
  for (const char* value : {"(this.kept = req, {txt: 'ignored', defer: true})", "{defer: function(req){}}",
                            "new Promise(function(ok) { this.ok = ok; }.bind(this))"}) {
    TestReply reply = site.get(returning(value), ipc::FrameType::kDeferred);
    EXPECT_EQ(reply.outcome, Handler::Outcome::kAnswered) << value;
    EXPECT_EQ(site.handler->deferred().count(), 1u) << value;
  }
}

TEST(Reply, AChunkedOneHasWhatWasPutAsItsFirstPiece) {
  HandlerSite site;
  TestReply reply = site.get("function(req){ req.put('put'); return {chunk: true, html: function(req){}}; }");
  EXPECT_EQ(reply.body, "put");
  EXPECT_EQ(reply.type(), kHtml);
  EXPECT_EQ(reply.flags, ipc::kReplyStream);
  EXPECT_EQ(site.handler->deferred().count(), 1u);
}

TEST(Reply, WhatCannotBeEncodedBecomesAnErrorKey) {
  HandlerSite site;
  TestReply reply = site.get("function(req){ var o = {}; o.o = o; return {json: o}; }");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.find("{\"error\":\""), 0u) << reply.body;
  reply = site.get("function(req){ return {json: {toJSON: function() { throw new Error('\\u20ac'); }}}; }");
  EXPECT_EQ(reply.body, "{\"error\":\"Error: \xE2\x82\xAC\"}");
}

TEST(Reply, Headers) {
  HandlerSite site;
  TestReply reply = site.get(returning(
      "{html: 'x', headers: {'Set-Cookie': ['a=1', 'b=2', 3], 'X-N': 5, 'X-O': {a: 1}, 'X-B': true, 'X-Nl': null, "
      "'X-U': undefined, 'X-F': function() {}, 'X-Custom': 'custom value', 'X-E': '\\u20ac', '__proto__': 'p'}}"));
  EXPECT_EQ(reply.header("Set-Cookie"), "a=1|b=2|3");
  EXPECT_EQ(reply.header("X-N"), "5");
  EXPECT_EQ(reply.header("X-O"), "{\"a\":1}");
  EXPECT_EQ(reply.header("X-B"), "true");
  EXPECT_EQ(reply.header("X-Nl"), "null");
  EXPECT_EQ(reply.header("X-U"), "");
  EXPECT_EQ(reply.header("X-Custom"), "custom value");
  EXPECT_EQ(reply.header("X-E"), "\xE2\x82\xAC");
  EXPECT_EQ(reply.type(), kHtml);
}

TEST(Reply, ContentTypeAndDateOfTheScript) {
  HandlerSite site;
  TestReply reply = site.get(returning("{bin: new Buffer('jpg'), headers: {'content-type': 'image/jpeg'}}"));
  EXPECT_EQ(reply.header("content-type"), "image/jpeg");
  EXPECT_EQ(reply.type(), "") << "no automatic one";
  EXPECT_EQ(reply.body, "jpg");
  testing::internal::CaptureStderr();
  reply = site.get(returning("{html: 'x', headers: {'content-type': ' '}}"));
  EXPECT_EQ(reply.type(), kHtml) << "an empty one is none";
  EXPECT_NE(testing::internal::GetCapturedStderr().find("reply header \"content-type\" dropped: its value is empty"),
            std::string::npos);
  reply = site.get(returning("{txt: 'x', headers: {DATE: 'today'}}"));
  EXPECT_EQ(reply.flags, ipc::kReplyHasDate);
  reply = site.get(returning("{status: 302, headers: {location: '/x'}}"));
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.header("location"), "/x");
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.type(), kText);
  reply = site.get(returning("{status: 404, headers: {'X-A': 'b'}}"));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.header("X-A"), "b");
}

TEST(Reply, HeadersThatWouldSplitTheReplyAreDropped) {
  HandlerSite site;
  testing::internal::CaptureStderr();
  TestReply reply = site.get(returning(
      "{txt: 'x', headers: {'X-Bad': 'a\\r\\nSet-Cookie: x', 'X-Nul': 'a\\u0000', 'X Y': '1', '': '2', 'a\\nb': '3', "
      "'X-List': ['ok', 'b\\nad'], 'Content-Length': '5', 'Transfer-Encoding': 'chunked', 'Keep-Alive': '1', 'X-Ok': "
      "'1'}}"));
  std::string log = testing::internal::GetCapturedStderr();
  ASSERT_EQ(reply.headers.size(), 3u);
  EXPECT_EQ(reply.header("X-List"), "ok");
  EXPECT_EQ(reply.header("X-Ok"), "1");
  for (const char* name : {"\"X-Bad\"", "\"X-Nul\"", "\"X Y\"", "\"X-List\""})
    EXPECT_NE(log.find(name), std::string::npos) << name;
  EXPECT_EQ(log.find("Content-Length"), std::string::npos) << "the frontend owns it; no reason to complain";
  reply = site.get(returning("{txt: 'x', headers: {Connection: 'close'}}"));
  EXPECT_EQ(reply.flags, ipc::kReplyClose);
}

TEST(Reply, HeadersOfAWrongTypeAreIgnored) {
  HandlerSite site;
  for (const char* headers : {"5", "'a: b'", "['a']", "null", "function() {}"}) {
    testing::internal::CaptureStderr();
    TestReply reply = site.get(returning("{txt: 'x', headers: " + std::string(headers) + "}"));
    EXPECT_NE(testing::internal::GetCapturedStderr().find("\"headers\" is not an Object"), std::string::npos);
    EXPECT_EQ(reply.body, "x");
    EXPECT_EQ(reply.headers.size(), 1u);
  }
}

TEST(Reply, TooManyHeadersAreAScriptError) {
  HandlerSite site;
  EXPECT_EQ(site.get("function(req){ var h = {a: []}; for (var i = 0; i < 5000; i++) h.a.push('x'); return {txt: 'x', "
                     "headers: "
                     "h}; }")
                .status,
            500);
  EXPECT_EQ(
      site.get(
              "function(req){ var h = {}; for (var i = 0; i < 300; i++) h['x' + i] = new Array(1001).join('x'); return "
              "{txt: 'x', headers: h}; }")
          .status,
      500);
}

TEST(Reply, PutDataComesFirst) {
  HandlerSite site;
  EXPECT_EQ(site.get("function(req){ req.put('zz'); return {txt: ' a'}; }").body, "zz a");
  EXPECT_EQ(site.get("function(req){ req.put('zz'); }").body, "zz");
  EXPECT_EQ(site.get("function(req){ req.put('zz'); return {html: null}; }").body, "zz");
  EXPECT_EQ(site.get("function(req){ req.put('zz'); return new Buffer('b'); }").body, "zzb");
  TestReply reply = site.get("function(req){ req.put('mine'); return {status: 404}; }");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "mine");
  EXPECT_EQ(site.get(returning("'next'")).body, "next") << "the server buffer is empty again";
}

TEST(Reply, Files) {
  HandlerSite site;
  std::string file = site.site.folder.write("alpha.txt", "abcdef");
  TestReply reply = site.get(returning("{html: '@" + file + "'}"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.in_descriptor);
  EXPECT_EQ(reply.flags, ipc::kReplyFile);
  EXPECT_EQ(reply.type(), kHtml) << "of the key, not of the file";
  EXPECT_EQ(reply.body, "abcdef");
  reply = site.get(returning("'@" + file + "'"));
  EXPECT_EQ(reply.body, "abcdef");
  EXPECT_EQ(reply.type(), kText);
  reply = site.get("function(req){ req.put('PRE:'); return {txt: '@" + file + "'}; }");
  EXPECT_EQ(reply.body, "PRE:abcdef");
  EXPECT_EQ(reply.flags, 0);
  EXPECT_EQ(site.get(returning("{txt: new Buffer('@" + file + "')}")).body, "@" + file);
  EXPECT_EQ(site.get(returning("{txt: '@" + file + "', status: 201}")).status, 200);
  reply = site.get(returning("{txt: '@" + file + "', status: 403}"));
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.flags, 0);
  EXPECT_EQ(reply.body, "abcdef");
}

TEST(Reply, FilesSayWhetherRangesApply) {
  HandlerSite site;
  std::string file = "'@" + site.site.folder.write("alpha.txt", "abcdef") + "'";
  EXPECT_EQ(site.get(returning("{txt: " + file + ", noRangeCap: true}")).flags,
            ipc::kReplyFile | ipc::kReplyNoRangeCap);
  EXPECT_EQ(site.get(returning("{noRangeCap: false, txt: " + file + "}")).flags, ipc::kReplyFile);
  EXPECT_EQ(site.get(returning("{txt: " + file + ", noAcceptRanges: true}")).flags, ipc::kReplyFile);
  EXPECT_EQ(site.get(returning("{txt: 'text', noRangeCap: true}")).flags, 0);
}

TEST(Reply, FilesThatAreNone) {
  HandlerSite site;
  std::string fifo = site.site.folder / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& name : {std::string("/nope"), fifo, site.site.folder.path(), std::string(""),
                                  std::string("/dev/null"), std::string("/etc/passwd\\u0000.txt")}) {
    TestReply reply = site.get(returning("{txt: '@" + name + "'}"));
    EXPECT_EQ(reply.status, 404) << name;
    EXPECT_NE(reply.body.find("<h1>Not Found</h1>"), std::string::npos) << name;
    EXPECT_EQ(reply.type(), kHtml);
  }
}

TEST(Reply, EmptyFile) {
  HandlerSite site;
  TestReply reply = site.get(returning("{txt: '@" + site.site.folder.write("empty", "") + "'}"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
}

TEST(Reply, LargeBodiesTravelAsDescriptors) {
  HandlerSite site;
  auto sized = [&](size_t size) {
    return site.get("function(req){ var b = new Buffer(" + std::to_string(size) + "); b.fill(120); return {bin: b}; }");
  };
  EXPECT_FALSE(sized(limits::kMaxInlineBody).in_descriptor);
  TestReply reply = sized(limits::kMaxInlineBody + 1);
  EXPECT_TRUE(reply.in_descriptor);
  EXPECT_EQ(reply.flags, 0);
  EXPECT_EQ(reply.body, std::string(limits::kMaxInlineBody + 1, 'x'));
  reply = sized(17 * 1024 * 1024);  // beyond what a memfd may take: a temporary file
  EXPECT_TRUE(reply.in_descriptor);
  EXPECT_EQ(reply.body.size(), 17u * 1024 * 1024);
  EXPECT_EQ(reply.body.back(), 'x');
  reply = site.get("function(req){ req.put('a'); var b = new Buffer(100000); b.fill(120); return {bin: b}; }");
  EXPECT_EQ(reply.body, "a" + std::string(100000, 'x'));
  site.config.spool_directory = "/nonexistent";
  reply = sized(17 * 1024 * 1024);
  EXPECT_EQ(reply.status, 507);
  EXPECT_NE(reply.body.find("could not be stored"), std::string::npos);
}

TEST(Reply, RawBytesOfAStringPassUnchanged) {
  HandlerSite site;
  // sprintf of binary data gives a String that holds the raw bytes (runtime-api 7.1).
  TestReply reply =
      site.get("function(req){ return {bin: rampart.utils.sprintf('%s', new Buffer([65, 255, 216, 0]))}; }");
  EXPECT_EQ(reply.body, std::string("A\xFF\xD8\0", 4));
}

TEST(Reply, WithoutDefaultCharset) {
  HandlerSite site;
  site.config.default_charset = "";
  EXPECT_EQ(site.get(returning("{html: 'x'}")).type(), "text/html");
}

}  // namespace
}  // namespace ravelin::worker
