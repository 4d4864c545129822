#include "common/clock.h"

#include <gtest/gtest.h>

namespace ravelin {
namespace {

TEST(Clock, NeverGoesBack) {
  uint64_t last = monotonic_ns();
  for (int i = 0; i < 1000; ++i) {
    uint64_t now = monotonic_ns();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, IsTheMonotonicClockOfTheMachine) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t seconds = static_cast<uint64_t>(now.tv_sec);
  EXPECT_LE(monotonic_ns() / kNsPerSecond - seconds, 1u);
  EXPECT_LE(monotonic_ms() / 1000 - seconds, 1u);
}

}  // namespace
}  // namespace ravelin
