// One thread's event loop: libevent turns, work posted from other threads, and work to do at the end of a turn.
// Not for: connections or workers (loop.h owns those). run() and everything except post() belong to one thread.
#pragma once

#include <event2/event.h>

#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/unique_fd.h"

namespace ravelin::frontend {

struct EventDeleter {
  void operator()(event* e) const { event_free(e); }
};
using EventPtr = std::unique_ptr<event, EventDeleter>;

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  event_base* base() { return base_; }

  // Runs turns until stop(). After each turn `end_of_turn` runs: all callbacks of the turn have returned by then. True:
  // the next turn takes only what is there already and waits for nothing.
  void run(const std::function<bool()>& end_of_turn);
  void stop() { stopped_ = true; }

  // Runs `work` in this loop's thread: at once when called from it, else in its next turn. Any thread.
  void post(std::function<void()> work);

  // Monotonic time, read once per turn: at the first call in it.
  uint64_t now_ns() {
    if (now_ns_ == 0) now_ns_ = monotonic_ns();
    return now_ns_;
  }

  EventPtr make_event(int fd, short what, event_callback_fn callback, void* arg);

 private:
  static void on_mail(int, short, void* self);
  void run_mail();

  event_base* base_;
  std::thread::id thread_;  // set by run(); until then everything posted waits
  bool stopped_ = false;
  uint64_t now_ns_ = 0;  // 0: not read in this turn yet
  UniqueFd mail_bell_;   // eventfd: work waits in mail_
  EventPtr mail_event_;
  std::mutex mail_mutex_;  // guards mail_ and thread_; never held while work runs
  std::vector<std::function<void()>> mail_;
};

// Arms `timer` (an event without descriptor) to fire once after `ms`.
void arm_timer(event* timer, uint64_t ms);

}  // namespace ravelin::frontend
