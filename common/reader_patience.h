// ReaderPatience: how long a process waits for a slow reader of its log (log.cpp). Readers get some time in all in a
// second, and one who lets all of it pass gets no more until it has read something. Not for: the waiting itself, and
// the clock: time is passed in. Any thread; no locks, so that a fork at any moment leaves it good.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "common/clock.h"

namespace ravelin {

class ReaderPatience {
 public:
  static constexpr uint64_t kPerSecondNs = 100 * kNsPerMs;

  // How long the caller may wait now; 0: not at all. All the time that is left is the caller's, so that threads do not
  // spend it twice, until end_wait(). Threads may come with their times in any order.
  uint64_t reserve(uint64_t now_ns) {
    if (has_given_up_) return 0;
    uint64_t since_ns = since_ns_;
    const bool is_over = now_ns > since_ns && now_ns - since_ns >= kNsPerSecond;
    if (is_over && since_ns_.compare_exchange_strong(since_ns, now_ns)) left_ns_ = kPerSecondNs;
    return std::min(left_ns_.exchange(0), kPerSecondNs);
  }

  // The wait took `waited_ns` of what was reserved. `has_room`: the log can be written.
  void end_wait(uint64_t reserved_ns, uint64_t waited_ns, bool has_room) {
    if (!has_room) has_given_up_ = true;
    if (waited_ns < reserved_ns) left_ns_ += reserved_ns - waited_ns;
  }

  // Something was written: there is a reader.
  void note_written() {
    if (has_given_up_) has_given_up_ = false;
  }

 private:
  std::atomic<uint64_t> since_ns_{0};            // when the current second began
  std::atomic<uint64_t> left_ns_{kPerSecondNs};  // of its patience, less what is reserved
  std::atomic<bool> has_given_up_{false};  // a wait that used up the patience was in vain, and nothing written since
};

}  // namespace ravelin
