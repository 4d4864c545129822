// Microtasks: the queue of promise reactions (runtime-api 2.4). Code that runs script from C++ calls run_microtasks()
// after it: main script, timers, request handlers, event callbacks. Without a promise in sight that costs one load.
// Also how C++ looks at a promise, and the report of rejections that nobody handles.
// Not for: Promise itself (bootstrap/promise.js). Any process that runs script, main thread.
#pragma once

#include <duktape.h>

#include "worker/js_heap.h"

namespace ravelin::worker {

// Gives the heap its queue; pushes the functions enqueue(job, a, b) and noteRejected(promise) and the name of the
// hidden property in which a Promise has its record, for promise.js.
void push_promise_support(duk_context* js);

// Runs all microtasks, those that they add included; then reports on stderr each promise that was rejected and has no
// handler, once. What a queueMicrotask() callback throws is reported as well. False when the deadline of the heap ended
// it: its error is on top of the stack and the rest is dropped, or `kept` for the next call. Nested calls do nothing.
enum class Rest { kDropped, kKept };
bool drain_microtasks(duk_context* js, Rest rest = Rest::kDropped);

// What drain_microtasks() left on top: reports it on stderr and pops it.
void report_microtask_error(duk_context* js);

// For the event loop. Never throws; what ends them is reported.
inline void run_microtasks(JsHeap& heap) {
  if (heap.has_microtasks && !drain_microtasks(heap.js())) report_microtask_error(heap.js());
}

// For native code inside a protected call: throws what ended it.
inline void run_microtasks_or_throw(duk_context* js) {
  if (JsHeap::of(js).has_microtasks && !drain_microtasks(js)) duk_throw(js);
}

// In the child of a fork: what the parent's script had queued is the parent's.
void abandon_microtasks(JsHeap& heap);

// The caller will look at the promise at `index` when the microtasks have run: its rejection is not reported. False
// when the value is no promise.
bool claim_promise(duk_context* js, duk_idx_t index);

enum class PromiseState { kNotPromise, kPending, kFulfilled, kRejected };

// State of the value at `index`; pushes the value or reason when it is settled, and nothing otherwise.
PromiseState take_promise(duk_context* js, duk_idx_t index);

}  // namespace ravelin::worker
