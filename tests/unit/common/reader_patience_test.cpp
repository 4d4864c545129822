#include "common/reader_patience.h"

#include <gtest/gtest.h>

namespace ravelin {
namespace {

constexpr uint64_t kAll = ReaderPatience::kPerSecondNs;
constexpr uint64_t kStart = 1000 * kNsPerSecond;

TEST(ReaderPatience, IsSoMuchInASecond) {
  ReaderPatience patience;
  EXPECT_EQ(patience.reserve(kStart), kAll);
  patience.end_wait(kAll, 30 * kNsPerMs, true);
  patience.note_written();
  EXPECT_EQ(patience.reserve(kStart + 50 * kNsPerMs), kAll - 30 * kNsPerMs);
  patience.end_wait(kAll - 30 * kNsPerMs, 200 * kNsPerMs, true);
  patience.note_written();
  EXPECT_EQ(patience.reserve(kStart + kNsPerSecond - 1), 0u);
  EXPECT_EQ(patience.reserve(kStart + kNsPerSecond), kAll);
}

TEST(ReaderPatience, EndsWithAWaitInVainUntilSomethingIsWritten) {
  ReaderPatience patience;
  patience.end_wait(patience.reserve(kStart), kAll, false);
  for (int second = 0; second < 100; ++second) EXPECT_EQ(patience.reserve(kStart + second * kNsPerSecond), 0u);
  patience.note_written();
  EXPECT_EQ(patience.reserve(kStart + 100 * kNsPerSecond), kAll);
}

TEST(ReaderPatience, ThreadsDoNotSpendItTwice) {
  ReaderPatience patience;
  EXPECT_EQ(patience.reserve(kStart), kAll);
  EXPECT_EQ(patience.reserve(kStart), 0u) << "all of it is the other thread's";
  patience.end_wait(kAll, kAll / 4, true);
  EXPECT_EQ(patience.reserve(kStart), kAll - kAll / 4);
}

// A thread takes the time, and is held up before it asks.
TEST(ReaderPatience, AnEarlierTimeBeginsNoSecond) {
  ReaderPatience patience;
  patience.end_wait(patience.reserve(kStart), kAll, true);
  EXPECT_EQ(patience.reserve(kStart - 1), 0u);
  EXPECT_EQ(patience.reserve(kStart - 5 * kNsPerSecond), 0u);
  EXPECT_EQ(patience.reserve(kStart + kNsPerSecond - 1), 0u);
}

// What comes back after the end of its second is not had beside that of the next one.
TEST(ReaderPatience, NeverMoreThanASecondsWorth) {
  ReaderPatience patience;
  const uint64_t early = patience.reserve(kStart);
  const uint64_t late = patience.reserve(kStart + kNsPerSecond);
  patience.end_wait(early, 0, true);
  patience.end_wait(late, 0, true);
  EXPECT_EQ(patience.reserve(kStart + kNsPerSecond), kAll);
}

}  // namespace
}  // namespace ravelin
