#include "frontend/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "common/check.h"

namespace ravelin::frontend {

EventLoop::EventLoop() {
  event_config* config = event_config_new();
  CHECK(config != nullptr);
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);  // one thread; post() goes through the eventfd
  event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
  base_ = event_base_new_with_config(config);
  event_config_free(config);
  CHECK(base_ != nullptr);
  mail_bell_.reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  CHECK(mail_bell_);
  mail_event_ = make_event(mail_bell_.get(), EV_READ | EV_PERSIST, on_mail, this);
  event_add(mail_event_.get(), nullptr);
}

EventLoop::~EventLoop() {
  mail_event_.reset();
  event_base_free(base_);
}

void EventLoop::run(const std::function<bool()>& end_of_turn) {
  {
    std::lock_guard lock(mail_mutex_);
    thread_ = std::this_thread::get_id();
  }
  bool is_hurried = end_of_turn();  // what was prepared before the first turn
  now_ns_ = 0;
  while (!stopped_) {
    // EVLOOP_ONCE handles everything that one epoll_wait brought and returns: exactly one turn.
    event_base_loop(base_, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | (is_hurried ? EVLOOP_NONBLOCK : 0));
    is_hurried = end_of_turn();
    now_ns_ = 0;
  }
}

void EventLoop::post(std::function<void()> work) {
  {
    std::lock_guard lock(mail_mutex_);
    if (std::this_thread::get_id() != thread_) {
      mail_.push_back(std::move(work));
      uint64_t one = 1;
      ssize_t n = write(mail_bell_.get(), &one, sizeof one);
      (void)n;  // fails only when the bell has been rung 2^64 times without an answer
      return;
    }
  }
  work();
}

void EventLoop::on_mail(int, short, void* self) { static_cast<EventLoop*>(self)->run_mail(); }

void EventLoop::run_mail() {
  uint64_t rings;
  ssize_t n = read(mail_bell_.get(), &rings, sizeof rings);
  (void)n;
  std::vector<std::function<void()>> mail;
  {
    std::lock_guard lock(mail_mutex_);
    mail.swap(mail_);
  }
  for (auto& work : mail) work();
}

EventPtr EventLoop::make_event(int fd, short what, event_callback_fn callback, void* arg) {
  event* created = event_new(base_, fd, what, callback, arg);
  CHECK(created != nullptr);
  return EventPtr(created);
}

void arm_timer(event* timer, uint64_t ms) {
  timeval delay{static_cast<time_t>(ms / 1000), static_cast<suseconds_t>(ms % 1000 * 1000)};
  evtimer_add(timer, &delay);
}

}  // namespace ravelin::frontend
