// JsTimers: setTimeout, setInterval, setMetronome, setImmediate and their clear functions (runtime-api 2.2, 2.3), and
// what else of this process waits for a point of time, on one alarm. Callbacks run from the event loop only, one after
// another, by due time and then in order of creation; an error in one is printed on stderr and the loop goes on. Not
// for: timeouts of requests. One per heap; launcher and workers, main thread. Callbacks live in the heap's stash.
#pragma once

#include <event2/event.h>

#include <cstdint>
#include <functional>
#include <set>
#include <unordered_map>
#include <utility>

#include "worker/alarm.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

class JsTimers {
 public:
  enum class Kind { kTimeout, kInterval, kMetronome, kImmediate, kNative };
  using Id = uint64_t;  // counts up from 1, so it also orders timers with equal due times

  // Attaches itself to the heap of `js` (JsHeap::timers). `base` must outlive this object.
  JsTimers(event_base* base, duk_context* js);
  ~JsTimers();
  JsTimers(const JsTimers&) = delete;
  JsTimers& operator=(const JsTimers&) = delete;

  // Defines the global functions. install_globals() calls it.
  void install();

  // True while any timer waits: the loop of the launcher must go on.
  bool has_pending() const { return !timers_.empty(); }

  // Where other sources of callbacks register; null in a process without a loop.
  event_base* base() const { return base_; }
  // Runs `body` once from the event loop, at `due_ns` (common/clock.h) or as soon after as the scripts allow, outside
  // of the hooks. It must not throw.
  Id call_at(uint64_t due_ns, std::function<void()> body);
  // Nothing happens when it has run already. 0 is nobody's id.
  void cancel(Id id);

  // Runs `body` as a callback, between the two hooks. It must not throw.
  void run_callback(const std::function<void()>& body);

  // In the child of a fork: forgets every timer without running it, leaves the parent's libevent state untouched (it is
  // neither used nor freed) and goes on with `fresh_base`. Null: timers set from now on wait until a later call.
  void abandon_after_fork(event_base* fresh_base);

  // Run before and after each callback (deadlines; microtasks, flushing). They must not throw.
  void set_before_callback(std::function<void()> hook) { before_callback_ = std::move(hook); }
  void set_after_callback(std::function<void()> hook) { after_callback_ = std::move(hook); }

  // In the heap stash: setImmediate(), for native code, whatever scripts have made of the global one.
  static constexpr const char* kSetImmediateName = "ravelinSetImmediate";

 private:
  struct Timer {
    Kind kind;
    uint64_t start_ns;  // metronome: beats are at start_ns + k * interval_ns
    uint64_t interval_ns;
    uint64_t due_ns;
    std::function<void()> body;  // kNative
  };

  static duk_ret_t native_set(duk_context* js);    // magic: Kind
  static duk_ret_t native_clear(duk_context* js);  // magic: Kind, for the message only
  static void on_alarm(void* self) { static_cast<JsTimers*>(self)->run_due(); }

  void add(Id id, Timer timer, uint64_t due_ns);
  void remove(duk_context* js, Id id);
  void run_due();
  void run(Id id);
  void call(Id id, Kind kind);
  void schedule(Id id, Timer& timer, uint64_t due_ns);
  void arm();

  duk_context* js_;
  event_base* base_ = nullptr;
  Alarm alarm_;
  Id next_id_ = 1;
  uint64_t turn_ns_ = 0;  // callbacks run: the time their turn began, and nothing new may be due within it. Else 0
  // Invariant: (due_ns, id) is in queue_ exactly for the timers in timers_, except the one whose callback runs.
  std::unordered_map<Id, Timer> timers_;
  std::set<std::pair<uint64_t, Id>> queue_;
  std::function<void()> before_callback_;
  std::function<void()> after_callback_;
};

}  // namespace ravelin::worker
