#include "frontend/reply_head.h"

#include <gtest/gtest.h>

#include "ipc/header_block.h"

namespace ravelin::frontend {
namespace {

const std::string kDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string block(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::string result;
  for (const auto& [name, value] : lines) ipc::append_header_line(result, name, value);
  return result;
}

struct Written {
  bool ok;
  std::string head;
  std::string problem;
};

Written write(uint16_t status, const std::string& headers, uint64_t body_bytes = 5, bool keep_alive = true,
              uint8_t minor = 1) {
  ipc::ReplyFields reply;
  reply.status = status;
  reply.headers = headers;
  reply.body_bytes = body_bytes;
  Written result;
  result.head = "before|";
  result.ok = append_reply_head(result.head, reply, {false, minor, keep_alive, kDate}, &result.problem);
  EXPECT_TRUE(result.head.starts_with("before|"));
  result.head.erase(0, 7);
  return result;
}

TEST(ReplyHead, WritesTheWholeHead) {
  Written written = write(
      200,
      block({{"Content-Type", "text/html"}, {"x-CaSe", "as spelled"}, {"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}}));
  EXPECT_TRUE(written.ok);
  EXPECT_EQ(
      written.head,
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nx-CaSe: as spelled\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n" +
          kDate + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(written.problem, "");
}

TEST(ReplyHead, ConnectionLine) {
  EXPECT_EQ(write(200, "", 0, false).head,
            "HTTP/1.1 200 OK\r\n" + kDate + "Content-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(write(200, "", 0, false, 0).head,
            "HTTP/1.1 200 OK\r\n" + kDate + "Content-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(write(200, "", 0, true, 0).head,
            "HTTP/1.1 200 OK\r\n" + kDate + "Content-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(ReplyHead, NoContentLengthWhereThereIsNoBody) {
  EXPECT_EQ(write(204, "").head, "HTTP/1.1 204 No Content\r\n" + kDate + "\r\n");
  EXPECT_EQ(write(304, "").head, "HTTP/1.1 304 Not Modified\r\n" + kDate + "\r\n");
  EXPECT_TRUE(body_follows(200, false));
  EXPECT_FALSE(body_follows(200, true));
  EXPECT_FALSE(body_follows(204, false));
  EXPECT_FALSE(body_follows(304, false));
  EXPECT_FALSE(body_follows(100, false));
}

TEST(ReplyHead, StatusRange) {
  for (uint16_t status : {0, 99, 100, 101, 199, 600, 999, 65535}) {
    Written written = write(status, "");
    EXPECT_FALSE(written.ok) << status;
    EXPECT_EQ(written.head, "");
    EXPECT_NE(written.problem.find(std::to_string(status)), std::string::npos);
  }
  EXPECT_EQ(write(599, "", 0).head.substr(0, 13), "HTTP/1.1 599 ");
  EXPECT_EQ(write(418, "", 0).head.substr(0, 26), "HTTP/1.1 418 I'm a teapot\r");
}

TEST(ReplyHead, ScriptsDateReplacesOurs) {
  Written written = write(200, block({{"dAte", "never"}, {"Date", "again"}}), 0);
  EXPECT_EQ(written.head, "HTTP/1.1 200 OK\r\ndAte: never\r\nContent-Length: 0\r\n\r\n");
  EXPECT_NE(written.problem.find("\"Date\""), std::string::npos);
}

TEST(ReplyHead, LinesThatMayNotPassAreDroppedAndNamed) {
  using namespace std::string_literals;
  const std::pair<std::string, std::string> bad[] = {
      {"X-Split", "a\r\nSet-Cookie: b"},
      {"X-Lf", "a\nb"},
      {"X-Cr", "a\rb"},
      {"X-Nul", "a\0b"s},
      {"", "empty name"},
      {"X Blank", "a"},
      {"X:Colon", "a"},
      {"X\r\nY", "a"},
      {"caf\xC3\xA9", "a"},
      {"X\0Y"s, "a"},
      {"Content-Length", "3"},
      {"CONTENT-length", "3"},
      {"Transfer-Encoding", "chunked"},
      {"Connection", "x"},
      {"Keep-Alive", "x"},
      {"Upgrade", "h2c"},
      {"Trailer", "x"},
      {"TE", "x"},
      {"Proxy-Connection", "x"},
      {"proxy-authenticate", "x"},
  };
  for (const auto& line : bad) {
    Written written = write(200, block({{"A", "1"}, line, {"B", "2"}}));
    EXPECT_TRUE(written.ok);
    EXPECT_EQ(written.head, "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n" + kDate + "Content-Length: 5\r\n\r\n") << line.first;
    EXPECT_TRUE(written.problem.starts_with("reply header dropped: \"" + line.first)) << written.problem;
  }
}

TEST(ReplyHead, ProblemLineIsBounded) {
  std::string headers;
  for (int i = 0; i < 500; ++i) ipc::append_header_line(headers, std::string(200, ' '), "x");
  Written written = write(200, headers);
  EXPECT_TRUE(written.ok);
  EXPECT_LT(written.problem.size(), 800u);
  EXPECT_TRUE(written.problem.ends_with("..."));
}

TEST(ReplyHead, BrokenBlockIsRefused) {
  std::string headers = block({{"A", "1"}, {"B", "2"}});
  for (size_t cut = 1; cut < headers.size(); ++cut) {
    if (cut == headers.size() / 2) continue;  // exactly one line
    Written written = write(200, headers.substr(0, cut));
    EXPECT_FALSE(written.ok) << cut;
    EXPECT_EQ(written.head, "");
    EXPECT_NE(written.problem, "");
  }
}

TEST(OwnHead, WritesTheWholeHead) {
  std::string out = "before|";
  append_own_head(out, {405, "text/html", "utf-8", 3, "Allow: GET\r\n"}, {false, 1, false, kDate});
  EXPECT_EQ(out, "before|HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/html; charset=utf-8\r\nAllow: GET\r\n" +
                     kDate + "Content-Length: 3\r\nConnection: close\r\n\r\n");
  out.clear();
  append_own_head(out, {200, "image/png", "utf-8", 3, ""}, {false, 1, true, kDate});
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n" + kDate + "Content-Length: 3\r\n\r\n");
  out.clear();
  append_own_head(out, {304, "", "", 3, "ETag: \"x\"\r\n"}, {false, 1, true, kDate});
  EXPECT_EQ(out, "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n" + kDate + "\r\n");
}

}  // namespace
}  // namespace ravelin::frontend
