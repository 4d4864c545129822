#include "worker/js_unicode.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "common/limits.h"
#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

std::string repeat(std::string_view text, size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  while (count-- > 0) out += text;
  return out;
}

TEST(Normalized, GivesEachForm) {
  constexpr std::string_view kText = "\u1E9B\u0323";  // from UAX 15
  EXPECT_EQ(normalized(kText, NormalForm::kNfc), "\u1E9B\u0323");
  EXPECT_EQ(normalized(kText, NormalForm::kNfd), "\u017F\u0323\u0307");
  EXPECT_EQ(normalized(kText, NormalForm::kNfkc), "\u1E69");
  EXPECT_EQ(normalized(kText, NormalForm::kNfkd), "s\u0323\u0307");
  EXPECT_EQ(normalized("", NormalForm::kNfkd), "");
}

TEST(Normalized, LeavesLoneSurrogates) {
  EXPECT_EQ(normalized("e\xED\xA0\x80\u0301e\u0301\xED\xB0\x80", NormalForm::kNfc),
            "e\xED\xA0\x80\u0301\u00E9\xED\xB0\x80");
}

// The text is normalized in pieces, and what belongs together must come into the same piece.
TEST(Normalized, PiecesDoNotShow) {
  for (const char* unit :
       {"e\u0301", "\u1100\u1161\u11A8", "\u30AB\u3099", "\uFF76\uFF9E", "\u0B47\u0B56", "x\u0323\u0307"}) {
    for (const NormalForm form : {NormalForm::kNfc, NormalForm::kNfd, NormalForm::kNfkc, NormalForm::kNfkd}) {
      // Each offset of the pieces' border.
      for (const char* before : {"", "a", "ab"}) {
        const std::string whole = before + repeat(unit, 5000);
        EXPECT_EQ(normalized(whole, form), before + repeat(normalized(unit, form), 5000)) << unit;
      }
    }
  }
}

TEST(Normalized, IsBounded) {
  const std::string text = repeat("\uFDFA", limits::kMaxNormalizedBytes / 30);  // 33 bytes each in NFKC
  EXPECT_THROW(normalized(text, NormalForm::kNfkc), std::length_error);
  EXPECT_EQ(normalized(text, NormalForm::kNfc).size(), text.size());
}

TEST(Normalize, LeavesRawBytes) {
  Site site;
  EXPECT_EQ(site.run("var t = rampart.utils.sprintf('%s', rampart.utils.dehexify('65cc81c3ff')); t.normalize() === t"),
            "true");
}

TEST(CompareTexts, GoesLevelByLevel) {
  const char* const sorted[] = {"",         " a",     "_",      "1",      "10",
                                "2",        "a",      "A",      "\u00E1", "ab",
                                "a\u0301c", "b",      "resume", "Resume", "r\u00E9sum\u00E9",
                                "Z",        "\u03B1", "\u0411"};
  for (size_t i = 0; i < std::size(sorted); ++i) {
    EXPECT_EQ(compare_texts(sorted[i], sorted[i], {}), 0);
    for (size_t j = i + 1; j < std::size(sorted); ++j) {
      EXPECT_EQ(compare_texts(sorted[i], sorted[j], {}), -1) << sorted[i] << " " << sorted[j];
      EXPECT_EQ(compare_texts(sorted[j], sorted[i], {}), 1) << sorted[i] << " " << sorted[j];
    }
  }
}

TEST(CompareTexts, EqualTextsNeedNotBeTheSame) {
  EXPECT_EQ(compare_texts("\u00E9", "e\u0301", {}), 0);
  EXPECT_EQ(compare_texts("E", "\u00E9", {false, Sensitivity::kBase}), 0);
  EXPECT_EQ(compare_texts("E", "e", {false, Sensitivity::kAccent}), 0);
  EXPECT_EQ(compare_texts("e", "\u00E9", {false, Sensitivity::kCase}), 0);
  EXPECT_EQ(compare_texts("x007", "x7", {true, Sensitivity::kVariant}), 0);
}

TEST(CompareTexts, ReadsNumbersOnDemand) {
  EXPECT_EQ(compare_texts("a10", "a9", {true, Sensitivity::kVariant}), 1);
  EXPECT_EQ(compare_texts("a10", "a9", {false, Sensitivity::kVariant}), -1);
  EXPECT_EQ(compare_texts("9b", "10a", {true, Sensitivity::kVariant}), -1);
  EXPECT_EQ(compare_texts("0", "000", {true, Sensitivity::kVariant}), 0);
}

TEST(CompareTexts, TakesAnyBytes) {
  EXPECT_NE(compare_texts("\xFF\xC3", "a", {}), 0);
  EXPECT_EQ(compare_texts("\xE2\x82", "\xE2\x82", {}), 0);
  EXPECT_NE(compare_texts("\xE2\x82", "\xE2", {}), 0);
}

}  // namespace
}  // namespace ravelin::worker
