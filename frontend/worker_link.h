// One loop's view of one worker: the channel and the window of requests that this loop has given to it. Pure
// bookkeeping: no sockets are read here and no policy decided (dispatcher.h does both). One loop, one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "common/limits.h"
#include "frontend/event_loop.h"
#include "frontend/service_time.h"
#include "ipc/channel.h"
#include "ipc/claims.h"

namespace ravelin::frontend {

struct Request;

// A slot of the window. Invariant: occupied == (it is in the order list); request == nullptr while occupied means that
// the client has gone or the request was revoked, and only the worker's answer frees the slot.
struct WindowSlot {
  Request* request = nullptr;
  uint64_t stream = 0;
  uint64_t sent_ns = 0;
  uint64_t begun_ns = 0;  // when we first saw BEGUN; 0 = not seen
  uint8_t previous = 0;   // order list: oldest first
  uint8_t next = 0;
  bool occupied = false;
  bool revoked = false;
};

class WorkerLink {
 public:
  static constexpr uint8_t kNone = 0xff;
  static_assert(limits::kWindow <= 64, "the free set is one 64-bit word");

  // Begins a new worker's life in this link; the window must be empty.
  void attach(uint32_t generation, UniqueFd socket, std::shared_ptr<ipc::ClaimPage> claims);
  // Ends it: events and channel are gone, the window stays for the caller to settle.
  void detach();

  bool attached() const { return channel != nullptr; }
  bool has_room() const { return free_ != 0; }
  uint32_t outstanding() const { return count_; }
  uint8_t oldest() const { return head_; }
  WindowSlot& at(uint8_t slot) { return window_[slot]; }

  // Takes a free slot (has_room()) and puts it at the end of the order list.
  uint8_t take(Request* request, uint64_t stream, uint64_t now_ns);
  // Frees an occupied slot.
  void free(uint8_t slot);
  // The occupied slot of a Reply or Dropped frame, or nullptr when the frame lies.
  WindowSlot* find(uint16_t slot, uint64_t stream);

  // Checks the invariants above; for tests and CHECK.
  bool verify() const;

  // Requests that have left the window and are not answered yet: deferred ones and streamed replies, by stream. Null:
  // the client has gone, the worker was told and has not ended the stream yet.
  std::unordered_map<uint64_t, Request*> streams;

  uint32_t index = 0;  // worker slot in the table
  uint32_t generation = 0;
  std::unique_ptr<ipc::Channel> channel;
  std::shared_ptr<ipc::ClaimPage> claims;
  EventPtr readable;
  EventPtr writable;
  bool ready = false;     // Hello came
  bool retiring = false;  // takes nothing more
  bool slow = false;      // what it runs has taken long; takes nothing more until it answers
  bool dirty = false;     // frames wait for the end of the turn
  bool kill_sent = false;
  uint64_t looked_ns = 0;    // when a stalled worker was last looked at
  uint64_t progress_ns = 0;  // last sign of life: an answer, or the first request after being idle
  ServiceTime service;

 private:
  std::array<WindowSlot, limits::kWindow> window_;
  uint64_t free_ = ~uint64_t{0};
  uint32_t count_ = 0;
  uint8_t head_ = kNone;
  uint8_t tail_ = kNone;
};

}  // namespace ravelin::frontend
