// CallbackDeadline: with a scriptTimeout, the soft deadline of each callback that a worker's loop runs outside of a
// request's function (timers, events, watchers) and of the promise reactions behind it. One that hangs ends with an
// error in the log; the worker goes on. The frontend is told since when one runs, for what no deadline stops.
// Without a scriptTimeout only the reactions are run. Not for: requests (handler.h), callbacks of deferred and chunked
// replies, which have a deadline and an end of their own (deferred_replies.h). Workers, main thread.
#pragma once

#include <cstdint>
#include <functional>

#include "ipc/claims.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

class CallbackDeadline {
 public:
  // All three outlive this object. `on_timeout` runs at rest, after the end of a callback or reaction that was stopped.
  CallbackDeadline(JsHeap& heap, uint64_t script_timeout_ms, ipc::ServiceWords& words,
                   std::function<void()> on_timeout);

  // Sets the hooks of the heap's timers and events.
  void install();

 private:
  void begin();
  void end();
  bool run_reactions();

  JsHeap& heap_;
  const uint64_t timeout_ns_;
  ipc::ServiceWords& words_;
  const std::function<void()> on_timeout_;
};

}  // namespace ravelin::worker
