// The parts of worker/regexp: translation to PCRE2, sets of characters, positions in subjects, bounds.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "tests/unit/worker/js_fixture.h"
#include "tests/unit/worker/script_table.h"
#include "worker/regexp/character_set.h"
#include "worker/regexp/engine.h"
#include "worker/regexp/program.h"
#include "worker/regexp/properties.h"
#include "worker/regexp/replacement.h"
#include "worker/regexp/subject.h"
#include "worker/regexp/translate.h"

namespace ravelin::worker::regexp {
namespace {

Flags flags(std::string_view letters) {
  Flags made;
  for (char letter : letters) {
    made.has_indices |= letter == 'd';
    made.global |= letter == 'g';
    made.ignore_case |= letter == 'i';
    made.multiline |= letter == 'm';
    made.dot_all |= letter == 's';
    made.unicode |= letter == 'u';
    made.sticky |= letter == 'y';
  }
  return made;
}

std::string translated(std::u32string_view source, std::string_view letters = "") {
  const auto result = translate(source, flags(letters));
  if (!result) return "refused: " + result.error().message;
  std::string text;
  for (char32_t c : result.value().pattern) text += c < 0x80 ? static_cast<char>(c) : '?';
  return text;
}

TEST(RegexpTranslate, WritesWhatPcreUnderstands) {
  struct Row {
    std::u32string_view source;
    std::string_view letters;
    std::string_view expected;
  };
  const Row rows[] = {
      {U"ab1", "", "ab1"},
      {U"", "u", ""},
      {U".", "s", "."},
      {U".", "", R"([^\n\r\x{2028}\x{2029}])"},
      {U"^a$", "", R"(\Aa\z)"},
      {U"^$", "m", R"((?<![^\n\r\x{2028}\x{2029}])(?![^\n\r\x{2028}\x{2029}]))"},
      {U"[^][]", "", ".(?!)"},
      {U"[a-cx\\d]", "", "[0-9a-cx]"},
      {U"[^\\s\\S]", "", "(?!)"},
      {U"a*?b+c??d{2}e{2,}f{2,3}?", "", "a*?b+c??d{2}e{2,}f{2,3}?"},
      {U"(?<n>a)\\k<n>", "", R"((a)\g{1})"},
      {U"\\k<n>(?<n>a)", "", R"(\g{1}(a))"},
      {U"\\1(a)\\2", "", R"(\g{1}(a)\x{2})"},
      {U"(?:a)(?=b)(?!c)(?<=d)(?<!e)", "", "(?:a)(?=b)(?!c)(?<=d)(?<!e)"},
      {U"#{ -", "", R"(\x{23}\x{7b}\x{20}\x{2d})"},
      {U"\\Q(*UTF)", "", "refused: nothing to repeat"},
      {U"a\u00e9", "i", R"(a[\x{c9}\x{e9}])"},
      {U"k", "iu", R"([Kk\x{212a}])"},
      {U"k\\w\\b", "i", R"(k\w\b)"},
      {U"(a)\\1", "i", R"(([Aa])(?i:\g{1}))"},
      {U"\\p{Lu}\\P{sc=Greek}", "u", R"([\p{Lu}][\P{sc:Greek}])"},
      {U"[\\p{L}_]", "u", R"([\x{5f}\p{L}])"},
      {U"\U0001F600", "u", R"(\x{1f600})"},
      {U"\\u{1F600}\\ud83d\\ude00", "u", R"(\x{1f600}\x{1f600})"},
      {U"\\ud83d\\ude00", "", R"(\x{d83d}\x{de00})"},
      {U"a{0,70000}", "", "a*"},
  };
  for (const Row& row : rows) EXPECT_EQ(translated(row.source, row.letters), row.expected) << row.expected;
}

TEST(RegexpTranslate, GivesLookbehindsFixedLengths) {
  EXPECT_EQ(translated(U"(?<=a|bc)"), "(?<=a|bc)");
  EXPECT_EQ(translated(U"(?<=a?b)"), "(?<=b|ab)");
  EXPECT_EQ(translated(U"(?<=xa?b)"), "(?<=xb|xab)");
  EXPECT_EQ(translated(U"(?<=\\s*a)"), "(?<=a)");
  EXPECT_EQ(translated(U"(?<!\\d+)"), "(?<!\\d)");
  EXPECT_EQ(translated(U"(?<=x(?:b|cd)e)"), "(?<=xbe|xcde)");
  EXPECT_EQ(translated(U"(?<=x(?:b|cd){2})"), "(?<=xbb|xbcd|xcdb|xcdcd)");
  EXPECT_EQ(translated(U"(?<=x{1,3})"), "(?<=x|x{2}|x{3})");
  EXPECT_EQ(translated(U"(?<=(?<!a+)b)"), "(?<=(?<!a)b)");
  for (std::u32string_view refused : {U"(?<=ab*)", U"(?<=(a|bc)d)", U"(a)(?<=\\1)", U"(?<=^a+)"})
    EXPECT_TRUE(translated(refused).starts_with("refused: a lookbehind of unlimited length"));
  for (std::u32string_view refused : {U"(?<=a(?:b|cd){20})", U"(?<=xa{0,5000})", U"(?<=a(?:(?:b?){9}){99}c)"})
    EXPECT_EQ(translated(refused), "refused: a lookbehind with too many lengths is not supported");
}

TEST(RegexpTranslate, HasBounds) {
  const std::u32string much(90'000, U'a');
  EXPECT_EQ(translated(U"(?<=x?y?z?a?b?c?d?e?f?g?(?:" + much + U"))"),
            "refused: a lookbehind with too many lengths is not supported");
  EXPECT_TRUE(translated(U"(?<=x(?:" + much + U"))").starts_with("(?<=x(?:aaa"));
  const std::u32string open(kMaxNesting, U'(');
  const std::u32string close(kMaxNesting, U')');
  EXPECT_EQ(translated(open + close).size(), 2 * kMaxNesting);
  EXPECT_EQ(translated(open + U"(" + close + U")"), "refused: groups are nested too deep");
  EXPECT_EQ(translated(std::u32string(kMaxPatternLength + 1, U'a')), "refused: it is too long");
  std::u32string groups;
  for (uint32_t i = 0; i <= kMaxCaptures; ++i) groups += U"()";
  EXPECT_EQ(translated(groups), "refused: too many groups");
  EXPECT_EQ(translated(U"a{65536}"), "refused: the number of a quantifier is too large");
}

TEST(RegexpCharacterSet, ClosesOverCaseAsTheStandardSays) {
  const auto closed = [](uint32_t character, bool is_unicode) {
    CharacterSet set;
    set.add(character);
    set.close_over_case(is_unicode);
    std::vector<uint32_t> all;
    for (const CharacterRange& range : set.ranges()) {
      for (uint32_t c = range.first; c <= range.last; ++c) all.push_back(c);
    }
    return all;
  };
  using List = std::vector<uint32_t>;
  EXPECT_EQ(closed('k', false), (List{'K', 'k'}));
  EXPECT_EQ(closed('k', true), (List{'K', 'k', 0x212A}));
  EXPECT_EQ(closed(0x212A, false), (List{0x212A}));
  EXPECT_EQ(closed(0x212A, true), (List{'K', 'k', 0x212A}));
  EXPECT_EQ(closed(0xDF, false), (List{0xDF}));
  EXPECT_EQ(closed(0xDF, true), (List{0xDF, 0x1E9E}));
  EXPECT_EQ(closed(0x3C3, false), (List{0x3A3, 0x3C2, 0x3C3}));
  EXPECT_EQ(closed(0x130, true), (List{0x130}));
  EXPECT_EQ(closed(0x1F88, false), (List{0x1F88}));
  EXPECT_EQ(closed(0x1F88, true), (List{0x1F80, 0x1F88}));
  EXPECT_EQ(closed(0x10400, true), (List{0x10400, 0x10428}));
  EXPECT_EQ(closed('1', true), (List{'1'}));
}

TEST(RegexpCharacterSet, InvertsAndJoins) {
  CharacterSet set;
  set.add('c', 'd');
  set.add('a', 'b');
  set.add(0, 'A');
  EXPECT_EQ(set.ranges(), (std::vector<CharacterRange>{{0, 'A'}, {'a', 'd'}}));
  EXPECT_TRUE(set.contains('b') && !set.contains('B') && !set.contains('e'));
  set.invert();
  EXPECT_EQ(set.ranges(), (std::vector<CharacterRange>{{'B', '`'}, {'e', kLastCharacter}}));
  set.add(0, kLastCharacter);
  EXPECT_TRUE(set.is_everything());
  set.invert();
  EXPECT_TRUE(set.ranges().empty());
}

TEST(RegexpProperties, AreThoseOfJavaScript) {
  EXPECT_EQ(property_pattern("Lu", false), "Lu");
  EXPECT_EQ(property_pattern("Lu", true), "L&");
  EXPECT_EQ(property_pattern("Uppercase_Letter", false), "Lu");
  EXPECT_EQ(property_pattern("General_Category=Letter", false), "L");
  EXPECT_EQ(property_pattern("Script=Greek", false), "sc:Greek");
  EXPECT_EQ(property_pattern("scx=Greek", false), "scx:Greek");
  EXPECT_EQ(property_pattern("Emoji", false), "Emoji");
  for (std::string_view wrong : {"", "lu", "Greek", "L&", "Script=greek", "Script=", "sc=Gr-", "Foo=Lu", "Emoji=Yes"})
    EXPECT_EQ(property_pattern(wrong, false), std::nullopt) << wrong;
}

TEST(RegexpReplacement, FollowsTheTableOfTheStandard) {
  const std::vector<GroupName> names = {{"n", 1}};
  Replaced match;
  match.text = "abcde";
  match.begin = 1;
  match.end = 3;
  match.groups = {"bc", "b", "c"};
  match.names = &names;
  const auto expanded = [&](std::string_view replacement) {
    std::string out;
    expand_replacement(replacement, match, [&](std::string_view part) { out += part; });
    return out;
  };
  EXPECT_EQ(expanded("[$$|$&|$`|$'|$1$2]"), "[$|bc|a|de|bc]");
  EXPECT_EQ(expanded("$01$02$03$3$0$10$"), "bc$03$3$0b0$");
  EXPECT_EQ(expanded("$<n>$<other>$<n"), "b$<n");
  const std::vector<GroupName> none;
  match.names = &none;
  EXPECT_EQ(expanded("$<n>"), "$<n>");
}

TEST(RegexpSubject, KnowsPlacesInEveryKindOfText) {
  JsHeap heap;
  Subject subject(heap.js());
  const auto check = [&](const std::string& text, bool joins) {
    subject.assign(text, joins);
    size_t index = 0;
    for (size_t unit = 0; unit <= subject.size(); ++unit) {
      const Subject::Place place = subject.place_of(unit);
      EXPECT_EQ(place.index, index);
      const bool is_pair = joins && unit < subject.size() && subject.units()[unit] > 0xFFFF;
      EXPECT_EQ(subject.unit_at(is_pair ? index + 1 : index), unit);
      index += is_pair ? 2 : 1;
    }
    EXPECT_EQ(subject.place_of(subject.size()).byte, text.size());
  };
  const std::string pair = "\xed\xa0\xbd\xed\xb8\x80";  // U+1F600 as the engine has it
  std::string mixed;
  for (int i = 0; i < 100; ++i) mixed += "a\xc3\xa9\xe2\x82\xac" + pair + "\xed\xa0\xbd";
  for (bool joins : {false, true}) {
    check("", joins);
    check("plain", joins);
    check(std::string(64, 'x') + "\xc3\xa9", joins);
    check(std::string(63, 'x') + "\xc3\xa9", joins);
    check(mixed, joins);
    check("\xff\xfe raw \xe9 bytes\xc3", joins);
  }
  subject.assign(pair, true);
  EXPECT_EQ(subject.size(), 1u);
  EXPECT_EQ(subject.units()[0], 0x1F600u);
  subject.assign(pair, false);
  EXPECT_EQ(subject.size(), 2u);
}

TEST(RegexpProgram, CarriesFlagsAndPattern) {
  for (const char* letters : {"", "dgimsuy", "s", "u", "y", "d", "gim"}) {
    const std::string program = make_program(flags(letters), "a\xc3\xa9");
    EXPECT_TRUE(is_program(program));
    EXPECT_EQ(flags_of(program), flags(letters));
    EXPECT_EQ(program.substr(kProgramHead), "a\xc3\xa9");
  }
}

// ---- in script

class RegexpScript : public ScriptTable {};

// What the script engine knows stays with it: it has no engine of ours then.
TEST_F(RegexpScript, PlainExpressionsStayWithTheScriptEngine) {
  EXPECT_JS("[/a(b)?/gim.exec('ab')[0], new RegExp('x', 'g').test('x'), 'a-b'.split(/-/), 'ab'.replace(/b/g, '')]",
            R"(["ab",true,["a","b"],"a"])");
  EXPECT_EQ(heap_.regexps, nullptr);
  EXPECT_JS("/(?<x>a)/.test('a')", "true");
  EXPECT_NE(heap_.regexps, nullptr);
}

// Annex B has more than the script engine takes.
TEST_F(RegexpScript, TakesWhatTheScriptEngineRefuses) {
  EXPECT_JS("/(?=a)*b|\\8|]/.exec(']')[0]", R"("]")");
  EXPECT_JS("RegExp('(')", "throws unexpected end of pattern");
}

// Each turn of a repeated group is a recursion of the script engine, which allows 10000.
TEST_F(RegexpScript, TakesOverMatchesThatAreTooDeepForTheScriptEngine) {
  EXPECT_JS("/^(?: *(?:\\n|$))+/.exec('a')", "null");
  EXPECT_JS("/^(?: *(?:\\n|$))+/.exec('')[0].length", "0");
  run("var long = '\"' + 'ab\\\\\"'.repeat(20000) + '\" \"x\"'");
  EXPECT_JS("long.match(/\"(?:[^\"\\\\]|\\\\.)*\"/g).map(function(s) { return s.length })", "[80002,3]");
  EXPECT_JS("long.replace(/\"((?:[^\"\\\\]|\\\\.)*)\"/, '<$1>').length", "80006");
  EXPECT_JS("long.split(/ (?!(?:.|\\n)*z)/).length", "2");
  EXPECT_JS("/^(?!(?:a|b)*$)/.test('ab'.repeat(20000))", "false");
  EXPECT_JS(
      "(function() { var r = /(?:a|b)*c/g; r.lastIndex = 2; return [r.test('ab'.repeat(20000) + 'c'),"
      " r.lastIndex] })()",
      "[true,40001]");
}

TEST_F(RegexpScript, MatchGoesOnBehindEachEmptyMatch) {
  for (const char* flags : {"g", "gs", "gu"}) {
    run(std::string("var flags = '") + flags + "'");
    EXPECT_JS("'ab'.match(new RegExp('$', flags)).length", "1");
    EXPECT_JS("'ab cd'.match(new RegExp('\\\\b', flags)).length", "4");
    EXPECT_JS("'aab'.match(new RegExp('a*', flags))", R"(["aa","",""])");
  }
}

TEST_F(RegexpScript, SyntaxErrorsSayWhatIsWrong) {
  EXPECT_JS("RegExp('(?<a>x)(?<a>y)')", "throws invalid regular expression: two groups have the same name");
  EXPECT_JS("RegExp('(?<a>x)(?a)')", "throws invalid regular expression: invalid group");
  EXPECT_JS("RegExp('[b-a]', 's')", "throws invalid regular expression: a range of characters out of order");
  EXPECT_JS("RegExp('\\\\p{Script=Foo}', 'u')", "throws invalid regular expression: unknown property after \\P or \\p");
}

TEST_F(RegexpScript, FinalizersMayUseExpressionsMeanwhile) {
  run("var seen = 0; function last() { if (/(?<f>\\d+)é/g.test('12é'.repeat(200))) ++seen }"
      "function trap() { Duktape.fin({}, last) }"
      "var text = 'abc é '.repeat(500), re = /(?<w>[a-z]+)(?<e> )é/gd, n = 0, m;"
      "while ((m = re.exec(text)) !== null) { trap(); if (m.groups.w === 'abc' && m.index === n * 6) ++n; }");
  EXPECT_JS("[n, seen > 400]", "[500,true]");
  EXPECT_JS(
      "(n = 0, text.replace(/(?<w>[a-z]+)(?<e> )/gu, function() { trap(); /(?<q>.)/.exec('zz'); ++n; return '' }),"
      " n)",
      "500");
}

TEST_F(RegexpScript, LongSeriesAreNotQuadratic) {
  const uint64_t begin = monotonic_ns();
  EXPECT_JS(
      "(function() { var text = 'ab\\u20ac '.repeat(250000), re = /\\u20ac(?<s> )/g, n = 0;"
      " while (re.test(text)) ++n; return n })()",
      "250000");
  // Converting a million characters for each of them would take many minutes.
  EXPECT_LT(monotonic_ns() - begin, 20 * kNsPerSecond);
  const size_t used = heap_.used_bytes();
  run("Duktape.gc()");
  EXPECT_LT(heap_.used_bytes(), used);
  EXPECT_LT(heap_.used_bytes(), 4u << 20);  // nothing keeps the long text, nor its units
}

TEST_F(RegexpScript, ObeysTheDeadline) {
  run("var text = 'a'.repeat(60) + 'b', re = /^(?<x>(a|aa)+)+$/");
  const uint64_t begin = monotonic_ns();
  heap_.arm_deadline(begin + 200 * kNsPerMs);
  EXPECT_JS("re.test(text)", "throws execution timeout");
  EXPECT_TRUE(heap_.deadline_passed());
  heap_.disarm_deadline();
  EXPECT_LT(monotonic_ns() - begin, 2 * kNsPerSecond);
  EXPECT_JS("re.test('aaa')", "true");
}

TEST_F(RegexpScript, CountsItsMemoryAgainstTheLimitOfTheHeap) {
  heap_.set_max_bytes(heap_.used_bytes() + (8 << 20));
  EXPECT_JS("/(?<x>a)$/.test('a'.repeat(3000000))", "throws regular expression: out of memory");
  EXPECT_JS("/^(?<x>(?:(a)|b|(?=x)\\2)*?)c$/.test('a'.repeat(1000000))", "throws regular expression: out of memory");
  EXPECT_JS(
      "(function() { for (var i = 0; i < 3000; ++i) new RegExp('(?<n>' + i + 'abcdefghi'.repeat(100) + ')');"
      " return i })()",
      "3000");
}

// The machine code of a heap belongs to its children as well.
TEST_F(RegexpScript, WorksInAForkedChild) {
  run("var re = /(?<w>\\p{L}+)\\d/u; for (var i = 0; i < 100; ++i) re.test('abc1');");
  const pid_t child = fork();
  if (child == 0) _exit(show("re.exec('xéy7').groups.w") == "\"xéy\"" ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ravelin::worker::regexp
