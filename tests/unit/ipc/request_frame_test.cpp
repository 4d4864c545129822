#include "ipc/request_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "common/limits.h"
#include "ipc/header_block.h"
#include "ipc/message_table.h"

namespace ravelin::ipc {
namespace {

const std::string& sample_headers() {
  static const std::string block = [] {
    std::string lines;
    append_header_line(lines, "Host", "example.org");
    append_header_line(lines, "X-Thing", "1");
    return lines;
  }();
  return block;
}

RequestFields sample() {
  RequestFields fields;
  fields.route = 12;
  fields.version_minor = 0;
  fields.secure = true;
  fields.peer_port = 54321;
  fields.peer_ip = "2001:db8::1";
  fields.method = "POST";
  fields.path = "/a/./b%20c";
  fields.query = "x=1&y=%00";
  fields.matched_path = "/a/b c";
  fields.host = "example.org:8080";
  fields.fs_path = "/srv/html/a/";
  fields.headers = sample_headers();
  fields.header_count = 2;
  fields.body_bytes = 123456;
  fields.inline_body = std::string_view("body\0with\r\nanything", 19);
  return fields;
}

std::string encoded(const RequestFields& fields, bool body_in_descriptor) {
  std::string payload;
  encode_request(payload, fields, body_in_descriptor);
  return payload;
}

void expect_equal_heads(const RequestFields& left, const RequestFields& right) {
  EXPECT_EQ(left.route, right.route);
  EXPECT_EQ(left.version_minor, right.version_minor);
  EXPECT_EQ(left.secure, right.secure);
  EXPECT_EQ(left.peer_port, right.peer_port);
  EXPECT_EQ(left.peer_ip, right.peer_ip);
  EXPECT_EQ(left.method, right.method);
  EXPECT_EQ(left.path, right.path);
  EXPECT_EQ(left.query, right.query);
  EXPECT_EQ(left.matched_path, right.matched_path);
  EXPECT_EQ(left.host, right.host);
  EXPECT_EQ(left.fs_path, right.fs_path);
  EXPECT_EQ(left.headers, right.headers);
  EXPECT_EQ(left.header_count, right.header_count);
}

TEST(RequestFrame, RoundTripWithAnInlineBody) {
  RequestFields fields = sample();
  std::string payload = encoded(fields, false);
  auto back = decode_request(payload, false);
  ASSERT_TRUE(back) << back.error().message;
  expect_equal_heads(back.value(), fields);
  EXPECT_EQ(back.value().inline_body, fields.inline_body);
  EXPECT_EQ(back.value().body_bytes, fields.inline_body.size()) << "the size of the body that is there";
}

TEST(RequestFrame, RoundTripWithTheBodyInADescriptor) {
  RequestFields fields = sample();
  std::string payload = encoded(fields, true);
  auto back = decode_request(payload, true);
  ASSERT_TRUE(back) << back.error().message;
  expect_equal_heads(back.value(), fields);
  EXPECT_EQ(back.value().inline_body, "");
  EXPECT_EQ(back.value().body_bytes, 123456u);
}

TEST(RequestFrame, ViewsPointIntoThePayload) {
  std::string payload = encoded(sample(), false);
  auto back = decode_request(payload, false);
  ASSERT_TRUE(back);
  for (std::string_view view :
       {back.value().peer_ip, back.value().path, back.value().headers, back.value().inline_body}) {
    EXPECT_GE(view.data(), payload.data());
    EXPECT_LE(view.data() + view.size(), payload.data() + payload.size());
  }
}

TEST(RequestFrame, EncodingAppends) {
  std::string payload = "frame header";
  encode_request(payload, sample(), false);
  EXPECT_EQ(payload, "frame header" + encoded(sample(), false));
}

TEST(RequestFrame, SpecialRoutesAreNoIndexes) {
  for (uint32_t route : {kRouteNotFound, kRouteDirectory, 0u, 0x7fffffffu}) {
    RequestFields fields = sample();
    fields.route = route;
    std::string payload = encoded(fields, false);
    auto back = decode_request(payload, false);
    ASSERT_TRUE(back);
    EXPECT_EQ(back.value().route, route);
  }
}

TEST(RequestFrame, EveryTruncationFails) {
  for (bool in_descriptor : {false, true}) {
    const std::string payload = encoded(sample(), in_descriptor);
    for (size_t cut = 0; cut < payload.size(); ++cut) {
      auto back = decode_request(std::string_view(payload).substr(0, cut), in_descriptor);
      ASSERT_FALSE(back) << cut;
      EXPECT_EQ(back.error().code, ErrorCode::kInvalid);
    }
  }
}

TEST(RequestFrame, BytesBehindTheEndFail) {
  for (bool in_descriptor : {false, true})
    EXPECT_FALSE(decode_request(encoded(sample(), in_descriptor) + "x", in_descriptor));
}

TEST(RequestFrame, TheBodyIsWhereTheFrameSaysItIs) {
  std::string inline_body = encoded(sample(), false), in_descriptor = encoded(sample(), true);
  EXPECT_FALSE(decode_request(inline_body, true)) << "an inline body behind a frame with a descriptor";
  EXPECT_FALSE(decode_request(in_descriptor, false)) << "no descriptor, and no body in the frame";
}

TEST(RequestFrame, WrongLengthsNeverReadOutside) {
  const std::string good = encoded(sample(), false);
  std::mt19937 random(3);
  for (size_t offset = 0; offset < 64; ++offset) {
    for (int round = 0; round < 200; ++round) {
      std::string payload = good;
      for (size_t i = offset; i < std::min(offset + 4, payload.size()); ++i) payload[i] = static_cast<char>(random());
      auto back = decode_request(payload, false);
      if (!back) continue;
      size_t total = 0;
      for (std::string_view view :
           {back.value().peer_ip, back.value().method, back.value().path, back.value().query, back.value().matched_path,
            back.value().host, back.value().fs_path, back.value().headers, back.value().inline_body})
        total += std::string(view).size();  // reads it: the sanitizer watches
      EXPECT_LE(total, payload.size());
    }
  }
}

// `X / HTTP/1.0` from ::1: nothing in a request can be shorter.
TEST(RequestFrame, TheSmallestRequestIsNotTooShortForTheMessageTable) {
  RequestFields fields;
  fields.peer_ip = "::1";
  fields.method = "X";
  fields.path = "/";
  fields.matched_path = "/";
  FrameHeader header;
  header.type = static_cast<uint8_t>(FrameType::kRequest);
  header.payload_bytes = static_cast<uint32_t>(encoded(fields, false).size());
  EXPECT_EQ(check_header(header, Role::kFrontend), nullptr) << header.payload_bytes << " bytes";
}

TEST(RequestFrame, TheLargestRequestThatOptionsAllowFitsInAFrame) {
  const std::string line(limits::kLargestRequestLine, 'l'), body(limits::kMaxInlineBody, 'b');
  std::string headers;
  for (size_t i = 0; i < limits::kMaxHeaderCount; ++i)
    append_header_line(headers, "n", std::string(limits::kLargestHeaderBytes / limits::kMaxHeaderCount, 'v'));
  RequestFields fields = sample();
  fields.path = fields.query = fields.matched_path = fields.host = fields.fs_path = line;
  fields.headers = headers;
  fields.inline_body = body;
  EXPECT_LE(encoded(fields, false).size(), limits::kMaxFramePayload);
}

}  // namespace
}  // namespace ravelin::ipc
