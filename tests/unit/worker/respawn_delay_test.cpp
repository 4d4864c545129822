#include "worker/respawn_delay.h"

#include <gtest/gtest.h>

namespace ravelin::worker {
namespace {

TEST(RespawnDelay, FirstAtOnceThenDoublingUpToTheLimit) {
  uint32_t failures = 0;
  for (uint64_t expected : {0, 200, 400, 800, 1600, 3200, 6400, 10000, 10000})
    EXPECT_EQ(supervised_respawn_delay_ms(50, failures), expected);
}

TEST(RespawnDelay, OneThatLivedLongBeginsAnew) {
  uint32_t failures = 7;
  EXPECT_EQ(supervised_respawn_delay_ms(limits::kRespawnResetMs, failures), 0u);
  EXPECT_EQ(supervised_respawn_delay_ms(limits::kRespawnResetMs - 1, failures), 200u);
}

TEST(RespawnDelay, NeverOverflows) {
  uint32_t failures = 0;
  for (int i = 0; i < 5000; ++i) EXPECT_LE(supervised_respawn_delay_ms(0, failures), limits::kRespawnDelayMaxMs);
}

}  // namespace
}  // namespace ravelin::worker
