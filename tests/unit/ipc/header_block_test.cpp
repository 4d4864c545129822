#include "ipc/header_block.h"

#include <gtest/gtest.h>

namespace ravelin::ipc {
namespace {

TEST(HeaderBlock, GivesLinesBackInOrder) {
  std::string block;
  append_header_line(block, "Host", "example.org");
  append_header_line(block, "x-empty", "");
  append_header_line(block, "Host", std::string_view("\0\r\n", 3));
  append_header_line(block, "", "no name");
  HeaderBlockReader reader(block);
  HeaderLine line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.name, "Host");
  EXPECT_EQ(line.value, "example.org");
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.name, "x-empty");
  EXPECT_EQ(line.value, "");
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.value, std::string_view("\0\r\n", 3));
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.name, "");
  EXPECT_FALSE(reader.next(line));
  EXPECT_TRUE(reader.ok());
}

TEST(HeaderBlock, EmptyIsFine) {
  HeaderBlockReader reader("");
  HeaderLine line;
  EXPECT_FALSE(reader.next(line));
  EXPECT_TRUE(reader.ok());
}

TEST(HeaderBlock, EveryTruncationIsSeen) {
  std::string block;
  append_header_line(block, "name", "value");
  size_t first_line = block.size();
  append_header_line(block, "second", "another");
  for (size_t cut = 0; cut < block.size(); ++cut) {
    HeaderBlockReader reader(std::string_view(block).substr(0, cut));
    HeaderLine line;
    while (reader.next(line)) {
    }
    EXPECT_EQ(reader.ok(), cut == 0 || cut == first_line) << cut;
  }
}

TEST(HeaderBlock, HugeLengthsAreSeen) {
  for (std::string_view block : {std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff name", 13),
                                 std::string_view("\0\0\0\0\xff\xff\xff\xff name", 13)}) {
    HeaderBlockReader reader(block);
    HeaderLine line;
    EXPECT_FALSE(reader.next(line));
    EXPECT_FALSE(reader.ok());
  }
}

}  // namespace
}  // namespace ravelin::ipc
