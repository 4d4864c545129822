// Strings with bytes that are no UTF-8 (runtime-api 7.1): functions take them, and no piece of one becomes one of the
// engine's symbols.
#include <string>

#include "tests/unit/worker/script_table.h"

namespace ravelin::worker {
namespace {

using RawBytes = ScriptTable;

TEST_F(RawBytes, AreTrimmed) {
  EXPECT_JS(R"(stringToBuffer(trim(bufferToString(dehexify("20c2a061ff20fe20e280a8")))))", "Buffer(61 ff 20 fe)");
  EXPECT_JS(R"(stringToBuffer(trim(bufferToString(dehexify("2080ff20")))))", "Buffer(ef bf bd ff)");
  EXPECT_JS(R"(trim(" \u3000\u00a0 "))", R"("")");
  EXPECT_JS(R"(trim("\u200b").length)", "1");
}

// A piece of a String with raw bytes may begin like one of the engine's symbols; it must stay text. An own hidden
// property of a timer, say, would be within reach otherwise.
TEST_F(RawBytes, NoPieceIsASymbol) {
  run(R"(var raw = bufferToString(dehexify("2cff6869"));)");  // "," FF "hi"
  const std::string pieces[] = {
      "raw.substring(1)",
      "raw.slice(1, 3)",
      "raw.substr(1)",
      "raw.charAt(1)",
      "raw[1]",
      "raw.split(',')[1]",
      "raw.split('')[1]",
      "raw.replace(',', '')",
      "JSON.parse('\"' + raw + '\"').slice(1)",
      "JSON.parse('\"' + raw.replace(',', '') + '\"')",
      "raw.slice(1).concat('x')",
      "trim(' ' + raw.slice(1))",
      "sprintf('%s', raw.slice(1))",
      "bufferToString(dehexify('ff6869'))",
      "new TextDecoder().decode(dehexify('ff6869'))",
      "String(raw.slice(1))",
      "raw.slice(1).trim()",
  };
  for (const std::string& piece : pieces) {
    EXPECT_JS("typeof (" + piece + ")", R"("string")");
    EXPECT_JS("Object.keys((function(){ var o = {}; o[" + piece + "] = 1; return o; })()).length", "1");
  }
  EXPECT_JS(R"(stringToBuffer(bufferToString(dehexify("2cff6869")).slice(1)))", "Buffer(ef bf bd 68 69)");
  for (const char* lead : {"80", "81", "82"}) {
    EXPECT_JS(std::string("typeof bufferToString(dehexify('2c") + lead + "6869')).split(',')[1]", R"("string")");
  }
  EXPECT_JS("typeof Symbol('a')", R"("symbol")");
  EXPECT_JS("Symbol.for('a') === Symbol.for('a') && Symbol.keyFor(Symbol.for('a'))", R"("a")");
  EXPECT_JS("(function(){ var s = Symbol('k'), o = {}; o[s] = 5; return o[s] + Object.keys(o).length; })()", "5");
}

}  // namespace
}  // namespace ravelin::worker
