#include "common/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace ravelin {
namespace {

Result<std::unique_ptr<int>> make_number(bool works) {
  if (!works) return Error{ErrorCode::kPeerGone, "no number"};
  return std::make_unique<int>(7);
}

TEST(Result, HoldsAValueOrAnError) {
  auto number = make_number(true);
  ASSERT_TRUE(number);
  std::unique_ptr<int> taken = std::move(number.value());
  EXPECT_EQ(*taken, 7);

  auto nothing = make_number(false);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::kPeerGone);
  EXPECT_EQ(nothing.error().message, "no number");
}

TEST(Result, StatusIsGoodByOk) {
  Status good = Ok{};
  EXPECT_TRUE(good);
  Status bad = Error{ErrorCode::kTooLarge, "why"};
  EXPECT_FALSE(bad);
  bad = Ok{};
  EXPECT_TRUE(bad);
}

}  // namespace
}  // namespace ravelin
