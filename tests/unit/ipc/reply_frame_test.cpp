#include "ipc/reply_frame.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/bytes.h"
#include "common/limits.h"
#include "ipc/header_block.h"
#include "ipc/message_table.h"

namespace ravelin::ipc {
namespace {

const std::string& sample_headers() {
  static const std::string block = [] {
    std::string lines;
    append_header_line(lines, "Content-Type", "text/html");
    append_header_line(lines, "x-thing", "");
    return lines;
  }();
  return block;
}

ReplyFields sample() {
  ReplyFields fields;
  fields.status = 418;
  fields.flags = kReplyHasDate | kReplyClose;
  fields.header_count = 2;
  fields.headers = sample_headers();
  fields.body_offset = 4096;
  fields.body_bytes = 10'000'000;
  fields.inline_body = std::string_view("<p>\0</p>", 8);
  return fields;
}

std::string encoded(const ReplyFields& fields, bool body_in_descriptor) {
  std::string payload;
  encode_reply(payload, fields, body_in_descriptor);
  return payload;
}

void expect_equal_heads(const ReplyFields& left, const ReplyFields& right) {
  EXPECT_EQ(left.status, right.status);
  EXPECT_EQ(left.flags, right.flags);
  EXPECT_EQ(left.header_count, right.header_count);
  EXPECT_EQ(left.headers, right.headers);
}

// A payload of the fixed fields alone, for lengths that encode_reply() would never write.
std::string raw_reply(uint32_t header_count, uint32_t header_bytes, uint64_t body_offset, uint64_t body_bytes,
                      std::string_view rest = "") {
  std::string payload;
  ByteWriter writer(payload);
  writer.number(uint16_t{200});
  writer.number(uint16_t{0});
  writer.number(header_count);
  writer.number(header_bytes);
  writer.number(uint32_t{0});
  writer.number(body_offset);
  writer.number(body_bytes);
  writer.raw(rest);
  return payload;
}

TEST(ReplyFrame, RoundTripWithAnInlineBody) {
  std::string payload = encoded(sample(), false);
  auto back = decode_reply(payload, false);
  ASSERT_TRUE(back) << back.error().message;
  expect_equal_heads(back.value(), sample());
  EXPECT_EQ(back.value().inline_body, sample().inline_body);
  EXPECT_EQ(back.value().body_bytes, 8u);
  EXPECT_EQ(back.value().body_offset, 0u);
}

TEST(ReplyFrame, RoundTripWithTheBodyInADescriptor) {
  std::string payload = encoded(sample(), true);
  auto back = decode_reply(payload, true);
  ASSERT_TRUE(back) << back.error().message;
  expect_equal_heads(back.value(), sample());
  EXPECT_EQ(back.value().inline_body, "");
  EXPECT_EQ(back.value().body_offset, 4096u);
  EXPECT_EQ(back.value().body_bytes, 10'000'000u);
}

TEST(ReplyFrame, TheSmallestReplyIsTheSmallestFrame) {
  std::string payload = encoded(ReplyFields{}, false);
  EXPECT_EQ(payload.size(), kReplyFixedBytes);
  EXPECT_EQ(payload.size(), find_rule(static_cast<uint8_t>(FrameType::kReply))->min_payload);
  auto back = decode_reply(payload, false);
  ASSERT_TRUE(back);
  EXPECT_EQ(back.value().status, 200);
}

TEST(ReplyFrame, TheLargestReplyFitsInAFrame) {
  EXPECT_LE(kReplyFixedBytes + limits::kMaxReplyHeadBytes + limits::kMaxInlineBody,
            find_rule(static_cast<uint8_t>(FrameType::kReply))->max_payload);
}

TEST(ReplyFrame, EncodingAppends) {
  std::string payload = "frame header";
  encode_reply(payload, sample(), false);
  EXPECT_EQ(payload, "frame header" + encoded(sample(), false));
}

TEST(ReplyFrame, EveryTruncationFails) {
  for (bool in_descriptor : {false, true}) {
    const std::string payload = encoded(sample(), in_descriptor);
    for (size_t cut = 0; cut < payload.size(); ++cut)
      ASSERT_FALSE(decode_reply(std::string_view(payload).substr(0, cut), in_descriptor)) << cut;
  }
}

TEST(ReplyFrame, BytesBehindTheEndFail) {
  for (bool in_descriptor : {false, true})
    EXPECT_FALSE(decode_reply(encoded(sample(), in_descriptor) + "x", in_descriptor));
}

TEST(ReplyFrame, TheBodyIsWhereTheFrameSaysItIs) {
  EXPECT_FALSE(decode_reply(encoded(sample(), false), true));
  EXPECT_FALSE(decode_reply(encoded(sample(), true), false));
}

TEST(ReplyFrame, HeaderLinesAreBounded) {
  const std::string block(limits::kMaxReplyHeadBytes, 'h');
  EXPECT_TRUE(decode_reply(raw_reply(limits::kMaxReplyHeaders, limits::kMaxReplyHeadBytes, 0, 0, block), false));
  auto too_many = decode_reply(raw_reply(limits::kMaxReplyHeaders + 1, 0, 0, 0), false);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().code, ErrorCode::kTooLarge);
  auto too_long = decode_reply(raw_reply(1, limits::kMaxReplyHeadBytes + 1, 0, 0, block + "h"), false);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::kTooLarge);
}

TEST(ReplyFrame, BodiesAreBounded) {
  constexpr uint64_t kMost = limits::kMaxReplyBodyBytes;
  EXPECT_TRUE(decode_reply(raw_reply(0, 0, kMost, kMost), true));
  EXPECT_FALSE(decode_reply(raw_reply(0, 0, 0, kMost + 1), true));
  EXPECT_FALSE(decode_reply(raw_reply(0, 0, kMost + 1, 0), true));
  EXPECT_FALSE(decode_reply(raw_reply(0, 0, ~uint64_t{0}, 2), true)) << "offset and size together overflow";
  EXPECT_FALSE(decode_reply(raw_reply(0, 0, 1, ~uint64_t{0}), true));
}

TEST(ReplyFrame, LengthsThatLieFail) {
  EXPECT_FALSE(decode_reply(raw_reply(0, 5, 0, 0, "four"), false));
  EXPECT_FALSE(decode_reply(raw_reply(0, 4, 0, 1, "four"), false));
  EXPECT_FALSE(decode_reply(raw_reply(0, 3, 0, 0, "four"), false));
  EXPECT_FALSE(decode_reply(raw_reply(0, 0xffffffff, 0, 0, "four"), false));
  EXPECT_FALSE(decode_reply(raw_reply(0, 0, 0, ~uint64_t{0}, "four"), false));
  EXPECT_TRUE(decode_reply(raw_reply(0, 3, 0, 1, "four"), false));
}

TEST(ReplyFrame, RandomFixedFieldsNeverReadOutside) {
  std::mt19937 random(5);
  const std::string good = encoded(sample(), false);
  for (int round = 0; round < 20'000; ++round) {
    std::string payload = good;
    size_t offset = random() % kReplyFixedBytes;
    payload[offset] = static_cast<char>(random());
    payload[(offset + 4) % kReplyFixedBytes] = static_cast<char>(random() % 3);
    auto back = decode_reply(payload, round % 2 == 0);
    if (back) {
      EXPECT_LE(std::string(back.value().headers).size() + std::string(back.value().inline_body).size(),
                payload.size());
    }
  }
}

}  // namespace
}  // namespace ravelin::ipc
