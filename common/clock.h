// Time as numbers with units. Monotonic time for deadlines and measuring, wall time for log lines and Date headers.
#pragma once

#include <time.h>

#include <cstdint>

namespace ravelin {

constexpr uint64_t kNsPerMs = 1'000'000;
constexpr uint64_t kNsPerSecond = 1'000'000'000;

// Nanoseconds of CLOCK_MONOTONIC; the same clock in every process of one machine, so deadlines may cross IPC.
inline uint64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

inline uint64_t monotonic_ms() { return monotonic_ns() / kNsPerMs; }

}  // namespace ravelin
