// Alarm: rings once at a point of the monotonic clock, to the microsecond: libevent's own timeouts follow a clock that
// steps by up to 4 ms. Not for: many points of time (js_timers.h has a queue of them). Any process with an event loop,
// its main thread.
#pragma once

#include <event2/event.h>

#include <cstdint>

#include "common/unique_fd.h"

namespace ravelin::worker {

class Alarm {
 public:
  // Without a base it never rings. `ring` gets `owner`, from the event loop and never from within set().
  Alarm(event_base* base, void (*ring)(void* owner), void* owner);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Rings at `due_ns` (common/clock.h) instead of when it was to ring; in the next turn of the loop when that is over.
  // It keeps the loop alive until then.
  void set(uint64_t due_ns);
  void clear();

  // In the child of a fork: goes on with another base (or none) and leaves the parent's alone, its descriptor as well,
  // whose number may be another's by now.
  void abandon_after_fork(event_base* fresh_base);

 private:
  void create(event_base* base);
  bool open_clock();
  void clear_clock();
  static void on_soon(evutil_socket_t, short, void* self);
  static void on_clock(evutil_socket_t, short, void* self);

  void (*ring_)(void*);
  void* owner_;
  event_base* base_ = nullptr;
  event* soon_ = nullptr;   // for what is due already
  event* clock_ = nullptr;  // made with timer_; added while the alarm is set
  UniqueFd timer_;          // timerfd, from the first time that needs it
  uint64_t set_ns_ = 0;     // what timer_ is set to; 0: nothing
  bool is_added_ = false;   // clock_
};

}  // namespace ravelin::worker
