#include "frontend/respawn_policy.h"

#include <gtest/gtest.h>

namespace ravelin::frontend {
namespace {

using enum DeathClass;

struct Row {
  DeathClass death;
  uint64_t lived_ms;
  uint64_t delay_ms;
};

// The deaths of one worker slot, one after the other.
void expect_delays(std::initializer_list<Row> history) {
  uint32_t failures = 0;
  int number = 0;
  for (const Row& row : history) {
    ++number;
    EXPECT_EQ(respawn_delay_ms(row.death, row.lived_ms, failures), row.delay_ms) << "death " << number;
  }
}

TEST(RespawnPolicy, ADeathInARequestCostsNoTime) {
  expect_delays({{kInRequest, 0, 0}, {kInRequest, 1, 0}, {kInRequest, 1, 0}, {kInRequest, 100'000, 0}});
  uint32_t failures = 7;
  EXPECT_EQ(respawn_delay_ms(kInRequest, 5, failures), 0u);
}

TEST(RespawnPolicy, DeathsBeforeReadyDoubleTheDelayUpToTenSeconds) {
  expect_delays({{kBeforeReady, 0, 200},
                 {kBeforeReady, 0, 400},
                 {kBeforeReady, 0, 800},
                 {kBeforeReady, 0, 1600},
                 {kBeforeReady, 0, 3200},
                 {kBeforeReady, 0, 6400},
                 {kBeforeReady, 0, 10'000},
                 {kBeforeReady, 0, 10'000}});
}

TEST(RespawnPolicy, HowLongItTookToFailBeforeReadyDoesNotMatter) {
  expect_delays({{kBeforeReady, 10'000, 200}, {kBeforeReady, 10'000, 400}, {kBeforeReady, 10'000, 800}});
}

TEST(RespawnPolicy, SomeShortIdleLivesAreFree) {
  static_assert(limits::kFreeIdleDeaths == 3);
  expect_delays({{kIdle, 0, 0}, {kIdle, 99, 0}, {kIdle, 99, 0}, {kIdle, 99, 200}, {kIdle, 0, 400}, {kIdle, 0, 800}});
}

TEST(RespawnPolicy, AnIdleWorkerThatHasLivedIsReplacedAtOnceEveryTime) {
  expect_delays({{kIdle, 100, 0}, {kIdle, 100, 0}, {kIdle, 3'600'000, 0}, {kIdle, 100, 0}, {kIdle, 100, 0}});
}

TEST(RespawnPolicy, ALongLifeEndsTheSeries) {
  expect_delays({{kBeforeReady, 0, 200},
                 {kBeforeReady, 0, 400},
                 {kBeforeReady, 0, 800},
                 {kIdle, limits::kRespawnResetMs, 0},
                 {kIdle, 5, 0},
                 {kIdle, 5, 0},
                 {kIdle, 5, 200}});
}

// DESIGN 3: the delay is "reset when one has lived", whatever ended it.
TEST(RespawnPolicy, ALongLifeThatEndedInARequestEndsTheSeriesToo) {
  expect_delays({{kBeforeReady, 0, 200}, {kBeforeReady, 0, 400}, {kInRequest, 3'600'000, 0}, {kBeforeReady, 0, 200}});
}

TEST(RespawnPolicy, FailuresBeforeReadyAndIdleOnesAreOneSeries) {
  expect_delays({{kIdle, 0, 0}, {kIdle, 0, 0}, {kBeforeReady, 0, 800}, {kIdle, 0, 200}});
}

TEST(RespawnPolicy, NeverOverflows) {
  uint32_t failures = 0;
  for (int i = 0; i < 5000; ++i) {
    uint64_t delay = respawn_delay_ms(i % 2 == 0 ? kBeforeReady : kIdle, 0, failures);
    ASSERT_LE(delay, limits::kRespawnDelayMaxMs);
    if (i > 20) {
      ASSERT_EQ(delay, limits::kRespawnDelayMaxMs);
    }
  }
  failures = ~0u;
  EXPECT_EQ(respawn_delay_ms(kBeforeReady, 0, failures), limits::kRespawnDelayMaxMs);
}

}  // namespace
}  // namespace ravelin::frontend
