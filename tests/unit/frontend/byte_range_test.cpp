#include "frontend/byte_range.h"

#include <gtest/gtest.h>

namespace ravelin::frontend {
namespace {

constexpr int64_t kNow = 1'700'000'000;
constexpr int64_t kModified = 784111777;
const std::string kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string kHuge = "99999999999999999999999999";  // more than 64 bits

// "whole", "none", or "offset+bytes".
std::string shown(const ByteRange& range) {
  if (range.answer == ByteRange::Answer::kWhole) return "whole";
  if (range.answer == ByteRange::Answer::kUnsatisfiable) return "none";
  return std::to_string(range.offset) + "+" + std::to_string(range.bytes);
}

struct Row {
  std::string value;
  std::string answer;
};

void expect_rows(uint64_t size, uint64_t open_cap, const std::vector<Row>& rows) {
  for (const Row& row : rows)
    EXPECT_EQ(shown(parse_byte_range(row.value, size, open_cap)), row.answer) << row.value << " of " << size;
}

TEST(ByteRange, TableOfTheReference) {
  expect_rows(26, 8388608,
              {{"bytes=0-4", "0+5"},
               {"bytes=5-", "5+21"},
               {"bytes=20-100", "20+6"},
               {"bytes=0-0", "0+1"},
               {"bytes=-5", "21+5"},
               {"bytes=10-5", "whole"},
               {"bytes=26-", "none"},
               {"bytes=30-40", "none"},
               {"bytes=0-2,5-6", "whole"},
               {"bytes=abc", "whole"},
               {"lines=0-1", "whole"}});
}

TEST(ByteRange, WhatIsWellFormed) {
  expect_rows(26, 0,
              {{"bytes=25-25", "25+1"},
               {"bytes=0-25", "0+26"},
               {"bytes=0-", "0+26"},
               {"bytes=-26", "0+26"},
               {"bytes=-100", "0+26"},
               {"bytes=-0", "none"},
               {"bytes=007-0008", "7+2"},
               {"BYTES=1-2", "1+2"},
               {"bytes=1-2,", "1+2"},
               {"bytes=, ,1-2 ,", "1+2"},
               {"bytes=30-40,1-2", "whole"},
               {"bytes=26-26", "none"},
               {"bytes=0-2,30-40", "whole"},
               {"bytes=40-30", "whole"}});
}

TEST(ByteRange, WhatIsNot) {
  for (const char* value : {"",
                            "bytes",
                            "bytes=",
                            "bytes=-",
                            "bytes=,",
                            "bytes=--5",
                            "bytes=1--2",
                            "bytes=1-2-3",
                            "bytes=+1-2",
                            "bytes=1-+2",
                            "bytes=0x1-2",
                            "bytes=1 - 2",
                            "bytes=1- 2",
                            "bytes=1.5-2",
                            "bytes =1-2",
                            " bytes=1-2",
                            "bytes:1-2",
                            "bytes=1-2;q=1",
                            "bytes=1-b",
                            "bytes=a-2",
                            "bytes=-b",
                            "=1-2",
                            "1-2",
                            "bytes=1",
                            "byte=1-2",
                            "bytes=bytes=1-2",
                            "none",
                            "bytes=1_0-20",
                            "bytes=\xC2\xB9-2"})
    EXPECT_EQ(shown(parse_byte_range(value, 26, 0)), "whole") << value;
  EXPECT_EQ(shown(parse_byte_range(std::string_view("bytes=0\0-4", 10), 26, 0)), "whole");
}

TEST(ByteRange, HugeNumbers) {
  const std::string most = "18446744073709551615";
  const std::string one_more = "18446744073709551616";
  expect_rows(26, 0,
              {{"bytes=0-" + kHuge, "0+26"},
               {"bytes=-" + kHuge, "0+26"},
               {"bytes=" + kHuge + "-", "none"},
               {"bytes=" + kHuge + "-" + kHuge, "none"},
               {"bytes=" + kHuge + "-5", "whole"},
               {"bytes=0-" + most, "0+26"},
               {"bytes=" + most + "-", "none"},
               {"bytes=" + most + "-" + one_more, "none"},
               {"bytes=-" + one_more, "0+26"},
               {"bytes=0-" + std::string(60'000, '9'), "0+26"}});
  EXPECT_EQ(shown(parse_byte_range("bytes=0-" + most, UINT64_MAX, 0)), "0+" + most);
}

TEST(ByteRange, EmptyBody) {
  expect_rows(0, 8388608, {{"bytes=0-", "none"}, {"bytes=0-0", "none"}, {"bytes=-5", "whole"}, {"bytes=-0", "none"}});
}

TEST(ByteRange, OnlyOpenRangesAreCapped) {
  expect_rows(1000, 100,
              {{"bytes=0-", "0+100"},
               {"bytes=899-", "899+100"},
               {"bytes=950-", "950+50"},
               {"bytes=999-", "999+1"},
               {"bytes=0-499", "0+500"},
               {"bytes=0-" + kHuge, "0+1000"},
               {"bytes=-500", "500+500"}});
  expect_rows(20 * 1024 * 1024, 8388608, {{"bytes=0-", "0+8388608"}});
}

TEST(IfRange, NeedsAStrongMatch) {
  const struct {
    std::string value, etag;
    std::optional<int64_t> modified;
    bool holds;
  } rows[] = {
      {"\"a\"", "\"a\"", kModified, true},
      {"\"b\"", "\"a\"", kModified, false},
      {"W/\"a\"", "\"a\"", kModified, false},
      {"W/\"a\"", "W/\"a\"", kModified, false},
      {"\"a\"", "W/\"a\"", kModified, false},
      {"\"a\"", "", std::nullopt, false},
      {"\"a\", \"b\"", "\"a\"", kModified, false},
      {"*", "\"a\"", kModified, false},
      {"", "", std::nullopt, false},
      {kDate, "\"a\"", kModified, true},
      {"Sunday, 06-Nov-94 08:49:37 GMT", "", kModified, true},
      {kDate, "", kModified + 1, false},
      {kDate, "", kModified - 1, false},  // not "since": it must be the same
      {kDate, "", std::nullopt, false},
      {"yesterday", "", std::nullopt, false},
      {"yesterday", "", kModified, false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(if_range_holds(row.value, {row.etag, row.modified}, kNow), row.holds) << row.value << " " << row.etag;
}

TEST(IfRange, ADateOfThisSecondIsWeak) {
  EXPECT_FALSE(if_range_holds(kDate, {"", kModified}, kModified));
  EXPECT_FALSE(if_range_holds(kDate, {"", kModified}, kModified + 1));
  EXPECT_TRUE(if_range_holds(kDate, {"", kModified}, kModified + 2));
}

std::string chosen(const std::string& method, const std::string& lines) {
  Http1Parser parser{ParserLimits()};
  size_t consumed = 0;
  EXPECT_EQ(parser.feed(method + " / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n", consumed),
            Http1Parser::Event::kHeadDone);
  return shown(choose_byte_range(parser.head(), {"\"a\"", kModified}, kNow, 26, 10));
}

TEST(ByteRange, OfARequest) {
  EXPECT_EQ(chosen("GET", ""), "whole");
  EXPECT_EQ(chosen("GET", "Range: bytes=0-4\r\n"), "0+5");
  EXPECT_EQ(chosen("GET", "range:  bytes=5- \r\n"), "5+10");
  EXPECT_EQ(chosen("GET", "Range:\r\n"), "whole");
  EXPECT_EQ(chosen("GET", "Range: bytes=30-\r\n"), "none");
  for (const char* method : {"HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
    EXPECT_EQ(chosen(method, "Range: bytes=0-4\r\n"), "whole") << method;
}

TEST(ByteRange, OfARequestWithIfRange) {
  EXPECT_EQ(chosen("GET", "Range: bytes=0-4\r\nIf-Range: \"a\"\r\n"), "0+5");
  EXPECT_EQ(chosen("GET", "Range: bytes=0-4\r\nIf-Range: \"b\"\r\n"), "whole");
  EXPECT_EQ(chosen("GET", "Range: bytes=30-\r\nIf-Range: \"b\"\r\n"), "whole");
  EXPECT_EQ(chosen("GET", "Range: bytes=0-4\r\nIf-Range: " + kDate + "\r\n"), "0+5");
  EXPECT_EQ(chosen("GET", "If-Range: \"a\"\r\n"), "whole");
}

TEST(ByteRange, ContentRange) {
  EXPECT_EQ(content_range(parse_byte_range("bytes=0-4", 26, 0), 26), "bytes 0-4/26");
  EXPECT_EQ(content_range(parse_byte_range("bytes=-1", 26, 0), 26), "bytes 25-25/26");
  EXPECT_EQ(content_range(parse_byte_range("bytes=26-", 26, 0), 26), "bytes */26");
  EXPECT_EQ(content_range(parse_byte_range("bytes=0-", 0, 0), 0), "bytes */0");
}

}  // namespace
}  // namespace ravelin::frontend
