// When a dead worker is replaced (DESIGN 3). Pure: time is passed in. Used by worker_life.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/limits.h"

namespace ravelin::frontend {

enum class DeathClass {
  kInRequest,    // it had begun a request, was killed for one, or retired after one
  kBeforeReady,  // it never said Hello
  kIdle,         // it was ready and had begun nothing
};

// Milliseconds to wait before the next spawn. `failures` counts the deaths in a row that were not in a request, up to
// now; it is updated. A page that crashes at every hit must not take workers away, so those deaths are free of delay.
// So is an idle death of a worker that has lived (an operator, the OOM killer); a series of short lives is a fault of
// the site.
inline uint64_t respawn_delay_ms(DeathClass death, uint64_t lived_ms, uint32_t& failures) {
  if (death != DeathClass::kBeforeReady && lived_ms >= limits::kRespawnResetMs) failures = 0;
  if (death == DeathClass::kInRequest) return 0;
  uint32_t earlier = failures;
  if (failures < 1000) ++failures;
  if (death == DeathClass::kIdle) {
    if (earlier < limits::kFreeIdleDeaths) return 0;
    earlier -= limits::kFreeIdleDeaths;
  }
  return std::min(limits::kRespawnDelayMs << std::min<uint32_t>(earlier, 16), limits::kRespawnDelayMaxMs);
}

}  // namespace ravelin::frontend
