#include "worker/sleep_hook.h"

#include <errno.h>
#include <time.h>

#include <algorithm>

#include "common/clock.h"

namespace ravelin::worker {

namespace {

constexpr double kLongestSleepSeconds = 1e9;  // some 30 years; beyond, the nanoseconds would overflow

void (*sleep_hook)(void*, uint64_t) = nullptr;
void* sleep_argument = nullptr;

}  // namespace

void set_sleep_hook(void (*hook)(void* argument, uint64_t deadline_ns), void* argument) {
  sleep_hook = hook;
  sleep_argument = argument;
}

void interruptible_sleep(double seconds) {
  if (!(seconds > 0)) return;
  const double bounded = std::min(seconds, kLongestSleepSeconds);
  const uint64_t deadline_ns = monotonic_ns() + static_cast<uint64_t>(bounded * static_cast<double>(kNsPerSecond));
  if (sleep_hook) {
    sleep_hook(sleep_argument, deadline_ns);
    return;
  }
  const timespec until{static_cast<time_t>(deadline_ns / kNsPerSecond), static_cast<long>(deadline_ns % kNsPerSecond)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

}  // namespace ravelin::worker
