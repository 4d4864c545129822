#include "common/text.h"

#include <gtest/gtest.h>

namespace ravelin {
namespace {

std::string all_bytes() {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
  return bytes;
}

std::string decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  append_percent_decoded(out, text, plus_is_space);
  return out;
}

TEST(Text, LowersAsciiLettersOnly) {
  std::string bytes = all_bytes();
  std::string lowered = to_lower(bytes);
  for (size_t c = 0; c < 256; ++c) {
    bool capital = c >= 'A' && c <= 'Z';
    EXPECT_EQ(lowered[c], static_cast<char>(capital ? c + 32 : c)) << c;
  }
}

TEST(Text, EqualsIgnoringCase) {
  EXPECT_TRUE(equals_ignoring_case("Content-Type", "cONTENT-tYPE"));
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("a", ""));
  // Bytes that differ by 0x20 and are no letters: '@' and '`', '[' and '{', Latin-1 capitals.
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("\xC4", "\xE4"));
}

TEST(Text, HexValue) {
  std::string_view digits = "0123456789abcdef";
  for (size_t i = 0; i < digits.size(); ++i) {
    EXPECT_EQ(hex_value(digits[i]), static_cast<int>(i));
    if (i >= 10) {
      EXPECT_EQ(hex_value(static_cast<char>(digits[i] - 32)), static_cast<int>(i));
    }
  }
  for (char c : std::string_view("gG/:@`\xff\0", 8)) EXPECT_EQ(hex_value(c), -1) << c;
}

TEST(Text, PercentDecoding) {
  struct Row {
    std::string_view text, plain, form;
  };
  const Row rows[] = {
      {"", "", ""},
      {"abc", "abc", "abc"},
      {"a+b", "a+b", "a b"},
      {"%41%62%2B%2b", "Ab++", "Ab++"},
      {"%C3%A4", "\xC3\xA4", "\xC3\xA4"},
      {"%", "%", "%"},
      {"%4", "%4", "%4"},
      {"x%4", "x%4", "x%4"},
      {"%4g", "%4g", "%4g"},
      {"%g4", "%g4", "%g4"},
      {"%%41", "%A", "%A"},
      {"%2541", "%41", "%41"},
      {"%zz+%", "%zz+%", "%zz %"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(decoded(row.text, false), row.plain) << row.text;
    EXPECT_EQ(decoded(row.text, true), row.form) << row.text;
  }
  EXPECT_EQ(decoded("%00", false), std::string(1, '\0'));
}

TEST(Text, PercentDecodingAppends) {
  std::string out = "kept ";
  append_percent_decoded(out, "%41", false);
  EXPECT_EQ(out, "kept A");
}

TEST(Text, PercentEncodedPathDecodesToItself) {
  std::string bytes = all_bytes();
  std::string encoded = percent_encode_path(bytes);
  EXPECT_EQ(decoded(encoded, true), bytes);
  for (char c : encoded) {
    bool safe = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    EXPECT_TRUE(safe || std::string_view("-._~/%").find(c) != std::string_view::npos) << c;
  }
  EXPECT_EQ(percent_encode_path("/a b/\xC3\xA4?\"\r\n%"), "/a%20b/%C3%A4%3F%22%0D%0A%25");
}

TEST(Text, HtmlEscape) {
  EXPECT_EQ(html_escape("<a href=\"x\" b='y'>&amp;</a>"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
  EXPECT_EQ(html_escape(""), "");
  EXPECT_EQ(html_escape("gr\xC3\xB6\xC3\x9F"), "gr\xC3\xB6\xC3\x9F");
  for (char c : html_escape(all_bytes())) EXPECT_EQ(std::string_view("<>\"'").find(c), std::string_view::npos);
}

TEST(Text, TokenBytesAreThoseOfTheRfc) {
  // RFC 9110 5.6.2.
  std::string_view marks = "!#$%&'*+-.^_`|~";
  for (int c = 0; c < 256; ++c) {
    char byte = static_cast<char>(c);
    bool allowed = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                   marks.find(byte) != std::string_view::npos;
    EXPECT_EQ(is_token(std::string(1, byte)), allowed) << c;
    EXPECT_EQ(is_token(std::string("x") + byte), allowed) << c;
  }
  EXPECT_FALSE(is_token(""));
}

TEST(Text, FieldValuesHaveNoLineEndsOrNul) {
  for (int c = 0; c < 256; ++c) {
    std::string value = std::string("a") + static_cast<char>(c) + "b";
    EXPECT_EQ(is_field_value(value), c != 0 && c != '\r' && c != '\n') << c;
  }
  EXPECT_TRUE(is_field_value(""));
}

TEST(Text, ParseDecimal) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("0007"), 7u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  for (std::string_view bad : {"", " ", "+1", "-1", "1 ", " 1", "1.0", "0x1", "1e3", "18446744073709551616",
                               "18446744073709551620", "184467440737095516150", "99999999999999999999"})
    EXPECT_EQ(parse_decimal(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_decimal(std::string_view("1\0", 2)), std::nullopt);
  EXPECT_EQ(parse_decimal(std::string(1000, '0') + "5"), 5u);
}

TEST(Text, TrimBlanks) {
  EXPECT_EQ(trim_blanks(" \t a b\t "), "a b");
  EXPECT_EQ(trim_blanks("ab"), "ab");
  EXPECT_EQ(trim_blanks(" \t "), "");
  EXPECT_EQ(trim_blanks(""), "");
  EXPECT_EQ(trim_blanks("\r\na\v"), "\r\na\v");
}

}  // namespace
}  // namespace ravelin
