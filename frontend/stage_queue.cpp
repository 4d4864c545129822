// Stage "queue": a complete request waits for a worker, bounded in number and age (DESIGN 3, Overload).
#include "common/check.h"
#include "frontend/connection.h"
#include "frontend/dispatcher.h"

namespace ravelin::frontend {

void Dispatcher::submit(Request& request) {
  request.stream = next_stream_++;
  request.lost_workers = 0;
  request.queued_ns = 0;
  if (table_.usable.load(std::memory_order_relaxed) == 0) {
    request.connection.fail(503, "No script worker is running at the moment. Please try again soon.");
    return;
  }
  if (queue_head_ == nullptr) {
    if (WorkerLink* link = choose()) return send(*link, request);
  }
  if (queued_ >= config_.queue_length) {
    request.connection.fail(503, "");
    return;
  }
  enqueue_last(request);
  arm_tick();
}

void Dispatcher::withdraw(Request& request) {
  if (request.state == RequestState::kQueued) return unlink(request);
  if (request.state < RequestState::kDispatched || request.state > RequestState::kStreaming) return;
  WorkerLink& link = links_[request.worker];
  if (request.state != RequestState::kDispatched) {
    auto found = link.streams.find(request.stream);
    if (found == link.streams.end()) return;  // the worker has ended it, its last bytes are on their way
    found->second = nullptr;
    return tell_stream(link, ipc::FrameType::kAbort, request.stream);
  }
  WindowSlot& slot = link.at(request.slot);
  CHECK(slot.request == &request);
  slot.request = nullptr;
  // Not begun: the worker will not run it. Begun: its reply comes and is dropped.
  if (!slot.revoked && link.claims->revoke(ipc::ClaimPage::index(loop_index_, request.slot), slot.stream))
    slot.revoked = true;
}

void Dispatcher::enqueue_last(Request& request) {
  request.state = RequestState::kQueued;
  request.queued_ns = events_.now_ns();
  request.previous = queue_tail_;
  request.next = nullptr;
  (queue_tail_ == nullptr ? queue_head_ : queue_tail_->next) = &request;
  queue_tail_ = &request;
  ++queued_;
}

// For requests that have waited before: they keep their place and their age.
void Dispatcher::enqueue_first(Request& request) {
  request.state = RequestState::kQueued;
  if (request.queued_ns == 0) request.queued_ns = events_.now_ns();
  request.previous = nullptr;
  request.next = queue_head_;
  (queue_head_ == nullptr ? queue_tail_ : queue_head_->previous) = &request;
  queue_head_ = &request;
  ++queued_;
}

void Dispatcher::unlink(Request& request) {
  CHECK(request.state == RequestState::kQueued);
  (request.previous == nullptr ? queue_head_ : request.previous->next) = request.next;
  (request.next == nullptr ? queue_tail_ : request.next->previous) = request.previous;
  request.previous = request.next = nullptr;
  request.state = RequestState::kReplying;  // unless it is sent to a worker next
  --queued_;
}

void Dispatcher::drain_queue() {
  // A client that has closed its side may have nothing more to say (`nc -N`), or may have given up. Under overload,
  // when requests wait long, the second is likely, and then its request is not worth a worker's time.
  constexpr uint64_t kGivenUpNs = kNsPerSecond;
  while (queue_head_ != nullptr) {
    Request& request = *queue_head_;
    if (request.connection.client_has_closed() && events_.now_ns() - request.queued_ns > kGivenUpNs) {
      unlink(request);
      request.connection.fail(503, "");
      continue;
    }
    WorkerLink* link = choose();
    if (link == nullptr) return;
    unlink(request);
    send(*link, request);
  }
}

void Dispatcher::expire_queue() {
  uint64_t now = events_.now_ns();
  while (queue_head_ != nullptr && now - queue_head_->queued_ns > config_.queue_age_ms * kNsPerMs) {
    Request& request = *queue_head_;
    unlink(request);
    request.connection.fail(503, "");
  }
}

void Dispatcher::no_workers() {
  while (queue_head_ != nullptr) {
    Request& request = *queue_head_;
    unlink(request);
    request.connection.fail(503, "No script worker is running at the moment. Please try again soon.");
  }
}

}  // namespace ravelin::frontend
