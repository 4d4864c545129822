// The claim page that the frontend shares with one worker: a word per request in the worker's windows. The frontend
// writes QUEUED; the worker changes it to BEGUN before it enters the script; the frontend may change QUEUED to REVOKED.
// Each change is one compare-and-swap, so a request is begun by exactly one worker (DESIGN 3). The
// worker is untrusted: the frontend only ever compares these words with values that it computed itself. Behind them lie
// the event words, which only the frontend writes (PROTOCOL.md, "Events"), and the service words, a worker's hint of
// how fast it is, which decide nothing but which worker is chosen.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "common/limits.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace ravelin::ipc {

enum class ClaimState : uint32_t { kFree = 0, kQueued = 1, kBegun = 2, kRevoked = 3 };

// A word holds the low 30 bits of the request's stream id above the state, so a claim on a slot that was given to a
// later request cannot succeed.
constexpr uint32_t claim_word(uint64_t stream, ClaimState state) {
  return static_cast<uint32_t>(stream << 2) | static_cast<uint32_t>(state);
}

// Written by the frontend's event hub and read by the context that shares the page.
struct EventWords {
  std::atomic<uint64_t> credited{0};  // bytes of its event frames that the hub has passed on, in all
  std::atomic<uint64_t> synced{0};    // serial of the last EventOn or EventScope that the hub knows
  std::atomic<uint64_t> scoped{0};    // 1: event names belong to their modules
};

// Written by the worker after each request, and around script that is no request's, read by the loops. A lie costs the
// liar only: it gets more requests, or fewer, or its end comes sooner.
struct ServiceWords {
  std::atomic<uint64_t> requests{0};  // that it has run, in all
  std::atomic<uint64_t> busy_ns{0};   // and how long they took together
  // With a scriptTimeout: since when (monotonic_ns()) it has been inside a callback of its own loop (timer, event,
  // promise reaction, chunk); 0: it is in none.
  std::atomic<uint64_t> callback_since_ns{0};

  // Worker, the only writer.
  void add(uint64_t ns) {
    busy_ns.store(busy_ns.load(std::memory_order_relaxed) + ns, std::memory_order_relaxed);
    requests.store(requests.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void note_callback(uint64_t since_ns) { callback_since_ns.store(since_ns, std::memory_order_relaxed); }
};

class ClaimPage {
 public:
  static constexpr uint32_t kWords = limits::kMaxLoops * limits::kWindow;
  static constexpr size_t kEventWordsOffset = kWords * sizeof(uint32_t);
  static constexpr size_t kServiceWordsOffset = kEventWordsOffset + sizeof(EventWords);
  static constexpr size_t kBytes = kServiceWordsOffset + sizeof(ServiceWords);

  // A fresh page and its sealed memfd (for the worker).
  static Result<ClaimPage> create(UniqueFd& memfd_out);
  // The worker's mapping of a received memfd; fails when it is not a sealed file of the right size.
  static Result<ClaimPage> map(const UniqueFd& memfd);

  ClaimPage() = default;
  ClaimPage(ClaimPage&& other) noexcept : words_(std::exchange(other.words_, nullptr)) {}
  ClaimPage& operator=(ClaimPage&& other) noexcept {
    std::swap(words_, other.words_);
    return *this;
  }
  ~ClaimPage();

  EventWords& event_words() {
    return *reinterpret_cast<EventWords*>(reinterpret_cast<char*>(words_) + kEventWordsOffset);
  }

  ServiceWords& service_words() {
    return *reinterpret_cast<ServiceWords*>(reinterpret_cast<char*>(words_) + kServiceWordsOffset);
  }

  static uint32_t index(uint32_t loop, uint16_t slot) { return loop * limits::kWindow + slot; }

  // Frontend: hands the request out.
  void queue(uint32_t index, uint64_t stream) {
    words_[index].store(claim_word(stream, ClaimState::kQueued), std::memory_order_release);
  }
  // Frontend: takes it back. False when the worker has begun it (or wrote something else: treat as begun).
  bool revoke(uint32_t index, uint64_t stream) {
    uint32_t expected = claim_word(stream, ClaimState::kQueued);
    return words_[index].compare_exchange_strong(expected, claim_word(stream, ClaimState::kRevoked));
  }
  // Frontend: false only while the word is still exactly QUEUED for this request.
  bool has_begun(uint32_t index, uint64_t stream) const {
    return words_[index].load(std::memory_order_acquire) != claim_word(stream, ClaimState::kQueued);
  }
  // Worker: true when the request is now ours to run.
  bool begin(uint32_t index, uint64_t stream) {
    uint32_t expected = claim_word(stream, ClaimState::kQueued);
    return words_[index].compare_exchange_strong(expected, claim_word(stream, ClaimState::kBegun));
  }

 private:
  explicit ClaimPage(std::atomic<uint32_t>* words) : words_(words) {}
  std::atomic<uint32_t>* words_ = nullptr;
};
static_assert(std::atomic<uint32_t>::is_always_lock_free, "claim words cross processes");
static_assert(std::atomic<uint64_t>::is_always_lock_free, "event and service words cross processes");
static_assert(ClaimPage::kEventWordsOffset % alignof(EventWords) == 0);
static_assert(ClaimPage::kServiceWordsOffset % alignof(ServiceWords) == 0);

}  // namespace ravelin::ipc
