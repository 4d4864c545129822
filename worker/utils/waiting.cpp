#include "worker/utils/waiting.h"

#include <poll.h>

#include <algorithm>

#include "common/clock.h"
#include "worker/block_hook.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"

namespace ravelin::worker {
namespace {

// The time between soft and hard deadline is 50 ms (DESIGN.md 3).
constexpr uint64_t kLookEveryMs = 10;

}  // namespace

bool wait_for_descriptor(duk_context* ctx, int fd, short events, int64_t timeout_ms) {
  JsHeap& heap = JsHeap::of(ctx);
  pollfd waiting = {fd, events, 0};
  if (poll(&waiting, 1, 0) > 0) return true;
  about_to_block();
  const uint64_t deadline_ms = timeout_ms < 0 ? UINT64_MAX : monotonic_ms() + static_cast<uint64_t>(timeout_ms);
  for (;;) {
    if (heap.check_interrupt()) throw_range_error(ctx, "execution timeout");
    const uint64_t now_ms = monotonic_ms();
    if (now_ms >= deadline_ms) return false;
    if (poll(&waiting, 1, static_cast<int>(std::min(deadline_ms - now_ms, kLookEveryMs))) > 0) return true;
  }
}

}  // namespace ravelin::worker
