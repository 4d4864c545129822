// When the launcher replaces a dead frontend or zygote: at once the first time, then after 200 ms x 2^n up to 10 s
// while they die young. Pure: time is passed in. Used by the supervisor; the frontend has its own rule for workers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/limits.h"

namespace ravelin::worker {

// Milliseconds to wait before the next start of a process that lived `lived_ms`. `failures` counts its deaths in a row
// within kRespawnResetMs of their start; it is updated.
inline uint64_t supervised_respawn_delay_ms(uint64_t lived_ms, uint32_t& failures) {
  if (lived_ms >= limits::kRespawnResetMs) failures = 0;
  const uint32_t earlier = failures;
  if (failures < 1000) ++failures;
  if (earlier == 0) return 0;
  return std::min(limits::kRespawnDelayMs << std::min<uint32_t>(earlier - 1, 16), limits::kRespawnDelayMaxMs);
}

}  // namespace ravelin::worker
