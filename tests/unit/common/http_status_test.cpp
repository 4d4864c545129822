#include "common/http_status.h"

#include <gtest/gtest.h>

namespace ravelin {
namespace {

size_t count(const std::string& text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(HttpStatus, RegisteredPhrases) {
  const std::pair<int, std::string_view> rows[] = {
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  };
  for (const auto& [status, phrase] : rows) EXPECT_EQ(reason_phrase(status), phrase) << status;
}

TEST(HttpStatus, UnregisteredCodesGetTheirClass) {
  EXPECT_EQ(reason_phrase(199), "Informational");
  EXPECT_EQ(reason_phrase(299), "Success");
  EXPECT_EQ(reason_phrase(399), "Redirection");
  EXPECT_EQ(reason_phrase(499), "Client Error");
  EXPECT_EQ(reason_phrase(599), "Server Error");
}

TEST(HttpStatus, PhrasesCanStandInAStatusLine) {
  for (int status = 100; status < 1000; ++status) {
    std::string_view phrase = reason_phrase(status);
    EXPECT_FALSE(phrase.empty()) << status;
    for (char c : phrase) EXPECT_TRUE(c >= ' ' && c <= '~') << status;
  }
}

TEST(ErrorPage, HasOneHeadingAndOneParagraph) {
  for (int status = 400; status < 600; ++status) {
    std::string page = error_page(status);
    EXPECT_EQ(count(page, "<h1>"), 1u) << status;
    EXPECT_EQ(count(page, "<p>"), 1u) << status;
    EXPECT_EQ(count(page, "<pre>"), 0u) << status;
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>")) << status;
    EXPECT_TRUE(page.ends_with("</html>\n")) << status;
    EXPECT_EQ(count(page, "<p></p>"), 0u) << "no default sentence for " << status;
  }
  std::string page = error_page(404);
  EXPECT_EQ(count(page, "<title>404 Not Found</title>"), 1u);
  EXPECT_EQ(count(page, "<h1>Not Found</h1>"), 1u);
}

TEST(ErrorPage, EscapesWhatItIsGiven) {
  std::string page = error_page(400, "<script>alert(\"1\" & '2')</script>", "</pre><script>3</script>");
  EXPECT_EQ(count(page, "<script"), 0u);
  EXPECT_EQ(count(page, "</pre>"), 1u);
  EXPECT_EQ(count(page, "<p>&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;</p>"), 1u);
  EXPECT_EQ(count(page, "<pre>&lt;/pre&gt;&lt;script&gt;3&lt;/script&gt;</pre>"), 1u);
}

TEST(ErrorPage, DetailsAreOptional) {
  EXPECT_EQ(count(error_page(500, "", "line 1\nline 2"), "<pre>line 1\nline 2</pre>"), 1u);
  EXPECT_EQ(count(error_page(500, "only this"), "<p>only this</p>"), 1u);
}

}  // namespace
}  // namespace ravelin
