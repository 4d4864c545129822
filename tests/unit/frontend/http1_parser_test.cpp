#include "frontend/http1_parser.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/unit/frontend/http1_outcome.h"

namespace ravelin::frontend {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string whole(std::string_view stream, const ParserLimits& limits = {}) {
  return outcome_of(stream, limits, [&] { return std::string::npos; });
}

// The outcome when fed whole, after checking that every other way of cutting gives the same.
std::string outcome(std::string_view stream, const ParserLimits& limits = {}) {
  std::string expected = whole(stream, limits);
  EXPECT_EQ(expected, outcome_of(stream, limits, [] { return size_t{1}; })) << "byte by byte: " << stream;
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    auto cut = [&] { return std::uniform_int_distribution<size_t>(1, i < 10 ? 8 : 64)(random); };
    EXPECT_EQ(expected, outcome_of(stream, limits, cut)) << "random cuts: " << stream;
  }
  return expected;
}

std::string error(int status) { return "error " + std::to_string(status); }

const std::string kGet = "GET / HTTP/1.1\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: h\r\n";
const std::string kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";

TEST(Http1Parser, SimpleRequest) {
  EXPECT_EQ(outcome("GET /a/b?x=1&y HTTP/1.1\r\nHost: example.org:80\r\nAccept:  */* \t\r\nX-Empty:\r\n\r\n"),
            "GET /a/b?x=1&y 1.1 host=example.org:80\nHost=example.org:80\nAccept=*/*\nX-Empty=\nbody=\nidle");
}

TEST(Http1Parser, HeadAndMessageAreSeparateEvents) {
  Http1Parser parser{ParserLimits()};
  EXPECT_FALSE(parser.started());
  std::string_view two = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET";
  size_t consumed = 0;
  EXPECT_EQ(parser.feed(two, consumed), Http1Parser::Event::kHeadDone);
  EXPECT_EQ(consumed, two.size() - 3);
  EXPECT_EQ(parser.feed({}, consumed), Http1Parser::Event::kMessageDone);
  EXPECT_EQ(consumed, 0u);
  EXPECT_EQ(parser.feed("x", consumed), Http1Parser::Event::kMessageDone);
  EXPECT_EQ(consumed, 0u);
  parser.next_message();
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.feed("\r\n", consumed), Http1Parser::Event::kNeedMore);
  EXPECT_FALSE(parser.started());  // an empty line is no request
  EXPECT_EQ(parser.feed("G", consumed), Http1Parser::Event::kNeedMore);
  EXPECT_TRUE(parser.started());
}

TEST(Http1Parser, PipelinedMessagesKeepNothingOfEachOther) {
  EXPECT_EQ(outcome("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nIf-None-Match: \"x\"\r\n\r\nabc"
                    "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                    "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
                    "GET /4 HTTP/1.0\r\n\r\n"),
            "POST /1 1.1 host=h length=3\nHost=h\nContent-Length=3\nIf-None-Match=\"x\"\nbody=abc\n"
            "GET /2 1.1 host=h\nHost=h\nbody=\n"
            "POST /3 1.1 host=h chunked\nHost=h\nTransfer-Encoding=chunked\nbody=de\n"
            "GET /4 1.0 host= close\nbody=\nidle");
}

TEST(Http1Parser, HeadersThatTheFrontendNeeds) {
  Http1Parser parser{ParserLimits()};
  size_t consumed = 0;
  ASSERT_EQ(
      parser.feed("GET / HTTP/1.1\r\nHOST: h\r\nif-none-match: \"a\"\r\nIF-MODIFIED-SINCE: now\r\nRange: bytes=0-\r\n"
                  "If-Range: \"b\"\r\nAccept-Encoding: gzip\r\nif-none-match: \"c\"\r\n\r\n",
                  consumed),
      Http1Parser::Event::kHeadDone);
  const RequestHead& head = parser.head();
  EXPECT_EQ(head.value(head.if_none_match), "\"a\"");
  EXPECT_EQ(head.value(head.if_modified_since), "now");
  EXPECT_EQ(head.value(head.range), "bytes=0-");
  EXPECT_EQ(head.value(head.if_range), "\"b\"");
  EXPECT_EQ(head.value(head.accept_encoding), "gzip");
  EXPECT_FALSE(head.upgrade_protocol.present);
  EXPECT_EQ(head.header_count, 7u);
}

TEST(Http1Parser, Connection) {
  auto with = [](const std::string& version, const std::string& lines) {
    std::string text = whole("GET / HTTP/" + version + "\r\nHost: h\r\n" + lines + "\r\n");
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(with("1.1", ""), "GET / 1.1 host=h");
  EXPECT_EQ(with("1.1", "Connection: close\r\n"), "GET / 1.1 host=h close");
  EXPECT_EQ(with("1.1", "Connection: foo, CLOSE\r\n"), "GET / 1.1 host=h close");
  EXPECT_EQ(with("1.1", "Connection: close\r\nConnection: keep-alive\r\n"), "GET / 1.1 host=h close");
  EXPECT_EQ(with("1.0", ""), "GET / 1.0 host=h close");
  EXPECT_EQ(with("1.0", "Connection: Keep-Alive\r\n"), "GET / 1.0 host=h");
  EXPECT_EQ(with("1.0", "Connection: keep-alive, close\r\n"), "GET / 1.0 host=h close");
  EXPECT_EQ(with("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"), "GET / 1.1 host=h upgrade");
  EXPECT_EQ(with("1.1", "Upgrade: websocket\r\n"), "GET / 1.1 host=h");
  EXPECT_EQ(with("1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), "GET / 1.0 host=h close");
}

TEST(Http1Parser, UpgradeRequestsMayHaveBodies) {
  EXPECT_EQ(
      outcome(kPost + "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc" + "GET /x"),
      "POST / 1.1 host=h upgrade length=3\nHost=h\nConnection=upgrade\nUpgrade=h2c\nContent-Length=3\nbody=abc\nopen");
}

TEST(Http1Parser, RequestLines) {
  struct Case {
    std::string line;
    std::string expected;  // first line of the description, or the error
  };
  std::string long_method(limits::kMaxMethodLength, 'M');
  const Case cases[] = {
      {"GET / HTTP/1.1", "GET / 1.1 host=h"},
      {"FOO /x HTTP/1.1", "FOO /x 1.1 host=h"},
      {"get /x HTTP/1.1", "get /x 1.1 host=h"},
      {"M-SEARCH / HTTP/1.1", "M-SEARCH / 1.1 host=h"},
      {long_method + " / HTTP/1.1", long_method + " / 1.1 host=h"},
      {long_method + "M / HTTP/1.1", error(501)},
      {"G{T / HTTP/1.1", error(400)},
      {"GET", error(400)},
      {"GET /", error(400)},
      {"GET / ", error(400)},
      {" GET / HTTP/1.1", error(400)},
      {"GET  / HTTP/1.1", error(400)},
      {"GET /  HTTP/1.1", error(400)},
      {"GET / HTTP/1.1 ", error(400)},
      {"GET /a b HTTP/1.1", error(400)},
      {"GET\t/ HTTP/1.1", error(400)},
      {"GET / http/1.1", error(400)},
      {"GET / HTTP/1.", error(400)},
      {"GET / HTTP/1.11", error(400)},
      {"GET / HTTP/01.1", error(400)},
      {"GET / HTTP/-1.1", error(400)},
      {"GET / HTTP/0.9", error(505)},
      {"GET / HTTP/1.2", error(505)},
      {"GET / HTTP/2.0", error(505)},
      {"PRI * HTTP/2.0", error(505)},
      {"GET / HTTP/3.0", error(505)},
      {"CONNECT h:443 HTTP/1.1", error(501)},
      {"OPTIONS * HTTP/1.1", "OPTIONS * 1.1 host=h"},
      {"GET * HTTP/1.1", error(400)},
      {"OPTIONS *x HTTP/1.1", error(400)},
      {"GET x HTTP/1.1", error(400)},
      {"GET h:80 HTTP/1.1", error(400)},
      {"GET ?x HTTP/1.1", error(400)},
      {"GET /? HTTP/1.1", "GET /? 1.1 host=h"},
      {"GET /a?b?c=/d HTTP/1.1", "GET /a?b?c=/d 1.1 host=h"},
      {"GET /a#frag HTTP/1.1", "GET /a 1.1 host=h"},
      {"GET /a?q#frag?x HTTP/1.1", "GET /a?q 1.1 host=h"},
      {"GET /a#f?q HTTP/1.1", "GET /a 1.1 host=h"},
      {"GET //a HTTP/1.1", "GET //a 1.1 host=h"},
      {"GET /caf\xC3\xA9\xFF HTTP/1.1", "GET /caf\xC3\xA9\xFF 1.1 host=h"},
      {"GET /a\x01 HTTP/1.1", error(400)},
      {"GET /a\x7F HTTP/1.1", error(400)},
      {"GET /a\0b HTTP/1.1"s, error(400)},
      {"GET /a\rb HTTP/1.1", error(400)},
      {"GET http://other/p?q HTTP/1.1", "GET /p?q 1.1 host=other absolute"},
      {"GET HTTPS://other:444/ HTTP/1.1", "GET / 1.1 host=other:444 absolute"},
      {"GET http://other HTTP/1.1", "GET / 1.1 host=other absolute"},
      {"GET http://other?q HTTP/1.1", "GET /?q 1.1 host=other absolute"},
      {"GET http://[::1]:80/x HTTP/1.1", "GET /x 1.1 host=[::1]:80 absolute"},
      {"GET http:///x HTTP/1.1", error(400)},
      {"GET http:// HTTP/1.1", error(400)},
      {"GET http://user@other/ HTTP/1.1", error(400)},
      {"GET http://o\\ther/ HTTP/1.1", error(400)},
      {"GET ftp://other/ HTTP/1.1", error(400)},
  };
  for (const Case& c : cases) {
    std::string text = outcome(c.line + "\r\nHost: h\r\n\r\n");
    EXPECT_EQ(text.substr(0, text.find('\n')), c.expected) << c.line;
  }
}

TEST(Http1Parser, Hosts) {
  auto status_of = [](const std::string& lines, const std::string& version = "1.1") {
    std::string text = outcome("GET / HTTP/" + version + "\r\n" + lines + "\r\n");
    return text.starts_with("error ") ? std::stoi(text.substr(6)) : 200;
  };
  EXPECT_EQ(status_of(""), 400);
  EXPECT_EQ(status_of("", "1.0"), 200);
  EXPECT_EQ(status_of("Host:\r\n"), 200);  // no authority (RFC 9112 3.2)
  EXPECT_EQ(status_of("Host: a\r\nHost: a\r\n"), 400);
  EXPECT_EQ(status_of("Host: a\r\nhOST: b\r\n", "1.0"), 400);
  for (const char* good :
       {"a", "a.b-c_d", "a:", "a:80", "127.0.0.1:8088", "[::1]", "[::1]:80", "[::ffff:1.2.3.4]", "%41"})
    EXPECT_EQ(status_of(std::string("Host: ") + good + "\r\n"), 200) << good;
  for (const char* bad : {"a b", "a/b", "a@b", "a:b", "a:80:80", "a:123456", ":80", "[::1", "[]", "[::1]x", "[g]",
                          "a\\b", "<a>", "a\"", "caf\xC3\xA9", "a, b", "a#b", "a?b"})
    EXPECT_EQ(status_of(std::string("Host: ") + bad + "\r\n"), 400) << bad;
}

TEST(Http1Parser, AbsoluteFormStillNeedsAHostHeader) {
  EXPECT_EQ(outcome("GET http://h/ HTTP/1.1\r\n\r\n"), error(400));
  EXPECT_EQ(outcome("GET http://h/ HTTP/1.1\r\nHost: a b\r\n\r\n"), error(400));
}

// Shapes with which two servers in a row can be made to disagree about where a request ends.
TEST(Http1Parser, SmugglingShapesAreRefused) {
  struct Case {
    const char* name;
    std::string bytes;
    int status = 400;
  };
  const Case cases[] = {
      {"length, then coding", kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"coding, then length", kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
      {"coding with a length of 0", kPost + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"},
      {"unknown coding with length", kPost + "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n"},
      {"two lengths", kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"},
      {"the same length twice", kPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"},
      {"the same length in one line", kPost + "Content-Length: 5, 5\r\n\r\n"},
      {"length with sign", kPost + "Content-Length: +5\r\n\r\n"},
      {"negative length", kPost + "Content-Length: -5\r\n\r\n"},
      {"length in hex", kPost + "Content-Length: 0x5\r\n\r\n"},
      {"length with a blank inside", kPost + "Content-Length: 5 5\r\n\r\n"},
      {"length with a fraction", kPost + "Content-Length: 5.0\r\n\r\n"},
      {"empty length", kPost + "Content-Length:\r\n\r\n"},
      {"blank length", kPost + "Content-Length:  \r\n\r\n"},
      {"length beyond 64 bits", kPost + "Content-Length: 18446744073709551616\r\n\r\n"},
      {"length with vertical tab", kPost + "Content-Length: \x0B"
                                           "5\r\n\r\n"},
      {"chunked not last", kPost + "Transfer-Encoding: chunked, gzip\r\n\r\n"},
      {"chunked not last, two lines", kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n"},
      {"chunked twice", kPost + "Transfer-Encoding: chunked, chunked\r\n\r\n"},
      {"chunked twice, two lines", kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"other coding before chunked", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"other coding before chunked, two lines",
       kPost + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
      {"unknown coding", kPost + "Transfer-Encoding: xchunked\r\n\r\n", 501},
      {"identity", kPost + "Transfer-Encoding: identity\r\n\r\n", 501},
      {"empty coding", kPost + "Transfer-Encoding:\r\n\r\n"},
      {"only commas", kPost + "Transfer-Encoding: ,,\r\n\r\n"},
      {"quoted coding", kPost + "Transfer-Encoding: \"chunked\"\r\n\r\n"},
      {"coding with parameter", kPost + "Transfer-Encoding: chunked;x=y\r\n\r\n"},
      {"coding with vertical tab", kPost + "Transfer-Encoding: \x0B"
                                           "chunked\r\n\r\n"},
      {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"blank before the colon", kPost + "Transfer-Encoding : chunked\r\n\r\n"},
      {"tab before the colon", kPost + "Content-Length\t: 5\r\n\r\n"},
      {"blank before the name", kGet + " Host: h\r\n\r\n"},
      {"folded value", kPost + "X: a\r\n b\r\n\r\n"},
      {"folded coding", kPost + "Transfer-Encoding:\r\n chunked\r\n\r\n"},
      {"folded with tab", kPost + "X: a\r\n\tb\r\n\r\n"},
      {"line of a blank", kPost + "X: a\r\n \r\n\r\n"},
      {"bare LF behind the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n"},
      {"bare LF behind a header", kGet + "Host: h\nX: y\r\n\r\n"},
      {"bare LF at the end of the head", kGet + "Host: h\r\n\n"},
      {"only LFs", "GET / HTTP/1.1\nHost: h\n\n"},
      {"LF before the request line", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"bare CR in the request line", "GET / HTTP/1.1\rHost: h\r\n\r\n"},
      {"bare CR before the request line", "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"bare CR in a value", kGet + "Host: h\r\nX: a\rY: b\r\n\r\n"},
      {"bare CR before a value", kGet + "Host: h\r\nX:\r\ra\r\n\r\n"},
      {"two CRs at a line end", kGet + "Host: h\r\nX: a\r\r\n\r\n"},
      {"two CRs at the end of the head", kGet + "Host: h\r\n\r\r\n"},
      {"bare CR as a line", kGet + "Host: h\r\n\rX: y\r\n\r\n"},
      {"NUL in a value", kGet + "Host: h\r\nX: a\0b\r\n\r\n"s},
      {"NUL in a name", kGet + "Host: h\r\nX\0Y: b\r\n\r\n"s},
      {"no colon", kGet + "Host: h\r\nX\r\n\r\n"},
      {"no name", kGet + "Host: h\r\n: x\r\n\r\n"},
      {"name in parentheses", kGet + "Host: h\r\n(x): x\r\n\r\n"},
      {"name over 7F", kGet + "Host: h\r\nX\xC3\xA9: x\r\n\r\n"},
      {"chunk size empty", kChunked + "\r\nabc\r\n0\r\n\r\n"},
      {"chunk size no hex", kChunked + "g\r\nabc\r\n0\r\n\r\n"},
      {"chunk size with sign", kChunked + "+3\r\nabc\r\n0\r\n\r\n"},
      {"chunk size negative", kChunked + "-3\r\nabc\r\n0\r\n\r\n"},
      {"chunk size with 0x", kChunked + "0x3\r\nabc\r\n0\r\n\r\n"},
      {"chunk size with blank before", kChunked + " 3\r\nabc\r\n0\r\n\r\n"},
      {"chunk size with blank behind", kChunked + "3 \r\nabc\r\n0\r\n\r\n"},
      {"chunk size with tab behind", kChunked + "3\t;x\r\nabc\r\n0\r\n\r\n"},
      {"chunk size beyond 64 bits", kChunked + "10000000000000003\r\nabc\r\n0\r\n\r\n"},
      {"chunk size line with bare LF", kChunked + "3\nabc\r\n0\r\n\r\n"},
      {"chunk size line with bare CR", kChunked + "3\rabc\r\n0\r\n\r\n"},
      {"chunk extension with bare LF", kChunked + "3;x\nabc\r\n0\r\n\r\n"},
      {"chunk extension with bare CR", kChunked + "3;x\ry\r\nabc\r\n0\r\n\r\n"},
      {"chunk extension with NUL", kChunked + "3;x\0y\r\nabc\r\n0\r\n\r\n"s},
      {"chunk extension without name", kChunked + "3;\r\nabc\r\n0\r\n\r\n"},
      {"chunk extension too long", kChunked + "3;" + std::string(300, 'x') + "\r\nabc\r\n0\r\n\r\n"},
      {"chunk data longer than its size", kChunked + "3\r\nabcd\r\n0\r\n\r\n"},
      {"chunk data shorter than its size", kChunked + "5\r\nabc\r\n0\r\n\r\n"},
      {"chunk data ended by LF", kChunked + "3\r\nabc\n0\r\n\r\n"},
      {"chunk data ended by two bytes that are no CRLF", kChunked + "3\r\nabcXX0\r\n\r\n"},
      {"last chunk ended by LF", kChunked + "3\r\nabc\r\n0\n\r\n"},
      {"end of the body with LF", kChunked + "3\r\nabc\r\n0\r\n\n"},
      {"trailer with LF", kChunked + "0\r\nX: y\n\r\n"},
      {"trailer without colon", kChunked + "0\r\nGET / HTTP/1.1\r\n\r\n"},
      {"trailer folded", kChunked + "0\r\nX: y\r\n z\r\n\r\n"},
      {"trailer without name", kChunked + "0\r\n: y\r\n\r\n"},
  };
  for (const Case& c : cases) {
    std::string text = outcome(c.bytes);
    EXPECT_TRUE(text.ends_with(error(c.status))) << c.name << ": " << text;
  }
}

// Whatever bytes stand in a header line, what comes through is a token and a value without control bytes, for the
// headers that llhttp knows by name as for any other.
TEST(Http1Parser, EveryByteInEveryPlaceOfAHeaderLine) {
  for (const char* name :
       {"X-Any", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Proxy-Connection", "Expect"}) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string c(1, static_cast<char>(byte));
      bool bad_value = (byte < 0x20 && byte != '\t') || byte == 0x7F;
      for (const char* before : {"", "1", "close", "chunked"}) {
        for (const char* after : {"", "1"}) {
          std::string text = whole(kPost + name + ":" + before + c + after + "\r\n\r\n");
          if (bad_value) {
            EXPECT_TRUE(text.starts_with("error 400")) << name << " value with byte " << byte << ": " << text;
          }
        }
      }
      bool token = isalnum(byte) || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != nullptr);
      for (size_t at : {size_t{0}, size_t{3}, strlen(name)}) {
        if (byte == ':' && at > 0) continue;
        std::string line = std::string(name).insert(at, c) + ": 1\r\n";
        std::string text = whole(kPost + line + "\r\n");
        EXPECT_EQ(text.starts_with("error 400"), !token) << line << text;
      }
    }
  }
}

TEST(Http1Parser, ChunkedBodies) {
  std::string head = "POST / 1.1 host=h chunked\nHost=h\nTransfer-Encoding=chunked\n";
  EXPECT_EQ(outcome(kChunked + "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), head + "body=abc0123456789\nidle");
  EXPECT_EQ(outcome(kChunked + "0003\r\na\r\n\r\n000\r\n\r\n"), head + "body=a\r\n\nidle");
  EXPECT_EQ(outcome(kChunked + "3;name\r\nabc\r\n0;a=b;c=\"d;e\"\r\n\r\n"), head + "body=abc\nidle");
  EXPECT_EQ(outcome(kChunked + "3\r\nabc\r\n0\r\nX-T: 1\r\nContent-Length: 7\r\n\r\nGET"), head + "body=abc\nopen");
  EXPECT_EQ(outcome(kPost + "transfer-encoding: ,CHUNKED ,\r\n\r\n0\r\n\r\n").find("error"),
            0u);  // llhttp wants it plain
  EXPECT_EQ(outcome(kChunked + "3\r\nab"), head + "part=ab\nopen");
}

TEST(Http1Parser, Expectations) {
  std::string length = "Content-Length: 1\r\n\r\n";
  EXPECT_NE(outcome(kPost + "Expect: 100-Continue\r\n" + length).find("expect"), std::string::npos);
  EXPECT_EQ(outcome(kPost + "Expect: 100-continue\r\n\r\n").find("expect"), std::string::npos);  // no body to wait for
  EXPECT_EQ(outcome("POST / HTTP/1.0\r\nExpect: 100-continue\r\n" + length).find("expect"), std::string::npos);
  EXPECT_EQ(outcome(kPost + "Expect: a miracle\r\n" + length), error(417));
}

TEST(Http1Parser, Limits) {
  ParserLimits limits;
  limits.max_request_line = 40;
  limits.max_header_bytes = 60;
  limits.max_header_count = 3;
  auto line = [](size_t size) { return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1\r\n"; };
  EXPECT_TRUE(outcome(line(40) + "Host: h\r\n\r\n", limits).ends_with("idle"));
  EXPECT_EQ(outcome(line(41) + "Host: h\r\n\r\n", limits), error(414));
  EXPECT_EQ(outcome("GET /" + std::string(100, 'a'), limits), error(414));
  std::string host = "Host: h\r\n";
  auto header = [](size_t size) { return "X: " + std::string(size - 5, 'a') + "\r\n"; };
  EXPECT_TRUE(outcome(kGet + host + header(51) + "\r\n", limits).ends_with("idle"));
  EXPECT_EQ(outcome(kGet + host + header(52) + "\r\n", limits), error(431));
  EXPECT_EQ(outcome(kGet + host + "X: " + std::string(200, 'a'), limits), error(431));
  EXPECT_TRUE(outcome(kGet + host + "A:\r\nB:\r\n\r\n", limits).ends_with("idle"));
  EXPECT_EQ(outcome(kGet + host + "A:\r\nB:\r\nC:\r\n\r\n", limits), error(431));
  EXPECT_EQ(outcome(kChunked + "0\r\nT: " + std::string(limits::kMaxTrailerBytes, 'a') + "\r\n\r\n")
                .substr(std::string("POST / 1.1 host=h chunked\nHost=h\nTransfer-Encoding=chunked\n").size()),
            error(431));
  EXPECT_TRUE(outcome("\r\n\r\n" + kGet + host + "\r\n").ends_with("idle"));
  EXPECT_EQ(outcome("\r\n\r\n\r\n\r\n\r\n\r\n\r\n"), error(400));
}

TEST(Http1Parser, SomethingElseThanHttpIsRefusedAtItsFirstByte) {
  EXPECT_EQ(outcome("\x16\x03\x01"), error(400));  // TLS
  EXPECT_EQ(outcome("{"), error(400));
}

TEST(Http1Parser, RandomDamageIsReadTheSameHoweverItIsCut) {
  const std::string base =
      "POST /a?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
      "3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\nPUT /c HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcdGET / "
      "HTTP/1.0\r\n\r\n";
  std::mt19937 random(7);
  auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  const std::string_view bytes = "\r\n\0 :;,\t0159afG\x7F\xFFx"sv;
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = base;
    for (size_t n = 1 + below(3); n > 0; --n) {
      size_t at = below(damaged.size());
      switch (below(3)) {
        case 0:
          damaged[at] = bytes[below(bytes.size())];
          break;
        case 1:
          damaged.insert(at, 1, bytes[below(bytes.size())]);
          break;
        default:
          damaged.erase(at, 1 + below(3));
      }
    }
    std::string expected = whole(damaged);
    ASSERT_EQ(expected, outcome_of(damaged, {}, [] { return size_t{1}; })) << damaged;
    ASSERT_EQ(expected, outcome_of(damaged, {}, [&] { return 1 + below(30); })) << damaged;
  }
}

}  // namespace
}  // namespace ravelin::frontend
