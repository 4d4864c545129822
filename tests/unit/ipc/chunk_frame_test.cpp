#include "ipc/chunk_frame.h"

#include <gtest/gtest.h>

#include <random>

namespace ravelin::ipc {
namespace {

std::string encoded(const ChunkFields& fields) {
  std::string payload;
  encode_chunk(payload, fields);
  return payload;
}

TEST(ChunkFrame, CarriesBytesAndAFileRange) {
  std::string payload = encoded({"pi\0ece", 0, 0});
  auto inline_only = decode_chunk(payload, false);
  ASSERT_TRUE(inline_only);
  EXPECT_EQ(inline_only.value().inline_bytes, "pi\0ece");
  payload = encoded({"", 5, 7});
  auto file_only = decode_chunk(payload, true);
  ASSERT_TRUE(file_only);
  EXPECT_EQ(file_only.value().file_offset, 5u);
  EXPECT_EQ(file_only.value().file_bytes, 7u);
  payload = encoded({"head", 0, limits::kMaxReplyBodyBytes});
  auto both = decode_chunk(payload, true);
  ASSERT_TRUE(both);
  EXPECT_EQ(both.value().inline_bytes, "head");
}

TEST(ChunkFrame, RefusesWhatNoPieceMayBe) {
  EXPECT_FALSE(decode_chunk(encoded({"", 0, 0}), false)) << "an empty chunk would end the body";
  EXPECT_FALSE(decode_chunk(encoded({"", 0, 0}), true));
  EXPECT_FALSE(decode_chunk(encoded({"x", 0, 1}), false)) << "a range without a file";
  EXPECT_FALSE(decode_chunk(encoded({"x", 0, 0}), true)) << "a file without a range";
  EXPECT_FALSE(decode_chunk(encoded({"x", limits::kMaxReplyBodyBytes + 1, 1}), true));
  EXPECT_FALSE(decode_chunk(encoded({"x", 0, limits::kMaxReplyBodyBytes + 1}), true));
  EXPECT_FALSE(decode_chunk(encoded({"x", 0, UINT64_MAX}), true));
  EXPECT_FALSE(decode_chunk("too short", false));
}

TEST(ChunkFrame, RandomBytesNeverReachOutside) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string payload(random() % 40, '\0');
    for (char& byte : payload) byte = static_cast<char>(random() % 3 == 0 ? random() : 0);
    auto fields = decode_chunk(payload, i % 2 == 0);
    if (!fields || fields.value().inline_bytes.empty()) continue;
    EXPECT_EQ(fields.value().inline_bytes.data() + fields.value().inline_bytes.size(), payload.data() + payload.size());
  }
}

}  // namespace
}  // namespace ravelin::ipc
