#include "common/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace ravelin {
namespace {

TEST(Bytes, NumbersAreLittleEndian) {
  std::string out;
  ByteWriter writer(out);
  writer.number(uint8_t{0x01});
  writer.number(uint16_t{0x0302});
  writer.number(uint32_t{0x07060504});
  writer.number(uint64_t{0x0f0e0d0c0b0a0908});
  EXPECT_EQ(out, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f");
  EXPECT_EQ(writer.size(), 15u);
}

TEST(Bytes, ReaderGivesBackWhatTheWriterWrote) {
  std::string out;
  ByteWriter writer(out);
  writer.number(std::numeric_limits<uint64_t>::max());
  writer.number(int32_t{-5});
  writer.string("text");
  writer.string("");
  writer.raw(std::string_view("a\0b", 3));
  writer.string(std::string_view("\0", 1));

  ByteReader reader(out);
  EXPECT_EQ(reader.number<uint64_t>(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(reader.number<int32_t>(), -5);
  EXPECT_EQ(reader.string(), "text");
  EXPECT_EQ(reader.string(), "");
  EXPECT_EQ(reader.raw(3), std::string_view("a\0b", 3));
  EXPECT_FALSE(reader.at_end());
  EXPECT_EQ(reader.string(), std::string_view("\0", 1));
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.at_end());
}

TEST(Bytes, WriterAppendsAndPatches) {
  std::string out = "before";
  ByteWriter writer(out);
  size_t at = writer.size();
  writer.number(uint32_t{0});
  writer.raw("tail");
  writer.patch(at, uint32_t{0x44434241});
  EXPECT_EQ(out, "beforeABCDtail");
}

TEST(Bytes, ReadingPastTheEndFailsForGood) {
  ByteReader reader("abc");
  EXPECT_EQ(reader.number<uint32_t>(), 0u);
  EXPECT_FALSE(reader.ok());
  // The three bytes that were there are not given out either: a decoder must not go on with half a record.
  EXPECT_EQ(reader.number<uint8_t>(), 0u);
  EXPECT_EQ(reader.raw(1), "");
  EXPECT_EQ(reader.string(), "");
  EXPECT_EQ(reader.rest(), "");
  EXPECT_TRUE(reader.at_end());
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, RawAndStringCheckTheirLength) {
  ByteReader raw("abc");
  EXPECT_EQ(raw.raw(3), "abc");
  EXPECT_EQ(raw.raw(0), "");
  EXPECT_TRUE(raw.ok());
  EXPECT_EQ(raw.raw(1), "");
  EXPECT_FALSE(raw.ok());

  ByteReader huge(std::string_view("\xff\xff\xff\xff text", 9));
  EXPECT_EQ(huge.string(), "");
  EXPECT_FALSE(huge.ok());

  ByteReader whole("abc");
  EXPECT_EQ(whole.raw(std::numeric_limits<size_t>::max()), "");
  EXPECT_FALSE(whole.ok());
}

TEST(Bytes, RestTakesEverything) {
  ByteReader reader(std::string_view("\x05tail", 5));
  EXPECT_EQ(reader.number<uint8_t>(), 5u);
  EXPECT_EQ(reader.rest(), "tail");
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(reader.rest(), "");
  EXPECT_TRUE(reader.ok());
}

TEST(Bytes, ViewsPointIntoTheInput) {
  std::string input("\x02\0\0\0hi", 6);
  ByteReader reader(input);
  EXPECT_EQ(reader.string().data(), input.data() + 4);
}

}  // namespace
}  // namespace ravelin
