// The req object (server-details 7, 8.4, 8.5, 11), driven through Handler: a function looks at req and replies with
// what it saw.
#include <gtest/gtest.h>

#include "tests/unit/worker/handler_fixture.h"

namespace ravelin::worker {
namespace {

std::string json_of(const std::string& expression) {
  return "function(req){ return {json: JSON.stringify(" + expression + ")}; }";
}

TestRequest form(const std::string& type, const std::string& body, bool in_descriptor = false) {
  return {.method = "POST",
          .headers = {{"Content-Type", type}, {"Content-Length", std::to_string(body.size())}},
          .body = body,
          .body_in_descriptor = in_descriptor};
}

TEST(Req, PropertiesInDocumentedOrder) {
  HandlerSite site;
  const std::string expected =
      R"(["printf","put","getpos","rewind","getBuffer","getMime","ip","port","method","methodRaw","path","query","query_raw",)"
      R"("cookies","headers","postData","params","body"])";
  EXPECT_EQ(site.text(json_of("Object.keys(req)"), {}), expected);
  EXPECT_EQ(
      site.text("function(req){ var k = []; for (var n in req) k.push(n); return {json: JSON.stringify(k)}; }", {}),
      expected);
  EXPECT_EQ(site.text(json_of("Object.getOwnPropertyNames(req)"), {}), expected);
}

// The example of the manual's "The Request Object".
TEST(Req, ExampleOfTheManual) {
  HandlerSite site;
  TestRequest request;
  request.path = "/showreq.html";
  request.query = "q=search+terms";
  request.headers = {{"Host", "localhost:8088"}, {"DNT", "1"}, {"Cookie", "mycookie=cookietext"}};
  EXPECT_EQ(site.text("function(req){ req.printf('%3J', req); }", request),
            R"({
   "ip": "::1",
   "port": 33948,
   "method": "GET",
   "methodRaw": "GET",
   "path": {
      "file": "showreq.html",
      "path": "/showreq.html",
      "base": "/",
      "scheme": "http://",
      "host": "localhost:8088",
      "url": "http://localhost:8088/showreq.html?q=search+terms"
   },
   "query": {
      "q": "search terms"
   },
   "query_raw": "q=search+terms",
   "cookies": {
      "mycookie": "cookietext"
   },
   "headers": {
      "Host": "localhost:8088",
      "DNT": "1",
      "Cookie": "mycookie=cookietext"
   },
   "postData": {
      "Content-Type": ""
   },
   "params": {
      "q": "search terms",
      "mycookie": "cookietext",
      "Host": "localhost:8088",
      "DNT": "1",
      "Cookie": "mycookie=cookietext"
   },
   "body": {}
})");
}

TEST(Req, Methods) {
  HandlerSite site;
  for (std::string method : {"GET", "HEAD", "POST", "PROPPATCH", "PATCH"}) {
    EXPECT_EQ(site.text(json_of("[req.method, req.methodRaw]"), {.method = method}),
              "[\"" + method + "\",\"" + method + "\"]");
  }
  EXPECT_EQ(site.text(json_of("[req.method, req.methodRaw]"), {.method = "FOO"}), R"(["UNKNOWN","FOO"])");
  EXPECT_EQ(site.text(json_of("[req.method, req.methodRaw]"), {.method = "get"}), R"(["UNKNOWN","get"])");
}

TEST(Req, Path) {
  HandlerSite site;
  EXPECT_EQ(site.text(json_of("req.path"), {.path = "/a/b%20c.html", .query = "x=1", .secure = true}),
            R"({"file":"b%20c.html","path":"/a/b%20c.html","base":"/a/","scheme":"https://","host":"localhost:8088",)"
            R"("url":"https://localhost:8088/a/b%20c.html?x=1"})");
  EXPECT_EQ(
      site.text(json_of("[req.path.file === undefined, 'file' in req.path, req.path]"), {.path = "/a/", .host = ""}),
      R"([true,false,{"path":"/a/","base":"/a/","scheme":"http://","host":"localhost","url":"http://localhost/a/"}])");
  EXPECT_EQ(site.text(json_of("req.path.path"), {.path = "/\xFF"}), "\"/\xEF\xBF\xBD\"");
}

TEST(Req, QueryRaw) {
  HandlerSite site;
  EXPECT_EQ(site.text(json_of("[req.query_raw, req.query]"), {}), R"(["",{}])");
  EXPECT_EQ(site.text(json_of("[req.query_raw, req.query]"), {.query = "a=%41"}), R"(["a=%41",{"a":"A"}])");
}

TEST(Req, HeadersKeepTheirSpellingAndJoinDuplicates) {
  HandlerSite site;
  TestRequest request;
  request.headers = {{"X-Dup", "one"},  {"x-lower", "1"},   {"X-Dup", "two"},   {"cookie", "a=1"},
                     {"Cookie", "b=2"}, {"x-dup", "three"}, {"__proto__", "p"}, {"Latin", "\xE9"}};
  EXPECT_EQ(site.text(json_of("req.headers"), request),
            "{\"X-Dup\":\"one, two, three\",\"x-lower\":\"1\",\"cookie\":\"a=1; "
            "b=2\",\"__proto__\":\"p\",\"Latin\":\"\xEF\xBF\xBD\"}");
  EXPECT_EQ(site.text(json_of("req.cookies"), request), R"({"a":"1","b":"2"})");
  EXPECT_EQ(site.text(json_of("[({}).p, Object.getPrototypeOf(req.headers) === Object.prototype]"), request),
            "[null,true]");
}

TEST(Req, ParamsPrecedence) {
  HandlerSite site;
  TestRequest request = form("application/x-www-form-urlencoded", "q=post&only=post");
  request.query = "q=query&c=query";
  request.headers.push_back({"Cookie", "c=cookie; h=cookie"});
  request.headers.push_back({"h", "header"});
  EXPECT_EQ(site.text(json_of("[req.params.q, req.params.only, req.params.c, req.params.h]"), request),
            R"(["query","post","cookie","header"])");
}

TEST(Req, PostDataByType) {
  HandlerSite site;
  struct Row {
    const char* type;
    const char* body;
    const char* json;
  } rows[] = {
      {"application/x-www-form-urlencoded", "fname=Joe&lname=Public",
       R"({"Content-Type":"application/x-www-form-urlencoded","content":{"fname":"Joe","lname":"Public"}})"},
      {"Application/X-WWW-Form-Urlencoded; charset=utf-8", "a[]=1",
       R"({"Content-Type":"application/x-www-form-urlencoded","content":{"a":["1"]}})"},
      {"application/x-www-form-urlencoded", "", R"({"Content-Type":"application/x-www-form-urlencoded","content":{}})"},
      {"application/json", R"({"first":"Joe"})", R"({"Content-Type":"application/json","content":{"first":"Joe"}})"},
      {"application/json; charset=utf-8", "[1,2]", R"({"Content-Type":"application/json","content":[1,2]})"},
      {"application/json", "5", R"({"Content-Type":"application/json","content":5})"},
      {"application/json", "\xEF\xBB\xBFnull", R"({"Content-Type":"application/json","content":null})"},
      {"application/json", "", R"({"Content-Type":"application/json"})"},
      {"text/Plain; x=1", "ab", R"({"Content-Type":"text/Plain; x=1","content":{"0":97,"1":98}})"},
      {"multipart/form-data", "no boundary", R"({"Content-Type":"multipart/form-data","content":[]})"},
  };
  for (bool in_descriptor : {false, true})
    for (const Row& row : rows)
      EXPECT_EQ(site.text(json_of("req.postData"), form(row.type, row.body, in_descriptor)), row.json) << row.type;
  TestRequest lower = form("x", "{}");
  lower.headers = {{"content-type", "application/json"}};
  EXPECT_EQ(site.text(json_of("req.postData"), lower), R"({"Content-Type":"application/json","content":{}})");
  TestRequest none = form("x", "raw");
  none.headers.clear();
  EXPECT_EQ(site.text(json_of("[req.postData, req.body]"), none), R"([{"Content-Type":""},{"0":114,"1":97,"2":119}])");
}

TEST(Req, BadJsonIsReportedInContentAndParams) {
  HandlerSite site;
  const std::string key = "'error parsing JSON content'";
  EXPECT_EQ(site.text(json_of("[Object.keys(req.postData.content), typeof req.params[" + key +
                              "], req.postData.content[" + key + "] === req.params[" + key + "]]"),
                      form("application/json", "{bad")),
            R"([["error parsing JSON content"],"string",true])");
  EXPECT_EQ(
      site.text(json_of("req.params.a === undefined && req.params[0] === undefined"), form("application/json", "[1]")),
      "true");
  EXPECT_EQ(site.text(json_of("[req.params.__proto__, ({}).p]"), form("application/json", R"({"__proto__":{"p":1}})")),
            R"([{"p":1},null])");
}

const char kMultipart[] =
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"hello.txt\"\r\nContent-Type: "
    "text/plain\r\n\r\nHi!\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"Upload\"\r\n\r\nUp\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"arr[]\"\r\n\r\na1\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"arr[]\"\r\n\r\na2\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"up[]\"; filename=\"a.txt\"\r\n\r\nA\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"obj[k]\"\r\n\r\no\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"fo[k]\"; filename=\"b.txt\"\r\n\r\nb\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n"
    "--XX\r\nX-Other: 1\r\n\r\nnameless\r\n--XX--\r\n";

// Shows Buffers as their text, so that rows stay readable.
const char kShow[] =
    "function show(v) { if (v instanceof Uint8Array) { var t = 'B:'; for (var i = 0; i < v.length; i++) t += "
    "String.fromCharCode(v[i]); return t; } if (Array.isArray(v)) "
    "return v.map(show); if (typeof v !== 'object') return v; var o = {}; for (var k in v) o[k] = show(v[k]); return "
    "o; }";

TEST(Req, MultipartPartsAndParams) {
  for (bool in_descriptor : {false, true}) {
    HandlerSite site;
    site.site.run(kShow);
    TestRequest request = form("multipart/form-data; boundary=\"XX\"", kMultipart, in_descriptor);
    EXPECT_EQ(
        site.text(json_of("show(req.postData)"), request),
        R"({"Content-Type":"multipart/form-data","content":[)"
        R"({"Content-Disposition":"form-data","name":"file","filename":"hello.txt","Content-Type":"text/plain","content":"B:Hi!"},)"
        R"({"Content-Disposition":"form-data","name":"Upload","content":"B:Up"},)"
        R"({"Content-Disposition":"form-data","name":"arr[]","content":"B:a1"},)"
        R"({"Content-Disposition":"form-data","name":"arr[]","content":"B:a2"},)"
        R"({"Content-Disposition":"form-data","name":"up[]","filename":"a.txt","content":"B:A"},)"
        R"({"Content-Disposition":"form-data","name":"obj[k]","content":"B:o"},)"
        R"({"Content-Disposition":"form-data","name":"fo[k]","filename":"b.txt","content":"B:b"},)"
        R"({"Content-Disposition":"form-data","name":"none","filename":"","content":"B:"},)"
        R"({"X-Other":"1","content":"B:nameless"}]})");
    request.headers.resize(1);
    EXPECT_EQ(
        site.text(
            "function(req){ delete req.params['Content-Type']; return {json: JSON.stringify(show(req.params))}; }",
            request),
        R"({"hello.txt":"B:Hi!","Upload":"B:Up","arr":["B:a1","B:a2"],"up":{"a.txt":"B:A"},"obj":{"k":"B:o"},)"
        R"("fo":{"k":"B:b"},"none":"B:"})");
    EXPECT_EQ(site.text(json_of("req.params.Upload === req.postData.content[1].content"), request), "true");
  }
}

TEST(Req, BodyIsABuffer) {
  for (bool in_descriptor : {false, true}) {
    HandlerSite site;
    TestRequest request = form("text/plain", "abc", in_descriptor);
    EXPECT_EQ(site.text(json_of("[req.body instanceof Uint8Array, req.body.length, req.body === req.body, req.body === "
                                "req.postData.content]"),
                        request),
              "[true,3,true,true]");
    EXPECT_EQ(site.text("function(req){ req.body[0] = 65; return req.body; }", request), "Abc")
        << "writable, copy on write";
  }
  HandlerSite site;
  EXPECT_EQ(site.text(json_of("req.body.length"), {}), "0");
}

TEST(Req, LazyPropertiesBehaveAsPlainOnes) {
  HandlerSite site;
  struct Row {
    const char* statements;
    const char* expression;
    const char* expected;
  } rows[] = {
      {"", "req.hasOwnProperty('headers') && req.propertyIsEnumerable('headers')", "true"},
      {"req.headers;", "Object.getOwnPropertyDescriptor(req, 'headers').writable", "true"},
      {"", "req.headers === req.headers", "true"},
      {"req.body = 'text';", "req.body", "text"},
      {"req.query = {x: 1};", "JSON.stringify([req.query, req.params])", R"([{"x":1},{"q":"1"}])"},
      {"req.query.q = 2;", "req.params.q", "1"},
      {"delete req.query;", "'query' in req", "false"},
      {"'use strict'; req.path = 5;", "req.path", "5"},
      {"Object.freeze(req);", "req.query.q", "1"},
      {"Object.seal(req); req.query.q;", "req.query.q", "1"},
      {"var o = Object.create(req);", "o.query.q + Object.keys(o).length + (o.query === req.query)", "10true"},
      {"var o = Object.create(req); o.query = 5;", "o.query + req.query.q + Object.keys(o)", "51query"},
      {"var p = new Proxy(req, {});", "p.query.q", "1"},
      {"var g = Object.getOwnPropertyDescriptor(req, 'query').get;", "typeof g.call(5) + typeof g.call({})",
       "objectobject"},
      {"var g = Object.getOwnPropertyDescriptor(req, 'query').set; g.call(5, 1); g.call(undefined, 1);", "req.query.q",
       "1"},
      {"var c = {}; for (var k in req) c[k] = req[k];", "c.query.q", "1"},
      {"req.own = 1;", "Object.keys(req).pop() + req.own", "own1"},
      {"", "req.errMsg === undefined && req.fsPath === undefined", "true"},
  };
  for (const Row& row : rows) {
    TestRequest request;
    request.query = "q=1";
    EXPECT_EQ(
        site.text(std::string("function(req){ ") + row.statements + " return {txt: String(" + row.expression + ")}; }",
                  request),
        row.expected)
        << row.statements << row.expression;
  }
}

// What a script does with one of the two does not reach the other, as if both had been made with req.
TEST(Req, PostDataAndParamsAreMadeTogether) {
  HandlerSite site;
  TestRequest request = form("application/json", R"({"a":1,"o":{"b":2}})");
  EXPECT_EQ(site.text("function(req){ req.postData.content.a = 5; req.postData.content.o.b = 6; return {json: "
                      "JSON.stringify([req.params.a, req.params.o])}; }",
                      request),
            R"([1,{"b":6}])");
  EXPECT_EQ(site.text("function(req){ req.params = 'mine'; req.postData; return req.params; }", request), "mine");
  EXPECT_EQ(site.text("function(req){ delete req.postData; req.params; return 'postData' in req; }", request), "false");
  EXPECT_EQ(site.text("function(req){ Object.defineProperty(req, 'params', {value: 'defined'}); req.postData; return "
                      "req.params; }",
                      request),
            "defined");
}

TEST(Req, ServerBuffer) {
  HandlerSite site;
  struct Row {
    const char* body;
    const char* expected;
  } rows[] = {
      {"return '' + req.printf('%s-%d', 'x', 5);", "x-53"},
      {"return '' + req.put('0123456789');", "012345678910"},
      {"req.put('0123456789'); req.rewind(4); req.rewind(-1); return '' + req.getpos();", "0123"},
      {"return '' + req.put('\\u20ac');",
       "\xE2\x82\xAC"
       "3"},
      {"return '' + req.put('\\ud83d\\ude00');",
       "\xF0\x9F\x98\x80"
       "4"},
      {"req.put(new Buffer('ab')); req.put(new Uint8Array([99])); return req.getBuffer();", "abcabc"},
      {"req.put('ab'); var b = req.getBuffer(); b[0] = 65; return 'x' + b.length;", "abx2"},
      {"return String(req.rewind(0));", "undefined"},
      {"var p = req.put; p('free'); [1].forEach(req.printf); return '';", "throws"},
      {"var p = req.put; p('free'); return '';", "free"},
      {"Object.create(req).put('inherited'); return '';", "inherited"},
      {"req.printf('%J', {toJSON: function() { req.put('in'); return 1; }}); return '';", "in1"},
      {"return req.getMime('html') + req.getMime('nope');", "text/htmlundefined"},
      {"req.put(5);", "throws"},
      {"req.put();", "throws"},
      {"req.rewind(1);", "throws"},
      {"req.rewind(-1);", "throws"},
      {"req.rewind(0.5);", "throws"},
      {"req.rewind('0');", "throws"},
      {"req.rewind(NaN);", "throws"},
      {"req.rewind(Infinity);", "throws"},
      {"req.getMime(5);", "throws"},
      {"req.printf('%d', 'x');", "throws"},
      {"req.put(Symbol('x'));", "throws"},
  };
  for (const Row& row : rows) {
    TestReply reply = site.get(std::string("function(req){ ") + row.body + " }");
    if (std::string(row.expected) == "throws") {
      EXPECT_EQ(reply.status, 500) << row.body;
    } else {
      EXPECT_EQ(reply.body, row.expected) << row.body;
    }
  }
}

TEST(Req, ServerBufferIsBounded) {
  HandlerSite site;
  site.config.max_memory_bytes = 64 * 1024 * 1024;
  TestReply reply = site.get("function(req){ var s = new Buffer(1024 * 1024); for (;;) req.put(s); }");
  EXPECT_EQ(reply.status, 500);
  EXPECT_NE(reply.body.find("server buffer"), std::string::npos);
}

// Server-details 7.3: what a script keeps stays readable, or is empty; it never crashes and never shows another
// request.
TEST(Req, KeptRequestStaysReadableAfterTheReply) {
  HandlerSite site;
  uint32_t keep = site.route("function(req){ kept = req; held = req.headers; return 'kept'; }", "/keep");
  uint32_t look = site.route(
      "function(req){ return {json: JSON.stringify([kept.query.q, kept.path.path, kept.headers === held, "
      "kept.cookies.c, "
      "kept.params.q, kept.body.length, kept.postData.content.a, Object.keys(kept).length])}; }",
      "/look");
  uint32_t put = site.route("function(req){ kept.put('leak'); }", "/put");
  TestRequest first = form("application/json", R"({"a":1})");
  first.route = keep;
  first.path = "/keep";
  first.query = "q=first";
  first.headers.push_back({"Cookie", "c=secret"});
  site.run(first);
  TestRequest second;
  second.route = look;
  second.path = "/look";
  second.query = "q=second";
  EXPECT_EQ(site.run(second).body, R"(["first","/keep",true,"secret","first",7,1,18])");
  EXPECT_EQ(site.run(second).body, R"(["first","/keep",true,"secret","first",7,1,18])");
  second.route = put;
  TestReply refused = site.run(second);
  EXPECT_EQ(refused.status, 500);
  EXPECT_NE(refused.body.find("has been answered"), std::string::npos);
  EXPECT_EQ(refused.body.find("leak\n"), std::string::npos);
}

TEST(Req, KeptRequestsOfOddShapesDoNotSeeAnother) {
  HandlerSite site;
  uint32_t keep = site.route(
      "function(req){ frozen = Object.freeze(req); child = Object.create(req); put = req.put; return 'kept'; }",
      "/keep");
  uint32_t look = site.route("function(req){ return frozen.query.q + child.query.q; }", "/look");
  site.run({.route = keep, .query = "q=1"});
  EXPECT_EQ(site.run({.route = look, .query = "q=2"}).body, "11");
}

TEST(Req, KeptReqOutlivesItsHandler) {
  HandlerSite site;
  site.get("function(req){ kept = req; return ''; }");
  site.handler.reset();
  EXPECT_EQ(site.site.run("kept.path.path + kept.body.length"), "/r0");
  EXPECT_EQ(site.site.run("kept.put('x')"), "throws Error: req.put: this request has been answered");
}

TEST(Req, MappedBodyLivesAsLongAsItIsHeld) {
  HandlerSite site;
  std::string big(100 * 1024, 'b');
  uint32_t keep = site.route("function(req){ slice = req.body.subarray(1, 4); return ''; }", "/keep");
  uint32_t look = site.route("function(req){ return {txt: slice.length + ':' + slice[0]}; }", "/look");
  uint32_t drop = site.route("function(req){ slice = null; return ''; }", "/drop");
  TestRequest upload = form("text/plain", big, true);
  upload.route = keep;
  site.run(upload);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(site.run({.route = look}).body, "3:98");
  site.run({.route = drop});
  // More uploads than may be held: the oldest Buffers become empty, none crashes.
  site.handler.reset();
  site.site.run("hoarded = []");
  uint32_t hoard =
      site.route("function(req){ hoarded.push(req.body); return {txt: '' + hoarded[0].length}; }", "/hoard");
  upload.route = hoard;
  std::string first_length;
  for (int i = 0; i < 70; ++i) first_length = site.run(upload).body;
  EXPECT_EQ(first_length, "0");
  EXPECT_EQ(site.site.run("hoarded[69].length"), std::to_string(big.size()));
  site.handler.reset();
  EXPECT_EQ(site.site.run("hoarded[69].length + '' + hoarded[69][5]"), "0undefined");
}

TEST(Req, UnreadMappedBodyOfAKeptRequestIsEmpty) {
  HandlerSite site;
  TestRequest upload = form("application/json", R"({"a":1})", true);
  uint32_t keep = site.route("function(req){ kept = req; return ''; }", "/keep");
  uint32_t look =
      site.route("function(req){ return {json: JSON.stringify([kept.body.length, kept.postData])}; }", "/look");
  upload.route = keep;
  site.run(upload);
  EXPECT_EQ(site.run({.route = look}).body, R"([0,{"Content-Type":"application/json"}])");
}

TEST(Req, BodyShorterThanAnnouncedIsRefused) {
  HandlerSite site;
  site.route("function(req){ return req.body; }");
  site.run({});
  ipc::RequestFields fields;
  fields.route = 0;
  fields.method = "POST";
  fields.path = fields.matched_path = "/r";
  fields.body_bytes = 1 << 20;
  auto ends = make_socketpair();
  ipc::Channel channel(std::move(ends.value().first), ipc::Role::kFrontend);
  EXPECT_EQ(site.handler->run(fields, memory_file("short"), 1, 2, channel), Handler::Outcome::kAnswered);
  EXPECT_NE(channel.out().find("Internal Server Error"), std::string::npos);
}

}  // namespace
}  // namespace ravelin::worker
