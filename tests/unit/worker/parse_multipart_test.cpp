#include "worker/parse_multipart.h"

#include <gtest/gtest.h>

#include "common/limits.h"

namespace ravelin::worker {
namespace {

std::string text_of(const std::string* value) { return value == nullptr ? "(none)" : *value; }

TEST(HeaderParameters, Table) {
  struct Row {
    const char* header;
    const char* value;
    const char* name;
    const char* parameter;
  } rows[] = {
      {"form-data; name=\"file\"", "form-data", "name", "file"},
      {" text/plain ", "text/plain", "charset", "(none)"},
      {"text/plain; charset=utf-8", "text/plain", "CHARSET", "utf-8"},
      {"a; x=1 ; y = 2 ", "a", "y", "2"},
      {"a; name=\"semi;colon\"; y=2", "a", "name", "semi;colon"},
      {"a; name=\"semi;colon\"; y=2", "a", "y", "2"},
      {"a; name=\"with \\\"quotes\\\"\"", "a", "name", "with \"quotes\""},
      {"a; name=\"C:\\dir\\\\f\"", "a", "name", "C:\\dir\\f"},
      {"a; name=\"open", "a", "name", "open"},
      {"a; name=\"", "a", "name", ""},
      {"a; name=", "a", "name", ""},
      {"a; flag; name=b", "a", "name", "b"},
      {"a;;; name=b", "a", "name", "b"},
      {"a; =b; name=c", "a", "name", "c"},
      {"a; filename*=UTF-8''na%C3%AFve.txt", "a", "filename", "na\xC3\xAFve.txt"},
      {"a; filename=\"plain\"; filename*=UTF-8'en'%e2%82%ac", "a", "filename", "\xE2\x82\xAC"},
      {"a; filename*=iso-8859-1''%E9", "a", "filename", "\xC3\xA9"},
      {"a; filename*=nonsense", "a", "filename", "nonsense"},
      {"", "", "name", "(none)"},
      {";", "", "name", "(none)"},
  };
  for (const Row& row : rows) {
    HeaderWithParameters parsed = parse_header_parameters(row.header);
    EXPECT_EQ(parsed.value, row.value) << row.header;
    EXPECT_EQ(text_of(parsed.find(row.name)), row.parameter) << row.header;
  }
}

constexpr char kManual[] =
    "------WebKitFormBoundaryB4UZ3AZ5kFBUZpR6\r\n"
    "Content-Disposition: form-data; name=\"file\"; filename=\"helloWorld.txt\"\r\n"
    "Content-Type: text/plain\r\n\r\n"
    "Hello World!\r\n"
    "------WebKitFormBoundaryB4UZ3AZ5kFBUZpR6\r\n"
    "Content-Disposition: form-data; name=\"Upload\"\r\n\r\n"
    "Upload\r\n"
    "------WebKitFormBoundaryB4UZ3AZ5kFBUZpR6--\r\n";

TEST(Multipart, ExampleOfTheManual) {
  std::vector<Part> parts = parse_multipart(kManual, "----WebKitFormBoundaryB4UZ3AZ5kFBUZpR6");
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(text_of(parts[0].name()), "file");
  EXPECT_EQ(text_of(parts[0].filename()), "helloWorld.txt");
  ASSERT_EQ(parts[0].headers.size(), 2u);
  EXPECT_EQ(parts[0].headers[1].name, "Content-Type");
  EXPECT_EQ(parts[0].headers[1].content.value, "text/plain");
  EXPECT_EQ(parts[0].content, "Hello World!");
  EXPECT_EQ(text_of(parts[1].name()), "Upload");
  EXPECT_EQ(text_of(parts[1].filename()), "(none)");
  EXPECT_EQ(parts[1].content, "Upload");
}

TEST(Multipart, EveryPrefixOfABodyIsSafe) {
  std::string body = kManual;
  for (size_t size = 0; size <= body.size(); ++size) {
    std::string prefix = body.substr(0, size);  // a buffer of its own, for the sanitizer
    for (const Part& part : parse_multipart(prefix, "----WebKitFormBoundaryB4UZ3AZ5kFBUZpR6"))
      EXPECT_LE(part.content.data() + part.content.size(), prefix.data() + prefix.size());
  }
}

std::string contents(std::string_view body, std::string_view boundary = "b") {
  std::string all;
  for (const Part& part : parse_multipart(body, boundary)) all.append("[").append(part.content).append("]");
  return all;
}

TEST(Multipart, Edges) {
  EXPECT_EQ(contents(""), "");
  EXPECT_EQ(contents("--b--\r\n"), "");
  EXPECT_EQ(contents("--b\r\nA: 1\r\n\r\nx\r\n--b--"), "[x]");
  EXPECT_EQ(contents("preamble\r\n--b\r\n\r\nx\r\n--b--\r\nepilogue"), "[x]");
  EXPECT_EQ(contents("--b\r\n\r\n\r\n--b--"), "[]");      // empty content
  EXPECT_EQ(contents("--b\r\nA: 1\r\n\r\n--b--"), "[]");  // and without its own line end
  EXPECT_EQ(contents("--b  \t\r\n\r\nx\r\n--b \r\n\r\ny\r\n--b--"), "[x][y]");
  EXPECT_EQ(contents("--b\r\n\r\nx\r\n--bc\r\n--b--"), "[x\r\n--bc]");  // another line that begins alike
  EXPECT_EQ(contents("--b\r\n\r\nno final boundary"), "[no final boundary]");
  EXPECT_EQ(contents("--b\r\n\r\nends in CR LF\r\n"), "[ends in CR LF\r\n]");
  EXPECT_EQ(contents("--b\r\nheaders do not end"), "");
  EXPECT_EQ(contents("x--b\r\n\r\ny"), "");  // not at the start of a line
  EXPECT_EQ(contents("--b\r\n\r\nx\n--b--"), "[x\n--b--]");
  EXPECT_EQ(contents("--b\r\n\r\nx\r\n--b--", ""), "");
  EXPECT_EQ(contents("--b\r\n\r\nx", std::string(300, 'b')), "");
  EXPECT_EQ(contents("--b\r\nno colon\r\n: no name\r\nA: 1\r\n\r\nx\r\n--b--"), "[x]");
}

TEST(Multipart, Limits) {
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "--b\r\n\r\nx\r\n";
  EXPECT_EQ(parse_multipart(many, "b").size(), limits::kMaxMultipartParts);
  std::string long_head = "--b\r\nA: " + std::string(limits::kMaxMultipartHeaderBytes, 'a') + "\r\n\r\nx\r\n--b--";
  EXPECT_TRUE(parse_multipart(long_head, "b").empty());
  std::string many_lines = "--b\r\n";
  for (int i = 0; i < 500; ++i) many_lines += "a:\r\n";
  std::vector<Part> parts = parse_multipart(many_lines + "\r\nx\r\n--b--", "b");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].headers.size(), 64u);
}

}  // namespace
}  // namespace ravelin::worker
