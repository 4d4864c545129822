#include "worker/alarm.h"

#include <sys/time.h>
#include <sys/timerfd.h>

#include <algorithm>

#include "common/check.h"
#include "common/clock.h"

namespace ravelin::worker {

Alarm::Alarm(event_base* base, void (*ring)(void* owner), void* owner) : ring_(ring), owner_(owner) { create(base); }

Alarm::~Alarm() {
  if (soon_) event_free(soon_);
  if (clock_) event_free(clock_);
}

void Alarm::create(event_base* base) {
  base_ = base;
  soon_ = clock_ = nullptr;
  set_ns_ = 0;
  is_added_ = false;
  if (!base) return;
  soon_ = evtimer_new(base, on_soon, this);
  CHECK(soon_);
}

bool Alarm::open_clock() {
  if (clock_) return true;
  timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_) return false;
  clock_ = event_new(base_, timer_.get(), EV_READ | EV_PERSIST, on_clock, this);
  CHECK(clock_);
  return true;
}

void Alarm::set(uint64_t due_ns) {
  if (!base_) return;
  const uint64_t now_ns = monotonic_ns();
  if (due_ns > now_ns && open_clock()) {
    if (set_ns_ == due_ns) return;
    const itimerspec when{{0, 0},
                          {static_cast<time_t>(due_ns / kNsPerSecond), static_cast<long>(due_ns % kNsPerSecond)}};
    CHECK(timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr) == 0);
    set_ns_ = due_ns;
    if (!is_added_) CHECK(event_add(clock_, nullptr) == 0);
    is_added_ = true;
    return;
  }
  // Due, or the process has no descriptor left for a clock of its own.
  const uint64_t delay_us = due_ns > now_ns ? (due_ns - now_ns + 999) / 1000 : 0;
  const timeval delay{static_cast<time_t>(delay_us / 1'000'000), static_cast<suseconds_t>(delay_us % 1'000'000)};
  event_base_update_cache_time(base_);  // libevent counts from the beginning of this turn
  CHECK(event_add(soon_, &delay) == 0);
}

void Alarm::clear() {
  if (soon_) event_del(soon_);
  clear_clock();
}

void Alarm::clear_clock() {
  if (is_added_) event_del(clock_);
  is_added_ = false;
  set_ns_ = 0;  // the descriptor may ring on: nobody listens
}

void Alarm::on_soon(evutil_socket_t, short, void* self) {
  auto* alarm = static_cast<Alarm*>(self);
  alarm->ring_(alarm->owner_);
}

// The descriptor is not read: setting it anew takes the old ringing back, else nobody listens any more.
void Alarm::on_clock(evutil_socket_t, short, void* self) {
  auto* alarm = static_cast<Alarm*>(self);
  alarm->set_ns_ = 0;
  alarm->ring_(alarm->owner_);
  if (alarm->set_ns_ == 0) alarm->clear_clock();
}

void Alarm::abandon_after_fork(event_base* fresh_base) {
  timer_.release();
  create(fresh_base);  // the old events lie in the parent's base: freeing them would touch that base
}

}  // namespace ravelin::worker
