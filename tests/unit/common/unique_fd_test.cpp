#include "common/unique_fd.h"

#include <gtest/gtest.h>

#include "tests/unit/common/open_descriptors.h"

namespace ravelin {
namespace {

int open_null() { return open("/dev/null", O_RDWR | O_CLOEXEC); }

TEST(UniqueFd, OwnsNothingAtFirst) {
  UniqueFd fd;
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.get(), -1);
  EXPECT_EQ(fd.release(), -1);
  EXPECT_FALSE(UniqueFd(-1));
}

TEST(UniqueFd, DescriptorZeroIsOne) {
  UniqueFd fd(0);
  EXPECT_TRUE(fd);
  EXPECT_EQ(fd.release(), 0);
}

TEST(UniqueFd, ClosesAtTheEndOfItsLife) {
  int number = open_null();
  {
    UniqueFd fd(number);
    EXPECT_TRUE(fd);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovingTransfersAndClosesWhatWasThere) {
  size_t before = count_open_descriptors();
  {
    UniqueFd first(open_null()), second(open_null());
    int kept = first.get(), closed = second.get();
    second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_EQ(second.get(), kept);
    EXPECT_FALSE(is_open(closed));
    UniqueFd third(std::move(second));
    EXPECT_FALSE(second);
    EXPECT_EQ(third.get(), kept);
    EXPECT_TRUE(is_open(kept));
  }
  EXPECT_EQ(count_open_descriptors(), before);
}

TEST(UniqueFd, MovingToItselfKeepsIt) {
  UniqueFd fd(open_null());
  int number = fd.get();
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_EQ(fd.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, ReleaseGivesItAway) {
  int number;
  {
    UniqueFd fd(open_null());
    number = fd.release();
    EXPECT_FALSE(fd);
  }
  EXPECT_TRUE(is_open(number));
  close(number);
}

TEST(UniqueFd, ResetClosesAndReplaces) {
  UniqueFd fd(open_null());
  int first = fd.get(), second = open_null();
  fd.reset(second);
  EXPECT_FALSE(is_open(first));
  EXPECT_EQ(fd.get(), second);
  fd.reset();
  EXPECT_FALSE(fd);
  EXPECT_FALSE(is_open(second));
  fd.reset();
}

}  // namespace
}  // namespace ravelin
