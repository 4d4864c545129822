#include "common/check.h"

#include <gtest/gtest.h>

namespace ravelin {
namespace {

TEST(Check, LetsATrueConditionPass) {
  int evaluations = 0;
  CHECK(++evaluations == 1);
  EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, LogsItsPlaceAndAborts) {
  EXPECT_EXIT(CHECK(1 + 1 == 3), testing::KilledBySignal(SIGABRT), "alert: .*check_test\\.cpp:[0-9]+: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace ravelin
