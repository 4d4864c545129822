#include "frontend/http_date.h"

#include <gtest/gtest.h>
#include <time.h>

#include <random>

namespace ravelin::frontend {
namespace {

constexpr int64_t kExample = 784111777;  // the date that RFC 9110 uses
constexpr int64_t kNow = 1'700'000'000;  // 2023

std::string format(int64_t seconds) {
  std::string text;
  append_http_date(text, seconds);
  return text;
}

TEST(HttpDate, Format) {
  EXPECT_EQ(format(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(format(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(format(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(HttpDate, AgreesWithTheSystemAndReadsItself) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    auto seconds = std::uniform_int_distribution<int64_t>(-60'000'000'000, 250'000'000'000)(random);
    time_t t = seconds;
    tm parts;
    gmtime_r(&t, &parts);
    char expected[64];
    snprintf(expected, sizeof expected, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
             &"SunMonTueWedThuFriSat"[parts.tm_wday * 3], parts.tm_mday,
             &"JanFebMarAprMayJunJulAugSepOctNovDec"[parts.tm_mon * 3], parts.tm_year + 1900, parts.tm_hour,
             parts.tm_min, parts.tm_sec);
    ASSERT_EQ(format(seconds), expected);
    ASSERT_EQ(parse_http_date(expected, kNow), seconds) << expected;
  }
}

TEST(HttpDate, ReadsTheOldForms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", kNow), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov 16 08:49:37 1994", kNow), kExample + 10 * 86400);
  EXPECT_EQ(format(*parse_http_date("Sunday, 06-Nov-40 08:49:37 GMT", kNow)).substr(12, 4), "2040");
  EXPECT_EQ(format(*parse_http_date("Sunday, 06-Nov-99 08:49:37 GMT", kNow)).substr(12, 4), "1999");
}

TEST(HttpDate, RefusesOtherThings) {
  for (const char* text :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 19x4 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT;", "Sun, 06 Nov 1994 08:49:3"})
    EXPECT_FALSE(parse_http_date(text, kNow).has_value()) << text;
}

TEST(DateCache, ALinePerSecond) {
  DateCache cache;
  EXPECT_EQ(cache.line_at(kExample), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  const char* first = cache.line_at(kExample).data();
  EXPECT_EQ(cache.line_at(kExample).data(), first);
  EXPECT_EQ(cache.line_at(kExample + 1), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  EXPECT_TRUE(cache.line().starts_with("Date: "));
}

}  // namespace
}  // namespace ravelin::frontend
