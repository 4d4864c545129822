#include "worker/js_timers.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "common/check.h"
#include "common/clock.h"
#include "worker/block_hook.h"
#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

// Longer delays are cut to this: a century is never, and sums of two such times fit into 64 bits of nanoseconds.
constexpr double kMaxDelayMs = 100.0 * 365 * 24 * 3600 * 1000;

constexpr const char* kSetNames[] = {"setTimeout", "setInterval", "setMetronome", "setImmediate"};
constexpr const char* kClearNames[] = {"clearTimeout", "clearInterval", "clearMetronome", "clearImmediate"};
constexpr const char* kStore = "ravelinTimers";  // in the heap stash: timer id -> [callback, argument...]
constexpr const char* kIdProperty = "eventId";

// Script microseconds, as the reference has them; anything that is not a positive number counts as 0.
uint64_t delay_ns_at(duk_context* js, duk_idx_t index) {
  if (!duk_is_number(js, index)) return 0;
  const double ms = duk_get_number(js, index);
  if (!(ms > 0)) return 0;  // also NaN
  return static_cast<uint64_t>(std::llround(std::min(ms, kMaxDelayMs) * 1000)) * 1000;
}

void push_store(duk_context* js) {
  duk_push_heap_stash(js);
  if (!duk_get_prop_string(js, -1, kStore)) {
    duk_pop(js);
    duk_push_bare_object(js);
    duk_dup_top(js);
    duk_put_prop_string(js, -3, kStore);
  }
  duk_remove(js, -2);
}

void print_error(const char* name, const std::string& text) {
  std::string line = std::string("Error in ") + name + " callback:\n  " + text + "\n";
  about_to_block();
  // One write, so that lines of several processes do not mix. Nobody can be told when stderr itself is gone.
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

JsTimers::JsTimers(event_base* base, duk_context* js) : js_(js), base_(base), alarm_(base, on_alarm, this) {
  CHECK(!JsHeap::of(js).timers);
  JsHeap::of(js).timers = this;
}

JsTimers::~JsTimers() { JsHeap::of(js_).timers = nullptr; }

void JsTimers::install() {
  duk_push_global_object(js_);
  for (int kind = 0; kind < static_cast<int>(std::size(kSetNames)); ++kind) {
    duk_push_c_function(js_, guarded<native_set>, DUK_VARARGS);
    duk_set_magic(js_, -1, kind);
    if (kind == static_cast<int>(Kind::kImmediate)) {
      duk_push_heap_stash(js_);
      duk_dup(js_, -2);
      duk_put_prop_string(js_, -2, kSetImmediateName);
      duk_pop(js_);
    }
    duk_put_prop_string(js_, -2, kSetNames[kind]);
    duk_push_c_function(js_, guarded<native_clear>, 1);
    duk_set_magic(js_, -1, kind);
    duk_put_prop_string(js_, -2, kClearNames[kind]);
  }
  duk_pop(js_);
}

duk_ret_t JsTimers::native_set(duk_context* js) {
  const auto kind = static_cast<Kind>(duk_get_current_magic(js));
  const char* name = kSetNames[static_cast<int>(kind)];
  JsTimers* self = JsHeap::of(js).timers;
  if (!self) throw_error(js, "%s(): this context has no event loop", name);
  if (!duk_is_function(js, 0)) throw_error(js, "%s(): Callback must be a function", name);
  const duk_idx_t first_argument = kind == Kind::kImmediate ? 1 : 2;
  const uint64_t delay_ns = kind == Kind::kImmediate ? 0 : delay_ns_at(js, 1);
  const duk_idx_t top = duk_get_top(js);

  // What can fail comes first; the timer exists when all is stored.
  const Id id = self->next_id_++;
  push_store(js);
  duk_push_number(js, static_cast<double>(id));
  duk_push_array(js);
  duk_dup(js, 0);
  duk_put_prop_index(js, -2, 0);
  for (duk_idx_t i = first_argument; i < top; ++i) {
    duk_dup(js, i);
    duk_put_prop_index(js, -2, static_cast<duk_uarridx_t>(i - first_argument + 1));
  }
  duk_put_prop(js, -3);
  duk_push_object(js);
  duk_push_number(js, static_cast<double>(id));
  duk_put_prop_string(js, -2, kIdProperty);
  const uint64_t now = monotonic_ns();
  self->add(id, Timer{kind, now, delay_ns, 0, nullptr}, now + delay_ns);
  return 1;
}

duk_ret_t JsTimers::native_clear(duk_context* js) {
  const char* name = kClearNames[duk_get_current_magic(js)];
  if (!duk_is_object(js, 0) || !duk_get_prop_string(js, 0, kIdProperty) || !duk_is_number(js, -1)) {
    throw_error(js, "%s(): argument must be what setTimeout, setInterval or setMetronome returned", name);
  }
  const double id = duk_get_number(js, -1);
  if (JsTimers* self = JsHeap::of(js).timers; self && id > 0 && id < static_cast<double>(self->next_id_)) {
    self->remove(js, static_cast<Id>(id));
  }
  return 0;
}

JsTimers::Id JsTimers::call_at(uint64_t due_ns, std::function<void()> body) {
  const Id id = next_id_++;
  add(id, Timer{Kind::kNative, 0, 0, 0, std::move(body)}, due_ns);
  return id;
}

void JsTimers::cancel(Id id) {
  auto found = timers_.find(id);
  if (found == timers_.end()) return;
  queue_.erase({found->second.due_ns, id});
  timers_.erase(found);
}

void JsTimers::add(Id id, Timer timer, uint64_t due_ns) {
  schedule(id, timers_.emplace(id, std::move(timer)).first->second, due_ns);
  if (turn_ns_ == 0 && queue_.begin()->second == id) arm();
}

void JsTimers::schedule(Id id, Timer& timer, uint64_t due_ns) {
  // What a callback sets waits for the next turn of the loop, so that timers of 0 ms cannot starve I/O.
  timer.due_ns = std::max(due_ns, turn_ns_ + 1);
  queue_.emplace(timer.due_ns, id);
}

void JsTimers::remove(duk_context* js, Id id) {
  auto found = timers_.find(id);
  if (found == timers_.end() || found->second.kind == Kind::kNative) return;
  cancel(id);
  StackGuard guard(js);
  push_store(js);
  duk_push_number(js, static_cast<double>(id));
  duk_del_prop(js, -2);
}

void JsTimers::arm() {
  if (queue_.empty()) {
    alarm_.clear();
  } else {
    alarm_.set(queue_.begin()->first);
  }
}

void JsTimers::run_due() {
  turn_ns_ = monotonic_ns();
  while (!queue_.empty() && queue_.begin()->first <= turn_ns_) {
    const Id id = queue_.begin()->second;
    queue_.erase(queue_.begin());
    run(id);
  }
  turn_ns_ = 0;
  arm();
}

void JsTimers::run_callback(const std::function<void()>& body) {
  if (before_callback_) before_callback_();
  body();
  if (after_callback_) after_callback_();
}

void JsTimers::run(Id id) {
  const Kind kind = timers_.at(id).kind;
  if (kind == Kind::kNative) {
    const std::function<void()> body = std::move(timers_.at(id).body);
    timers_.erase(id);
    return body();
  }
  const bool repeats = kind == Kind::kInterval || kind == Kind::kMetronome;
  if (!repeats) timers_.erase(id);
  if (before_callback_) before_callback_();
  call(id, kind);
  if (after_callback_) after_callback_();

  auto found = timers_.find(id);  // the callback may have cleared it, or forgotten all of them after a fork
  if (found == timers_.end()) return;
  Timer& timer = found->second;
  const uint64_t now = monotonic_ns();
  uint64_t next = timer.due_ns + timer.interval_ns;
  if (next < now) {
    // Missed calls are dropped: an interval begins anew, a metronome waits for its next beat (runtime-api 2.2).
    next = now + timer.interval_ns;
    if (kind == Kind::kMetronome && timer.interval_ns > 0) next -= (now - timer.start_ns) % timer.interval_ns;
  }
  schedule(id, timer, next);
}

// Fetches the callback, forgets it when it is for once, calls it with the global object as `this`.
void JsTimers::call(Id id, Kind kind) {
  const bool ok = run_protected(js_, [id, kind](duk_context* js) {
    push_store(js);
    duk_push_number(js, static_cast<double>(id));
    if (!duk_get_prop(js, -2)) return;
    if (kind == Kind::kTimeout || kind == Kind::kImmediate) {
      duk_push_number(js, static_cast<double>(id));
      duk_del_prop(js, -3);
    }
    const duk_idx_t entry = duk_get_top_index(js);
    const auto length = static_cast<duk_uarridx_t>(duk_get_length(js, entry));
    duk_require_stack(js, static_cast<duk_idx_t>(length) + 2);
    duk_get_prop_index(js, entry, 0);
    duk_push_global_object(js);
    for (duk_uarridx_t i = 1; i < length; ++i) duk_get_prop_index(js, entry, i);
    duk_call_method(js, static_cast<duk_idx_t>(length) - 1);
  });
  if (ok) return;
  print_error(kSetNames[static_cast<int>(kind)], error_text(js_, -1));
  duk_pop(js_);
}

void JsTimers::abandon_after_fork(event_base* fresh_base) {
  timers_.clear();
  queue_.clear();
  turn_ns_ = 0;
  alarm_.abandon_after_fork(fresh_base);
  base_ = fresh_base;
  const bool ok = run_protected(js_, [](duk_context* js) {
    duk_push_heap_stash(js);
    duk_del_prop_string(js, -1, kStore);
  });
  if (!ok) duk_pop(js_);
}

}  // namespace ravelin::worker
