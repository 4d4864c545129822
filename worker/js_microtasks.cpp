#include "worker/js_microtasks.h"

#include <stdio.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "worker/block_hook.h"
#include "worker/js_error.h"
#include "worker/js_weak.h"

namespace ravelin::worker {

namespace {

// A macro, since the engine remembers where it keeps a literal: this is asked of each reply.
#define RAVELIN_PROMISE_RECORD DUK_HIDDEN_SYMBOL("promise")
// In the heap stash: the queue [job, a, b, job, a, b, ...] and the promises that were rejected without a handler.
constexpr const char* kQueue = "ravelinMicrotasks";
constexpr const char* kRejected = "ravelinRejected";

// [ ... ] -> [ ... array ]: the array in the stash under `name`, which a new one replaces.
void take_stashed_array(duk_context* js, const char* name) {
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, name);
  duk_push_bare_array(js);
  duk_put_prop_string(js, -3, name);
  duk_remove(js, -2);
}

void push_stashed_array(duk_context* js, const char* name) {
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, name);
  duk_remove(js, -2);
}

duk_ret_t native_enqueue(duk_context* js) {  // job, a, b
  push_stashed_array(js, kQueue);
  const auto end = static_cast<duk_uarridx_t>(duk_get_length(js, 3));
  for (duk_uarridx_t i = 0; i < 3; ++i) {
    duk_dup(js, static_cast<duk_idx_t>(i));
    duk_put_prop_index(js, 3, end + i);
  }
  JsHeap::of(js).has_microtasks = true;
  return 0;
}

duk_ret_t native_note_rejected(duk_context* js) {
  push_stashed_array(js, kRejected);
  duk_dup(js, 0);
  duk_put_prop_index(js, 1, static_cast<duk_uarridx_t>(duk_get_length(js, 1)));
  JsHeap::of(js).has_microtasks = true;
  return 0;
}

void report(const char* what, const std::string& text) {
  const std::string lines = std::string(what) + ":\n  " + text + "\n";
  about_to_block();
  // One write, so that lines of several processes do not mix. Nobody can be told when stderr itself is gone.
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, lines.data(), lines.size());
}

// Calls the job at `place` of the queue on top. False: its error is on top.
bool run_job(duk_context* js, duk_uarridx_t place) {
  const duk_idx_t queue = duk_get_top_index(js);
  for (duk_uarridx_t i = 0; i < 3; ++i) {
    duk_get_prop_index(js, queue, place + i);
    duk_push_undefined(js);
    duk_put_prop_index(js, queue, place + i);
  }
  if (!call_protected(js, 2)) return false;
  duk_pop(js);
  return true;
}

// [ ... old queue, value ] -> [ ... value ]: what the old queue has from `place` on goes before what was queued since.
void put_back(duk_context* js, duk_uarridx_t place) {
  const duk_idx_t old_queue = duk_get_top_index(js) - 1;
  duk_push_heap_stash(js);
  duk_push_bare_array(js);
  const duk_idx_t merged = duk_get_top_index(js);
  push_stashed_array(js, kQueue);
  duk_uarridx_t end = 0;
  const auto append = [&](duk_idx_t from, duk_uarridx_t first) {
    const auto length = static_cast<duk_uarridx_t>(duk_get_length(js, from));
    for (duk_uarridx_t i = first; i < length; ++i) {
      duk_get_prop_index(js, from, i);
      duk_put_prop_index(js, merged, end++);
    }
  };
  append(old_queue, place);
  append(merged + 1, 0);
  duk_pop(js);
  duk_put_prop_string(js, -2, kQueue);
  duk_pop(js);
  duk_remove(js, old_queue);
}

// Runs what is queued now; what that adds comes into a new queue. False: the deadline has passed, its error is on top.
bool run_round(duk_context* js, JsHeap& heap, Rest rest) {
  take_stashed_array(js, kQueue);
  const auto end = static_cast<duk_uarridx_t>(duk_get_length(js, -1));
  for (duk_uarridx_t place = 0; place < end; place += 3) {
    if (run_job(js, place)) continue;
    if (heap.deadline_passed()) {
      rest == Rest::kKept ? put_back(js, place + 3) : duk_remove(js, -2);
      return false;
    }
    // Promise reactions catch what handlers throw; this was the callback of queueMicrotask().
    report("Error in queueMicrotask callback", error_text(js, -1));
    duk_pop(js);
  }
  duk_pop(js);
  return true;
}

bool queue_is_empty(duk_context* js) {
  push_stashed_array(js, kQueue);
  const bool is_empty = duk_get_length(js, -1) == 0;
  duk_pop(js);
  return is_empty;
}

// The record of the promise at `index`; false, with nothing pushed, when it is none.
bool push_record(duk_context* js, duk_idx_t index) {
  if (!duk_is_object(js, index)) return false;
  if (duk_get_prop_literal(js, index, RAVELIN_PROMISE_RECORD)) return true;
  duk_pop(js);
  return false;
}

void report_rejections(duk_context* js) {
  take_stashed_array(js, kRejected);
  const duk_idx_t list = duk_get_top_index(js);
  const auto count = static_cast<duk_uarridx_t>(duk_get_length(js, list));
  for (duk_uarridx_t i = 0; i < count; ++i) {
    duk_get_prop_index(js, list, i);
    if (push_record(js, -1)) {
      duk_get_prop_literal(js, -1, "isHandled");
      if (!duk_to_boolean(js, -1)) {
        duk_get_prop_literal(js, -2, "value");
        report("Unhandled promise rejection", error_text(js, -1));
      }
    }
    duk_set_top(js, list + 1);
  }
  duk_pop(js);
}

void drop_queues(duk_context* js) {
  take_stashed_array(js, kQueue);
  take_stashed_array(js, kRejected);
  duk_pop_2(js);
}

}  // namespace

void push_promise_support(duk_context* js) {
  duk_push_heap_stash(js);
  duk_push_bare_array(js);
  duk_put_prop_string(js, -2, kQueue);
  duk_push_bare_array(js);
  duk_put_prop_string(js, -2, kRejected);
  duk_pop(js);
  duk_push_literal(js, RAVELIN_PROMISE_RECORD);
  duk_push_c_function(js, native_enqueue, 3);
  duk_push_c_function(js, native_note_rejected, 1);
}

bool drain_microtasks(duk_context* js, Rest rest) {
  JsHeap& heap = JsHeap::of(js);
  if (heap.is_draining_microtasks) return true;
  heap.is_draining_microtasks = true;
  bool in_time = true;
  const bool ok = run_protected(js, [&](duk_context* inner) {
    if (auto task = std::exchange(heap.native_microtask, nullptr)) task(inner);
    while (in_time && !queue_is_empty(inner)) in_time = run_round(inner, heap, rest);
    if (!in_time) duk_throw(inner);
    report_rejections(inner);
    release_kept_objects(inner);
    heap.has_microtasks = !queue_is_empty(inner) || heap.native_microtask;
  });
  heap.is_draining_microtasks = false;
  if (ok) return true;
  if (!in_time && rest == Rest::kKept) return false;
  // The deadline, or the end of memory.
  heap.has_microtasks = false;
  if (!run_protected(js, [](duk_context* inner) { drop_queues(inner); })) duk_pop(js);
  return false;
}

void report_microtask_error(duk_context* js) {
  report("Error in promise reaction", error_text(js, -1));
  duk_pop(js);
}

void abandon_microtasks(JsHeap& heap) {
  if (!heap.has_microtasks) return;
  heap.has_microtasks = heap.is_draining_microtasks = false;
  if (!run_protected(heap.js(), [](duk_context* js) { drop_queues(js); })) duk_pop(heap.js());
}

bool claim_promise(duk_context* js, duk_idx_t index) {
  if (!push_record(js, index)) return false;
  duk_push_true(js);
  duk_put_prop_literal(js, -2, "isHandled");
  duk_pop(js);
  return true;
}

PromiseState take_promise(duk_context* js, duk_idx_t index) {
  if (!push_record(js, index)) return PromiseState::kNotPromise;
  duk_get_prop_literal(js, -1, "state");
  const duk_int_t state = duk_get_int(js, -1);
  duk_pop(js);
  if (state == 0) {
    duk_pop(js);
    return PromiseState::kPending;
  }
  duk_get_prop_literal(js, -1, "value");
  duk_remove(js, -2);
  return state == 1 ? PromiseState::kFulfilled : PromiseState::kRejected;
}

}  // namespace ravelin::worker
