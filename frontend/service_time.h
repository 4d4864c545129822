// What a request takes at one worker lately, and so how much work lies before a new one. Decides when fast requests
// share a worker's batch instead of waking another worker. Not for: deadlines (worker_watch). One loop, one thread.
#pragma once

#include <cstdint>

#include "common/limits.h"

namespace ravelin::frontend {

class ServiceTime {
 public:
  // `answers` (at least 1) came in one read, `elapsed_ns` after the worker's last sign of life.
  void note(uint32_t answers, uint64_t elapsed_ns) {
    const uint64_t each = elapsed_ns / answers;
    // Up fast, down slowly: after something slow, others must not queue behind the next such request.
    ns_ = each > ns_ ? ns_ + (each - ns_) / 2 : ns_ - (ns_ - each) / 8;
  }

  // Work before a new request, when `outstanding` are there already. Waking a worker costs more than running a few
  // requests of kFastServiceNs: less than kShortBacklogNs of those counts as none.
  uint64_t backlog_ns(uint32_t outstanding) const {
    const uint64_t backlog = outstanding * ns_;
    return ns_ < limits::kFastServiceNs && backlog < limits::kShortBacklogNs ? 0 : backlog;
  }

 private:
  uint64_t ns_ = limits::kUnknownServiceNs;
};

}  // namespace ravelin::frontend
