// What a request takes at one worker lately, by the worker's own account, and so how much work lies before a new one.
// Decides when fast requests share a worker's batch instead of waking another worker. Not for: deadlines
// (worker_watch). One loop, one thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/limits.h"
#include "ipc/claims.h"

namespace ravelin::frontend {

class ServiceTime {
 public:
  // After the worker has sent something. Words of an untrusted worker: any values.
  void note(const ipc::ServiceWords& words) {
    const uint64_t requests = words.requests.load(std::memory_order_relaxed);
    const uint64_t busy_ns = words.busy_ns.load(std::memory_order_relaxed);
    if (requests == requests_) return;
    const uint64_t each = std::min((busy_ns - busy_ns_) / (requests - requests_), kMostNs);
    requests_ = requests;
    busy_ns_ = busy_ns;
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
  static constexpr uint64_t kMostNs = 1'000'000'000'000;  // times any window fits into 64 bits

  uint64_t ns_ = limits::kUnknownServiceNs;
  uint64_t requests_ = 0;  // of the words, at the last note()
  uint64_t busy_ns_ = 0;
};

}  // namespace ravelin::frontend
