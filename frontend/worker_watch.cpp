// Watching the workers: every few milliseconds, while requests are out, the claim words tell what each worker runs. A
// slow request's neighbours are taken back, an overdue worker is killed, one that takes nothing is looked at (DESIGN
// 3).
#include <algorithm>

#include "common/log.h"
#include "common/sys.h"
#include "frontend/connection.h"
#include "frontend/dispatcher.h"

namespace ravelin::frontend {
namespace {

std::string seconds_text(uint64_t ms) {
  char text[32];
  snprintf(text, sizeof text, "%g s", static_cast<double>(ms) / 1000);
  return text;
}

}  // namespace

void Dispatcher::arm_tick() {
  if (tick_armed_ && !tick_is_long_) return;
  tick_armed_ = true;
  tick_is_long_ = false;
  arm_timer(tick_timer_.get(), limits::kTickMs);
}

void Dispatcher::on_tick(int, short, void* self) { static_cast<Dispatcher*>(self)->tick(); }

void Dispatcher::tick() {
  tick_armed_ = false;
  bool soon = false;
  bool owes = false;
  for (WorkerLink& link : links_) {
    if (!link.attached()) continue;
    if (link.channel->is_starved()) mark_dirty(link);
    if (link.outstanding() > 0) soon = watch(link) || soon;
    owes = owes || !link.streams.empty();
    if (link.outstanding() > 0 || !link.streams.empty()) end_hung_callback(link);
  }
  expire_queue();
  drain_queue();
  if (in_flight() == 0 && (!owes || config_.script_timeout_ms == 0)) return;
  tick_armed_ = true;
  if (in_flight() == 0) {
    tick_is_long_ = true;
    return arm_timer(tick_timer_.get(), limits::kOwedTickMs);
  }
  // Nothing waits behind a running request: only deadlines are left to watch, and those are long.
  tick_is_long_ = !soon && queue_head_ == nullptr;
  arm_timer(tick_timer_.get(), tick_is_long_ ? limits::kLongTickMs : limits::kTickMs);
}

// A callback of the worker's loop is ended by the worker itself when its time is over, unless native code hangs there:
// then by this, when somebody is hurt by it.
void Dispatcher::end_hung_callback(WorkerLink& link) {
  const uint64_t timeout_ms = config_.script_timeout_ms;
  if (timeout_ms == 0 || link.kill_sent || !link.ready) return;
  const uint64_t since = link.claims->service_words().callback_since_ns.load(std::memory_order_relaxed);
  const uint64_t now = events_.now_ns();
  if (since == 0 || since > now || now - since <= (timeout_ms + limits::kStalledCheckMs) * kNsPerMs) return;
  kill(link, KillReason::kStalled,
       "a timer, event or other callback ran longer than scriptTimeout (" + seconds_text(timeout_ms) + ")");
}

bool Dispatcher::watch(WorkerLink& link) {
  uint64_t now = events_.now_ns();
  uint8_t oldest = link.oldest();
  WindowSlot& slot = link.at(oldest);
  bool begun = !slot.revoked && link.claims->has_begun(ipc::ClaimPage::index(loop_index_, oldest), slot.stream);
  if (begun && slot.begun_ns == 0) slot.begun_ns = now;
  uint64_t since = begun ? slot.begun_ns : std::max(link.progress_ns, slot.sent_ns);
  uint64_t elapsed = now > since ? now - since : 0;
  if (elapsed > limits::kSlowAfterNs) {
    if (begun && !link.slow) ask_to_flush(link);
    link.slow = true;
    if (link.outstanding() > (begun ? 1u : 0u) && other_can_take(link)) revoke_waiting(link);
  }
  if (link.kill_sent) return false;
  uint64_t timeout_ms = config_.script_timeout_ms;
  if (begun && timeout_ms > 0 && elapsed > (timeout_ms + limits::kHardTimeoutExtraMs) * kNsPerMs) {
    std::string line = slot.request != nullptr ? request_line(*slot.request) + " " + place_of(*slot.request, config_)
                                               : "a request whose client has gone";
    kill(link, KillReason::kTimeout, line + " ran longer than scriptTimeout (" + seconds_text(timeout_ms) + ")");
  } else if (!begun && link.channel->is_starved()) {
    return true;  // the frame has not left: no fault of the worker's
  } else if (!begun && timeout_ms > 0 && elapsed > (2 * timeout_ms + limits::kStalledCheckMs) * kNsPerMs) {
    // Twice: another loop's request may rightly have run for a whole timeout before ours. A worker that says that it
    // is in a callback is found out sooner, by end_hung_callback().
    kill(link, KillReason::kStalled,
         "it took no request for " + seconds_text(elapsed / kNsPerMs) +
             " (stopped, or busy in a timer or event callback)");
  } else if (elapsed > limits::kStalledCheckMs * kNsPerMs &&
             now - link.looked_ns > limits::kStalledCheckMs * kNsPerMs) {
    link.looked_ns = now;
    main_->post([life = life_, slot_index = link.index, generation = link.generation] {
      life->kill_if_stopped(slot_index, generation);
    });
  }
  return link.outstanding() > 1 || !begun;
}

// The oldest unanswered request may be finished, its reply waiting behind native code that runs now: once it is here,
// the oldest one is the one that runs, and its neighbours are not blamed for it.
void Dispatcher::ask_to_flush(const WorkerLink& link) {
  main_->post(
      [life = life_, slot = link.index, generation = link.generation] { life->ask_to_flush(slot, generation); });
}

bool Dispatcher::other_can_take(const WorkerLink& link) const {
  for (const WorkerLink& other : links_)
    if (&other != &link && eligible(other)) return true;
  return false;
}

// Takes back everything that the worker has not begun and queues it anew, in its old order.
void Dispatcher::revoke_waiting(WorkerLink& link) {
  std::vector<Request*> again;
  for (uint8_t index = link.oldest(); index != WorkerLink::kNone; index = link.at(index).next) {
    WindowSlot& slot = link.at(index);
    if (slot.revoked || !link.claims->revoke(ipc::ClaimPage::index(loop_index_, index), slot.stream)) continue;
    slot.revoked = true;
    if (slot.request != nullptr) again.push_back(slot.request);
    slot.request = nullptr;
  }
  for (auto request = again.rbegin(); request != again.rend(); ++request) enqueue_first(**request);
}

void Dispatcher::kill(WorkerLink& link, KillReason reason, std::string detail) {
  if (link.kill_sent) return;
  link.kill_sent = true;
  main_->post([life = life_, slot = link.index, generation = link.generation, reason, detail = std::move(detail)] {
    life->kill(slot, generation, reason, detail);
  });
}

}  // namespace ravelin::frontend
