#include "frontend/worker_link.h"

#include <bit>

#include "common/check.h"

namespace ravelin::frontend {

void WorkerLink::attach(uint32_t new_generation, UniqueFd socket, std::shared_ptr<ipc::ClaimPage> page) {
  CHECK(count_ == 0 && streams.empty());
  generation = new_generation;
  channel = std::make_unique<ipc::Channel>(std::move(socket), ipc::Role::kWorker);
  claims = std::move(page);
  ready = retiring = slow = dirty = kill_sent = false;
  progress_ns = looked_ns = 0;
  service = {};
}

void WorkerLink::detach() {
  readable.reset();
  writable.reset();
  channel.reset();
  claims.reset();
  ready = dirty = false;
}

uint8_t WorkerLink::take(Request* request, uint64_t stream, uint64_t now_ns) {
  CHECK(free_ != 0);
  auto slot = static_cast<uint8_t>(std::countr_zero(free_));
  free_ &= ~(uint64_t{1} << slot);
  WindowSlot& entry = window_[slot];
  entry = WindowSlot{};
  entry.request = request;
  entry.stream = stream;
  entry.sent_ns = now_ns;
  entry.occupied = true;
  entry.previous = tail_;
  entry.next = kNone;
  if (tail_ == kNone) {
    head_ = slot;
  } else {
    window_[tail_].next = slot;
  }
  tail_ = slot;
  ++count_;
  return slot;
}

void WorkerLink::free(uint8_t slot) {
  WindowSlot& entry = window_[slot];
  CHECK(entry.occupied);
  (entry.previous == kNone ? head_ : window_[entry.previous].next) = entry.next;
  (entry.next == kNone ? tail_ : window_[entry.next].previous) = entry.previous;
  entry.occupied = false;
  entry.request = nullptr;
  free_ |= uint64_t{1} << slot;
  --count_;
}

WindowSlot* WorkerLink::find(uint16_t slot, uint64_t stream) {
  if (slot >= limits::kWindow) return nullptr;
  WindowSlot& entry = window_[slot];
  return entry.occupied && entry.stream == stream ? &entry : nullptr;
}

bool WorkerLink::verify() const {
  uint32_t listed = 0;
  uint8_t previous = kNone;
  for (uint8_t slot = head_; slot != kNone; slot = window_[slot].next) {
    if (!window_[slot].occupied || window_[slot].previous != previous || ++listed > limits::kWindow) return false;
    previous = slot;
  }
  return previous == tail_ && listed == count_ && static_cast<uint32_t>(std::popcount(~free_)) == count_;
}

}  // namespace ravelin::frontend
