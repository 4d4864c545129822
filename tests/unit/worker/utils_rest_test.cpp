// The table rows of runtime-api 7.8: numbers in words, time zones, distinct counters.
#include <cmath>
#include <fstream>

#include "tests/unit/worker/js_fixture.h"
#include "tests/unit/worker/script_table.h"
#include "worker/utils/number_words.h"
#include "worker/utils/zone_file.h"

namespace ravelin::worker {
namespace {

class UtilsRest : public ScriptTable {};

TEST_F(UtilsRest, NumbersInWords) {
  EXPECT_JS(R"(stringToNumber("two dozen"))", "24");
  EXPECT_JS(R"(stringToNumber("four score and seven years ago"))", "87");
  EXPECT_JS(R"(stringToNumber("three and a half"))", "3.5");
  EXPECT_JS(R"(isNaN(stringToNumber("a gazillion")))", "true");
  EXPECT_JS(R"([stringToNumber(""), stringToNumber("and"), stringToNumber("a"), stringToNumber("cookies")])",
            "[null,null,null,null]");
  EXPECT_JS(R"(stringToNumber("five dozen cookies", true))", R"({"value":60,"op":"=","rem":"cookies"})");
  EXPECT_JS(R"(stringToNumber("less than twenty", true))", R"({"value":20,"op":"<","rem":""})");
  EXPECT_JS(R"(stringToNumber("less than twenty greater than one half is our range", true))",
            R"({"value":20,"min":0.5,"max":20,"rem":"is our range"})");
  EXPECT_JS(R"(stringToNumber("Cookies, Five", true))", R"({"value":null,"op":"=","rem":"Cookies, Five"})");
  EXPECT_JS(R"(stringToNumber("more than 5 but less than 10 m", true))", R"({"value":5,"min":5,"max":10,"rem":"m"})");
  EXPECT_JS(R"(stringToNumber("between two and three and a half kilos", true))",
            R"({"value":2,"min":2,"max":3.5,"rem":"kilos"})");
  EXPECT_JS(R"(stringToNumber(5))", "throws stringToNumber(): first argument must be a String");
  EXPECT_JS(R"(stringToNumber())", "throws stringToNumber(): first argument must be a String");
}

struct Row {
  const char* text;
  double value;
  const char* op = "=";
  const char* rest = "";
};

TEST(NumberWords, Values) {
  constexpr Row kRows[] = {
      {"zero", 0},
      {"Twenty-One", 21},
      {"one hundred and five", 105},
      {"nineteen hundred", 1900},
      {"one thousand nine hundred ninety eight", 1998},
      {"three million, two hundred thousand and four", 3200004},
      {"two hundred thousand", 200000},
      {"a hundred", 100},
      {"a million million", 1e12},
      {"one and a half million", 1.5e6},
      {"half a dozen eggs", 6, "=", "eggs"},
      {"half a million", 5e5},
      {"a quarter of a million", 250000},
      {"a couple of days", 2, "=", "days"},
      {"two gross", 288},
      {"three score and ten", 70},
      {"two thirds", 2.0 / 3},
      {"one third of it", 1.0 / 3, "=", "of it"},
      {"two thousandths", 0.002},
      {"twenty-one hundredths", 0.21},
      {"nine and three quarters", 9.75},
      {"1/3", 1.0 / 3},
      {"2 1/2 cups", 2.5, "=", "cups"},
      {"3.14", 3.14},
      {"1,234,567.5", 1234567.5},
      {"1e3 x", 1000, "=", "x"},
      {"-7", -7},
      {"minus five", -5},
      {"three point one four", 3.14},
      {"one hundred percent", 1},
      {"12.5%", 0.125},
      {"5 million", 5e6},
      {"at least ten", 10, ">="},
      {"no more than three people", 3, "<=", "people"},
      {"over 9000", 9000, ">"},
      {"<= 4", 4, "<="},
      {"!= 4", 4, "!="},
      {"less than or equal to four", 4, "<="},
      {"five and ten", 5, "=", "and ten"},
      {"twenty fifth", 20, "=", "fifth"},
      {"two three", 2, "=", "three"},
      {"thirty minutes", 30, "=", "minutes"},
      {"one second", 1, "=", "second"},
      {"1/0", 1, "=", "/0"},
      {"five and", 5, "=", "and"},
  };
  for (const Row& row : kRows) {
    const WordNumber number = read_word_number(row.text);
    EXPECT_DOUBLE_EQ(number.value, row.value) << row.text;
    EXPECT_STREQ(number.op, row.op) << row.text;
    EXPECT_EQ(number.rest, row.rest) << row.text;
    EXPECT_FALSE(number.min) << row.text;
  }
}

TEST(NumberWords, AnyBytesEnd) {
  const std::string pieces[] = {"two ", "and ",     "a ",         "half ", "million ", "dozen ", "- ",
                                "1/",   "between ", "less than ", "\xff",  ", ",       "of "};
  uint32_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i)
      text += pieces[(state = state * 1664525 + 1013904223) >> 16 & 0xff % std::size(pieces)];
    EXPECT_LE(read_word_number(text).rest.size(), text.size());
  }
  std::string long_text;
  for (int i = 0; i < 100000; ++i) long_text += "million ";
  EXPECT_TRUE(std::isinf(read_word_number(long_text).value));
}

// A compiled zone file: two blocks, of which the first is empty but for a period.
std::string zone_bytes() {
  const auto number = [](uint64_t value, int bytes) {
    std::string text;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xff);
    return text;
  };
  const auto header = [&](size_t transitions, size_t periods, size_t names) {
    return "TZif2" + std::string(15, '\0') + std::string(12, '\0') + number(transitions, 4) + number(periods, 4) +
           number(names, 4);
  };
  return header(0, 1, 4) + number(0, 6) + std::string("UTC\0", 4) +
         // 64 bit: -3600 "RST", 0 "RDT" from 2^33 on
         header(1, 2, 8) + number(uint64_t{1} << 33, 8) + number(1, 1) + number(static_cast<uint32_t>(-3600), 4) +
         number(0, 2) + number(0, 4) + number(0x0104, 2) + std::string("RST\0RDT\0", 8) + "\n\n";
}

TEST_F(UtilsRest, TimeZones) {
  TemporaryFolder folder;
  std::string half_hours = zone_bytes();
  half_hours.replace(half_hours.rfind("RST") - 12 + 2, 2, "\x31\x38");  // -(3600 * 14 + 712) seconds
  folder.write("Land/City", zone_bytes());
  folder.write("Other", half_hours);
  folder.write("README", "no zone");
  folder.write("Short", zone_bytes().substr(0, 90));
  folder.write("right/Land/City", zone_bytes());
  set("folder", folder.path());
  run("var tz = timezone(folder)");
  EXPECT_JS(R"(tz.findZone("Land/City"))",
            R"({"name":"Land/City","abbreviations":[{"Abbreviation":"RST","UTCOffset":-3600,"isDST":false},)"
            R"({"Abbreviation":"RDT","UTCOffset":0,"isDST":true}],"transitions":[{"time":8589934592,"abbrIndex":1}]})");
  EXPECT_JS(R"(tz.findAbbr("rdt"))",
            R"({"entries":[{"offset":0,"offsetString":"+00:00","zoneName":"Land/City","zoneAbbrIndex":1},)"
            R"({"offset":0,"offsetString":"+00:00","zoneName":"Other","zoneAbbrIndex":1}],"ambiguous":false})");
  EXPECT_JS(R"(tz.findAbbr("RST").ambiguous)", "true");
  EXPECT_JS(R"(tz.findAbbr("RST").entries[0].offsetString)", R"("-01:00")");
  EXPECT_JS("Object.keys(tz.dump())", R"(["Land/City","Other"])");
  EXPECT_JS(R"(tz.dump()["Land/City"].abbreviations.length)", "2");
  EXPECT_JS(
      R"([tz.findZone("README"), tz.findZone("Nope"), tz.findZone("Short"), tz.findZone("Land"), tz.findZone("")])",
      "[null,null,null,null,null]");
  EXPECT_JS(R"([tz.findZone("../" + folder), tz.findZone("Land/../Other"), tz.findZone(folder + "/Other")])",
            "[null,null,null]");
  EXPECT_JS(R"(tz.findAbbr("ZZZQ"))", "undefined");
  EXPECT_JS("new timezone(folder).findZone('Other').name", R"("Other")");
  EXPECT_JS("timezone('/no/such')", "throws timezone(): /no/such: No such file or directory");
  EXPECT_JS("timezone(folder + '/Other').message", "throws timezone(): " + folder.path() + "/Other: Not a directory");
  EXPECT_JS("timezone(5)", "throws timezone(): folder must be a String");
  EXPECT_JS("tz.findZone(5)", "throws timezone.findZone(): a String (name of a zone) is required");
  EXPECT_JS("tz.findAbbr()", "throws timezone.findAbbr(): a String (abbreviation) is required");
  EXPECT_JS("tz.dump.call({})", "throws timezone.dump(): not called on an object of rampart.utils.timezone()");
}

TEST(ZoneFiles, TruncatedOnesAreNone) {
  const std::string bytes = zone_bytes();
  EXPECT_TRUE(parse_zone_file(bytes));
  for (size_t size = 0; size + 2 < bytes.size(); ++size) EXPECT_FALSE(parse_zone_file(bytes.substr(0, size))) << size;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = '\xff';
    (void)parse_zone_file(changed);
  }
}

TEST_F(UtilsRest, DistinctCounters) {
  run("var c = new hll('visits'); for (var i = 0; i < 100000; i++) c.add('visitor ' + i % 50000)");
  EXPECT_JS("Math.abs(c.count() - 50000) < 50000 * 0.03", "true");
  EXPECT_JS("new hll('none').count()", "0");
  EXPECT_JS("new hll('one').add('x').add(['x', 'x', stringToBuffer('x')]).count()", "1");
  EXPECT_JS("new hll('three').add(['a', 'b', stringToBuffer('c'), 'a']).count()", "3");
  EXPECT_JS("new hll('visits').count() === c.count()", "true");  // shared by name
  EXPECT_JS("c.getBuffer().length", "16384");
  EXPECT_JS("new hll('copy', c.getBuffer()).count() === c.count()", "true");
  EXPECT_JS("(function(){ var d = new hll('copy'); d.getBuffer()[0] = 40; return d.count() === c.count() })()", "true");
  run("var e = new hll('others'); for (var i = 0; i < 30000; i++) e.add('other ' + i)");
  EXPECT_JS("Math.abs(new hll('union', c, e).count() - 80000) < 80000 * 0.03", "true");
  EXPECT_JS("Math.abs(new hll('union2', c.getBuffer(), e).count() - 80000) < 80000 * 0.03", "true");
  EXPECT_JS("e.merge(c) === e && Math.abs(e.count() - 80000) < 80000 * 0.03", "true");
  EXPECT_JS("e.merge(e).count() === new hll('others').count()", "true");
}

TEST_F(UtilsRest, DistinctCountersReadFiles) {
  TemporaryFolder folder;
  set("path", folder.write("lines", "a\nb\na\n\nc"));
  EXPECT_JS("new hll('file').addFile(path).count()", "4");  // a, b, c and the empty line
  set("path2", folder.write("fields", "a;b;a;d"));
  EXPECT_JS("new hll('fields').addFile(path2, ';').count()", "3");
  EXPECT_JS("(function(){ var h = fopen(path, 'r'), c = new hll('handle').addFile(h); fclose(h); return c.count() })()",
            "4");
  EXPECT_JS("new hll('file').addFile('/no/such')", "throws hll.addFile(): /no/such: No such file or directory");
  EXPECT_JS("new hll('file').addFile('/')", "throws hll.addFile(): Is a directory");
  EXPECT_JS("new hll('file').addFile(5)", "throws hll.addFile(): path must be a String");
  EXPECT_JS("new hll('file').addFile(path, 5)", "throws hll.addFile(): the delimiter must be a String");
}

TEST_F(UtilsRest, DistinctCounterErrors) {
  EXPECT_JS("hll('x')", "throws hll(): is a constructor, to be called with new");
  EXPECT_JS("new hll(5)", "throws hll(): first argument must be a String (name of the counter)");
  EXPECT_JS("new hll('x', stringToBuffer('short'))",
            "throws hll(): the Buffer must hold the 16384 bytes of a getBuffer()");
  EXPECT_JS("(function(){ var b = new hll('x').getBuffer(); b[5] = 200; return new hll('x', b) })()",
            "throws hll(): the Buffer must hold the 16384 bytes of a getBuffer()");
  EXPECT_JS("new hll('x', {})", "throws hll(): argument 2 is no counter made with new rampart.utils.hll()");
  EXPECT_JS("new hll('x').merge(5)", "throws hll.merge(): argument 1 is no counter made with new rampart.utils.hll()");
  EXPECT_JS("new hll('x').add({})", "throws hll.add(): a String or Buffer, or an Array of them, is required");
  EXPECT_JS("new hll('x').add(['a', undefined])",
            "throws hll.add(): a String or Buffer, or an Array of them, is required");
  EXPECT_JS("new hll('x').count.call({})",
            "throws hll.count(): not called on a counter made with new rampart.utils.hll()");
  EXPECT_JS("new hll('__proto__').add('x').count()", "1");
}

}  // namespace
}  // namespace ravelin::worker
