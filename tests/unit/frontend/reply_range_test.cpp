#include "frontend/reply_range.h"

#include <gtest/gtest.h>

#include "ipc/header_block.h"

namespace ravelin::frontend {
namespace {

using Answer = ByteRange::Answer;
constexpr int64_t kNow = 1'700'000'000;

// A reply with a file of 26 bytes, somewhere in its descriptor.
struct RangedReply {
  std::string block;
  std::string headers;
  ipc::ReplyFields fields;

  RangedReply() {
    fields.flags = ipc::kReplyFile;
    fields.body_offset = 100;
    fields.body_bytes = 26;
  }
  void header(std::string_view name, std::string_view value) {
    ipc::append_header_line(block, name, value);
    ++fields.header_count;
    fields.headers = block;
  }
  ByteRange apply(const std::string& lines, const std::string& method = "GET") {
    Http1Parser parser{ParserLimits()};
    size_t consumed = 0;
    EXPECT_EQ(parser.feed(method + " / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n", consumed),
              Http1Parser::Event::kHeadDone);
    return apply_byte_range(parser.head(), 10, kNow, fields, headers);
  }
  std::string shown() const {
    std::string text;
    ipc::HeaderBlockReader reader(fields.headers);
    ipc::HeaderLine line;
    uint32_t count = 0;
    for (; reader.next(line); ++count) text.append(line.name).append("=").append(line.value).append(";");
    EXPECT_EQ(count, fields.header_count);
    return text;
  }
};

TEST(ReplyRange, APart) {
  RangedReply reply;
  reply.header("Content-Type", "text/plain");
  reply.header("content-RANGE", "of the script");
  EXPECT_EQ(reply.apply("Range: bytes=20-100\r\n").answer, Answer::kPart);
  EXPECT_EQ(reply.fields.status, 206);
  EXPECT_EQ(reply.fields.body_offset, 120u);
  EXPECT_EQ(reply.fields.body_bytes, 6u);
  EXPECT_EQ(reply.shown(), "Content-Type=text/plain;Content-Range=bytes 20-25/26;");
}

TEST(ReplyRange, TheCapIsOffWhenTheScriptSaysSo) {
  RangedReply capped;
  capped.apply("Range: bytes=2-\r\n");
  EXPECT_EQ(capped.fields.body_bytes, 10u);
  RangedReply free;
  free.fields.flags |= ipc::kReplyNoRangeCap;
  free.apply("Range: bytes=2-\r\n");
  EXPECT_EQ(free.fields.body_bytes, 24u);
}

TEST(ReplyRange, UnsatisfiableChangesNothing) {
  RangedReply reply;
  EXPECT_EQ(reply.apply("Range: bytes=26-\r\n").answer, Answer::kUnsatisfiable);
  EXPECT_EQ(reply.fields.status, 200);
  EXPECT_EQ(reply.fields.body_bytes, 26u);
}

TEST(ReplyRange, OnlyWholeFilesHaveParts) {
  RangedReply data;
  data.fields.flags = 0;
  EXPECT_EQ(data.apply("Range: bytes=0-4\r\n").answer, Answer::kWhole);
  RangedReply other_status;
  other_status.fields.status = 404;
  EXPECT_EQ(other_status.apply("Range: bytes=0-4\r\n").answer, Answer::kWhole);
  EXPECT_EQ(other_status.fields.status, 404);
  RangedReply posted;
  EXPECT_EQ(posted.apply("Range: bytes=0-4\r\n", "POST").answer, Answer::kWhole);
}

TEST(ReplyRange, IfRangeMeansTheScriptsValidators) {
  for (const auto& [condition, answer] :
       std::initializer_list<std::pair<std::string, Answer>>{{"\"v1\"", Answer::kPart},
                                                             {"\"v2\"", Answer::kWhole},
                                                             {"Sun, 06 Nov 1994 08:49:37 GMT", Answer::kPart},
                                                             {"Sun, 06 Nov 1994 08:49:38 GMT", Answer::kWhole}}) {
    RangedReply reply;
    reply.header("etag", "\"v1\"");
    reply.header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(reply.apply("Range: bytes=0-4\r\nIf-Range: " + condition + "\r\n").answer, answer) << condition;
  }
  RangedReply without;
  EXPECT_EQ(without.apply("Range: bytes=0-4\r\nIf-Range: \"v1\"\r\n").answer, Answer::kWhole);
}

// It stays as it is, for append_reply_head to refuse.
TEST(ReplyRange, ABrokenHeaderBlockIsNotMended) {
  RangedReply reply;
  reply.block.assign("\xff\xff\xff\xff garbage");
  reply.fields.headers = reply.block;
  EXPECT_EQ(reply.apply("Range: bytes=0-4\r\nIf-Range: \"v1\"\r\n").answer, Answer::kWhole);
  EXPECT_EQ(reply.apply("Range: bytes=0-4\r\n").answer, Answer::kWhole);
  EXPECT_EQ(reply.fields.headers, reply.block);
  EXPECT_EQ(reply.fields.status, 200);
}

}  // namespace
}  // namespace ravelin::frontend
