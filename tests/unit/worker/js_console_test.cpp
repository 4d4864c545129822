#include "worker/js_console.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

struct Output {
  std::string out, err;
};

Output output_of(const std::string& source) {
  Site site;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const std::string result = site.run(source);
  Output output{testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  EXPECT_FALSE(result.starts_with("throws")) << result;
  return output;
}

// The table of runtime-api 1.2.
TEST(Console, PrintsValuesInTheDocumentedForm) {
  const std::pair<const char*, const char*> rows[] = {
      {"console.log()", ""},
      {"console.log('a', 1.5, null, undefined, true, NaN, -0)", "a 1.5 null undefined true NaN 0"},
      {"console.log('%s', 5)", "%s 5"},
      {"console.log('h\xC3\xA9 \\ud83d\\ude00')", "h\xC3\xA9 \xF0\x9F\x98\x80"},
      {"console.log({a:1, b:'x', 'k y':null, u:undefined})", "{a:1,b:\"x\",\"k y\":null,u:undefined}"},
      {"console.log([1,'a',[true]])", "[1,\"a\",[true]]"},
      {"console.log(function f(){})", "{_func:true}"},
      {"console.log(new Date(0))", "\"1970-01-01T00:00:00.000Z\""},
      {"console.log({s:'\xC3\xA9'})", "{s:\"\\xe9\"}"},
      {"console.log(new Buffer('hi'))", "{type:\"Buffer\",data:[104,105]}"},
      {"console.log(Uint8Array.allocPlain('hi'))", "[object Uint8Array]"},
      {"var o = {}; o.o = o; console.log(o)", "[object Object]"},
      {"console.log(Symbol('s'))", "Symbol(s)"},
      {"console.log({toJSON: function () { throw new Error('no') }, toString: function () { return 'mine' }})", "mine"},
      {"var log = console.log; log('unbound')", "unbound"},
      {"delete Duktape.enc; console.log({a: 1})", "{a:1}"},
  };
  for (auto [source, line] : rows) {
    EXPECT_EQ(output_of(source).out, std::string(line) + "\n") << source;
  }
}

TEST(Console, ErrorsPrintWithTheirStack) {
  EXPECT_EQ(output_of("console.log(new Error('boo'))").out, "Error: boo\n    at eval (/test/eval.js:1)\n");
  EXPECT_EQ(output_of("console.error(new TypeError('boo'))").err, "TypeError: boo\n    at eval (/test/eval.js:1)\n");
}

TEST(Console, StreamsAndReturnValues) {
  for (const char* name : {"log", "info", "debug"}) {
    Output output = output_of(std::string("console.") + name + "('x', typeof console.log())");
    EXPECT_EQ(output.out, "\nx undefined\n") << name;
    EXPECT_EQ(output.err, "") << name;
  }
  for (const char* name : {"warn", "dir"}) {
    Output output = output_of(std::string("console.") + name + "('x')");
    EXPECT_EQ(output.out, "") << name;
    EXPECT_EQ(output.err, "x\n") << name;
  }
}

TEST(Console, TracesShowWhereTheScriptStands) {
  EXPECT_EQ(output_of("\nfunction f() { console.error('bad', 5) }\nf()").err,
            "Error: bad 5\n    at f (/test/eval.js:2)\n    at eval (/test/eval.js:3)\n");
  EXPECT_EQ(output_of("console.exception('x')").err, "Error: x\n    at eval (/test/eval.js:1)\n");
  EXPECT_EQ(output_of("console.trace('here')").out, "Trace: here\n    at eval (/test/eval.js:1)\n");
  EXPECT_EQ(output_of("console.assert(1, 'fine')").out, "");
  EXPECT_EQ(output_of("console.assert(0, 'not', 'fine')").out,
            "AssertionError: not fine\n    at eval (/test/eval.js:1)\n");
}

TEST(Console, CountsAndTimes) {
  EXPECT_EQ(
      output_of("console.count(); console.count('a'); console.count(); console.countReset(); console.count()").out,
      "default: 1\na: 1\ndefault: 2\ndefault: 1\n");
  std::string times = output_of("console.time('t'); console.timeLog('t', 'x', 1); console.timeEnd('t')").out;
  std::erase_if(times, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  EXPECT_EQ(times, "t: ms x \nt: ms\n");
  EXPECT_NE(output_of("console.timeEnd('none')").err, "");
  EXPECT_EQ(output_of("console.count('__proto__'); console.count('__proto__')").out, "__proto__: 1\n__proto__: 2\n");
}

TEST(Console, GroupsIndentEachLine) {
  EXPECT_EQ(
      output_of("console.group('g'); console.log('a\\nb'); console.group(); console.log('c'); console.groupEnd();\n"
                "console.groupEnd(); console.groupEnd(); console.log('d')")
          .out,
      "g\n  a\n  b\n    c\nd\n");
}

TEST(Console, Table) {
  EXPECT_EQ(output_of("console.table([{a: 1, b: 'x'}, {a: 22}])").out,
            "+---------+----+---+\n"
            "| (index) | a  | b |\n"
            "+---------+----+---+\n"
            "| 0       | 1  | x |\n"
            "| 1       | 22 |   |\n"
            "+---------+----+---+\n");
  EXPECT_EQ(output_of("console.table({k: 5, l: {a: 1, b: 2}}, ['b'])").out,
            "+---------+---+--------+\n"
            "| (index) | b | Values |\n"
            "+---------+---+--------+\n"
            "| k       |   | 5      |\n"
            "| l       | 2 |        |\n"
            "+---------+---+--------+\n");
  EXPECT_EQ(output_of("console.table('text')").out, "text\n");
}

}  // namespace
}  // namespace ravelin::worker
