#include "worker/callback_deadline.h"

#include <utility>

#include "common/clock.h"
#include "worker/js_events.h"
#include "worker/js_microtasks.h"
#include "worker/js_timers.h"

namespace ravelin::worker {

CallbackDeadline::CallbackDeadline(JsHeap& heap, uint64_t script_timeout_ms, ipc::ServiceWords& words,
                                   std::function<void()> on_timeout)
    : heap_(heap), timeout_ns_(script_timeout_ms * kNsPerMs), words_(words), on_timeout_(std::move(on_timeout)) {}

void CallbackDeadline::install() {
  const auto set_hooks = [this](auto* source) {
    if (source == nullptr) return;
    if (timeout_ns_ > 0) source->set_before_callback([this] { begin(); });
    source->set_after_callback([this] { timeout_ns_ > 0 ? end() : run_microtasks(heap_); });
  };
  set_hooks(heap_.timers);
  set_hooks(heap_.events);
}

void CallbackDeadline::begin() {
  const uint64_t now_ns = monotonic_ns();
  heap_.arm_deadline(now_ns + timeout_ns_);
  words_.note_callback(now_ns);
}

void CallbackDeadline::end() {
  bool timed_out = heap_.deadline_passed();
  // A callback that hung has used up the time of those that it had called back to life.
  if (timed_out && heap_.has_microtasks) begin();
  timed_out = run_reactions() || timed_out;
  heap_.disarm_deadline();
  words_.note_callback(0);
  if (timed_out) on_timeout_();
}

// True: at least one was stopped. The others, which may belong to other requests, run all the same.
bool CallbackDeadline::run_reactions() {
  bool timed_out = false;
  while (heap_.has_microtasks && !drain_microtasks(heap_.js(), Rest::kKept)) {
    const bool by_deadline = heap_.deadline_passed();
    report_microtask_error(heap_.js());
    if (!by_deadline) break;
    timed_out = true;
    begin();
  }
  return timed_out;
}

}  // namespace ravelin::worker
