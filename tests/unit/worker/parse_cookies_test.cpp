#include "worker/parse_cookies.h"

#include <gtest/gtest.h>

#include <string>

#include "worker/format_utf8.h"
#include "worker/js_heap.h"

namespace ravelin::worker {
namespace {

// Server-details 8.3.
TEST(ParseCookies, Table) {
  struct Row {
    const char* header;
    const char* json;
  } rows[] = {
      {"", "{}"},
      {"mycookie=cookietext", R"({"mycookie":"cookietext"})"},
      {"a=1; b=2;c=3 ;  d=4", R"({"a":"1","b":"2","c":"3","d":"4"})"},
      {"a=b=c", R"({"a":"b=c"})"},
      {"enc=%41+b", R"({"enc":"A b"})"},
      {"%41=1", R"({"%41":"1"})"},
      {"empty=", R"({"empty":""})"},
      {"a=1; a=2", R"({"a":"2"})"},
      {"a=1; bare; b=2", R"({"a":"1","b":"2"})"},
      {"bare", "{}"},
      {";;; ;", "{}"},
      {"q=\"x y\"", R"({"q":"\"x y\""})"},
      {"__proto__=1; toString=2", R"({"__proto__":"1","toString":"2"})"},
      {"x=%FF", "{\"x\":\"\xEF\xBF\xBD\"}"},
  };
  JsHeap heap;
  duk_context* js = heap.js();
  for (const Row& row : rows) {
    push_cookies_object(js, row.header);
    duk_json_encode(js, -1);
    EXPECT_EQ(engine_text(js, -1), row.json) << row.header;
    duk_pop(js);
    EXPECT_EQ(duk_get_top(js), 0);
  }
}

TEST(ParseCookies, PairsAreViewsOfTheHeader) {
  std::string_view header = " a = 1 ; b";
  CookiePair pair;
  ASSERT_TRUE(next_cookie(header, pair));
  EXPECT_EQ(pair.name, "a");
  EXPECT_EQ(pair.value, "1");
  EXPECT_FALSE(next_cookie(header, pair));
  EXPECT_TRUE(header.empty());
}

}  // namespace
}  // namespace ravelin::worker
