#include "worker/network_string.h"

#include <gtest/gtest.h>

#include "worker/format_utf8.h"
#include "worker/js_heap.h"

namespace ravelin::worker {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

std::string engine_form(std::string_view bytes) {
  std::string out;
  append_engine_text(out, bytes);
  return out;
}

TEST(NetworkString, WellFormedTextIsUnchanged) {
  for (std::string text : {"", "abc", "na\xC3\xAFve", "\xE2\x82\xAC", "12345678 \xC3\xA4 12345678"})
    EXPECT_EQ(engine_form(text), text);
  std::string with_nul("a\0b", 3);
  EXPECT_EQ(engine_form(with_nul), with_nul);
}

TEST(NetworkString, CharactersBeyondTheBasicPlaneBecomeSurrogatePairs) {
  EXPECT_EQ(engine_form("x\xF0\x9F\x98\x80y"), "x\xED\xA0\xBD\xED\xB8\x80y");
  EXPECT_EQ(engine_form("\xF4\x8F\xBF\xBF"), "\xED\xAF\xBF\xED\xBF\xBF");
}

TEST(NetworkString, EachMaximalIllFormedPieceBecomesOneReplacement) {
  struct Row {
    std::string in;
    int replacements;
    std::string rest;
  } rows[] = {
      {"\xFF", 1, ""},
      {"\x80", 1, ""},
      {"\x81\x82", 2, ""},
      {"\xC0\xAF", 2, ""},          // overlong
      {"\xE0\x80\xAF", 3, ""},      // overlong
      {"\xED\xA0\x80", 3, ""},      // a surrogate of its own
      {"\xF4\x90\x80\x80", 4, ""},  // above U+10FFFF
      {"\xF0\x9F\x98", 1, ""},      // cut short
      {"\xE2\x82", 1, ""},
      {"\xE2\x82z", 1, "z"},
      {"\xF0\x9F\x98!", 1, "!"},
  };
  for (const Row& row : rows) {
    std::string expected;
    for (int i = 0; i < row.replacements; ++i) expected += kReplacement;
    EXPECT_EQ(engine_form(row.in), expected + row.rest);
    EXPECT_EQ(engine_form("abcdefgh" + row.in), "abcdefgh" + expected + row.rest);
  }
}

TEST(NetworkString, NoInputBecomesASymbol) {
  JsHeap heap;
  duk_context* js = heap.js();
  for (int first = 0; first < 256; ++first) {
    std::string bytes{static_cast<char>(first)};
    for (const std::string& text : {bytes, bytes + "keptRequest", bytes + bytes}) {
      push_network_string(js, text);
      EXPECT_FALSE(duk_is_symbol(js, -1)) << first;
      EXPECT_TRUE(is_well_formed(engine_text(js, -1))) << first;
      duk_pop(js);
    }
  }
}

TEST(NetworkString, KeysAreOwnPropertiesWhateverTheyAreCalled) {
  JsHeap heap;
  duk_context* js = heap.js();
  duk_push_bare_object(js);
  for (const char* name : {"__proto__", "constructor", "toString",
                           "\xFF"
                           "hidden"}) {
    duk_push_true(js);
    put_network_key(js, -2, name);
  }
  finish_plain_object(js, -1);
  duk_put_global_string(js, "o");
  duk_eval_string(js, "Object.keys(o).join() + ',' + (Object.getPrototypeOf(o) === Object.prototype)");
  EXPECT_EQ(engine_text(js, -1), std::string("__proto__,constructor,toString,") + kReplacement + "hidden,true");
  duk_pop(js);
}

}  // namespace
}  // namespace ravelin::worker
