// Where functions stand (their table) and the texts that are kept for toString().
#include "worker/function_sources.h"

#include <gtest/gtest.h>

#include "common/limits.h"

namespace ravelin::worker {
namespace {

std::string text_at(const FunctionSources& sources, uint32_t id, uint32_t begin, uint32_t brace) {
  const uint32_t place[3] = {id, begin, brace};
  return sources.text_of(place).value_or("none");
}

TEST(FunctionTable, FindsFunctionsByTheirEnds) {
  const std::string code(100, 'c'), source(100, 's');
  const std::string table = function_table_from_places("90,0,80,20,40,50,30,10,12", code, source);
  const auto found = find_function(table, 20);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->begin, 40u);
  EXPECT_EQ(found->end, 50u);
  EXPECT_EQ(find_function(table, 30)->begin, 10u);
  EXPECT_EQ(find_function(table, 90)->end, 80u);
  for (uint32_t end : {0u, 19u, 21u, 91u, UINT32_MAX}) EXPECT_FALSE(find_function(table, end)) << end;
  EXPECT_FALSE(find_function("", 0));
  find_function("\xFF\xFF", 5);  // cut off: no answer, no harm
}

TEST(FunctionTable, CountsBytesWhereTheCompilerCountsUnits) {
  // Units: a e-acute(1 unit, 2 bytes) emoji(2 units, 4 bytes) b
  const std::string text =
      "a\xC3\xA9\xF0\x9F\x98\x80"
      "b";
  const auto found = find_function(function_table_from_places("5,1,4", text, text), 8);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->begin, 1u);
  EXPECT_EQ(found->end, 7u);
}

TEST(FunctionTable, RefusesMalformedPlaces) {
  for (const char* places : {"1", "1,2", "x", "1,2,x", "11,0,1", "1,11,12", "1,5,4", "1,-2,3", "99999999999,0,1"})
    EXPECT_EQ(function_table_from_places(places, "0123456789", "0123456789"), "") << places;
  EXPECT_EQ(function_table_from_places("", "", ""), "");
}

TEST(FunctionSources, GivesTextsOfCompiledAndOfPlainFiles) {
  FunctionSources sources;
  const std::string text = "var a = (x) => x;";
  const std::string code = "var a = function (x) { return x; };";
  FunctionSources::Source compiled{text, function_table_from_places("34,8,16", code, text), {}, 5};
  const uint32_t first = sources.add("/a.js", compiled);
  EXPECT_EQ(text_at(sources, first, 5 + 8, 5 + 33), "(x) => x");
  EXPECT_EQ(text_at(sources, first, 5 + 8, 5 + 32), "none") << "no function ends there";
  EXPECT_EQ(text_at(sources, first, 0, 2), "none") << "in the wrapper";
  const uint32_t plain = sources.add("/b.js", {"function f() {}", std::nullopt, {}, 0});
  EXPECT_EQ(text_at(sources, plain, 0, 14), "function f() {}");
  EXPECT_EQ(text_at(sources, plain, 0, 15), "none");
  EXPECT_EQ(text_at(sources, plain, 9, 3), "none");
  EXPECT_EQ(text_at(sources, 77, 0, 14), "none");
  const uint32_t shifted = sources.add(
      "/c.js",
      {"`${%s:x}`; (y) => y", function_table_from_places("9,20,28", "0123456789", std::string(40, ' ')), {{15, 6}}, 0});
  EXPECT_EQ(text_at(sources, shifted, 0, 8), "(y) => y");
}

TEST(FunctionSources, KeepsReplacedTextsWhileThereIsRoom) {
  FunctionSources sources;
  std::string text = "function f() {}";
  uint32_t random = 1;  // what does not get smaller
  while (text.size() < 300'000) text += static_cast<char>('0' + (random = random * 1664525 + 1013904223) % 75 % 64);
  const auto add = [&] { return sources.add("/a.js", {text, std::nullopt, {}, 0}); };
  const uint32_t first = add(), second = add();
  EXPECT_EQ(text_at(sources, first, 0, 14), "function f() {}");
  for (size_t bytes = 0; bytes < 2 * limits::kReplacedSourceBytes; bytes += 100'000) add();
  EXPECT_EQ(text_at(sources, first, 0, 14), "none");
  EXPECT_EQ(text_at(sources, second, 0, 14), "none");
  const uint32_t last = add();
  sources.forget("/a.js");
  sources.forget("/a.js");
  EXPECT_EQ(text_at(sources, last, 0, 14), "function f() {}") << "functions that are still there keep it";
}

}  // namespace
}  // namespace ravelin::worker
