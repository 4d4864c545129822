#include "worker/line_maps.h"

#include <gtest/gtest.h>

#include "worker/varint.h"

namespace ravelin::worker {
namespace {

// Compiled lines 1 to 6: a helper, original 1, nothing of its own, original 3 (two segments), 2 (a line that moved), 3.
constexpr const char* kMappings = ";AAAA;;AAEA,IAAM;AADA,CAAC;AACD";

TEST(LineTable, GivesTheOriginalLineOfEachCompiledLine) {
  const std::string table = line_table_from_mappings(kMappings);
  const uint32_t expected[] = {0, 1, 1, 3, 2, 3, 3, 3};
  for (uint32_t line = 1; line <= 8; ++line) EXPECT_EQ(original_line(table, line), expected[line - 1]) << line;
}

TEST(LineTable, GoesFarBeyondOneByte) {
  // Segment number 1000 in Base64 VLQ: 2000 = 11111 010000 -> "w+B".
  const std::string table = line_table_from_mappings("AAw+BA");
  EXPECT_EQ(original_line(table, 1), 1001u);
}

TEST(LineTable, OfMalformedMappingsIsEmpty) {
  for (const char* bad : {"!", "AAAAAAAA", "AA;g", "\xFF"}) EXPECT_EQ(line_table_from_mappings(bad), "") << bad;
  EXPECT_EQ(original_line("", 5), 0u);
  EXPECT_EQ(original_line("\xFF\xFF", 1), 0u);
}

TEST(LineMaps, PutsCodeOnItsOriginalLines) {
  std::string table;
  for (int step : {0, 1, 0, 3, -2, 1}) append_varint(table, step);  // original lines 0 1 1 4 2 3
  EXPECT_EQ(with_original_lines("helper;\na;\nb;\nfour;\ntwo;\nthree;\n", table),
            "helper; a; b; \n\n\nfour; two; three;");
  EXPECT_EQ(with_original_lines("'a\\\nb';\nc;", ""), "'a\\\nb'; c;") << "a string that goes on stays whole";
  EXPECT_EQ(with_original_lines("", ""), "");
}

TEST(LineMaps, MapsTheFramesOfItsFilesOnly) {
  LineMaps maps;
  EXPECT_TRUE(maps.empty());
  maps.set("/a.js", line_table_from_mappings(kMappings));
  EXPECT_EQ(maps.map_stack("Error: x (/a.js:4)\n"
                           "    at f (/a.js:4) strict\n"
                           "    at __awaiter (/a.js:1)\n"
                           "    at g (/b.js:4)\n"
                           "    at (odd) name (/a.js:5) construct\n"
                           "    at native () native strict\n"
                           "    at broken (/a.js:x)"),
            "Error: x (/a.js:4)\n"
            "    at f (/a.js:3) strict\n"
            "    at g (/b.js:4)\n"
            "    at (odd) name (/a.js:2) construct\n"
            "    at native () native strict\n"
            "    at broken (/a.js:x)");
  EXPECT_EQ(maps.line_of("/a.js", 5), 2u);
  EXPECT_EQ(maps.line_of("/b.js", 5), 5u);
  maps.forget("/a.js");
  EXPECT_EQ(maps.line_of("/a.js", 5), 5u);
}

}  // namespace
}  // namespace ravelin::worker
