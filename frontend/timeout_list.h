// Timeouts of many connections with few distinct durations: per duration a list in order of expiry, so that setting and
// clearing cost a few pointer writes and one timer serves all. Not for: exact times (granularity is the caller's
// check). One loop, one thread. A node is in at most one list and must be out of it before it dies.
#pragma once

#include <cstdint>

namespace ravelin::frontend {

struct TimeoutNode {
  TimeoutNode* previous = nullptr;
  TimeoutNode* next = nullptr;
  uint64_t expires_ns = 0;
  bool linked() const { return previous != nullptr; }
  void unlink() {
    if (previous == nullptr) return;
    previous->next = next;
    next->previous = previous;
    previous = next = nullptr;
  }
};

class TimeoutList {
 public:
  explicit TimeoutList(uint64_t duration_ns) : duration_ns_(duration_ns) { end_.previous = end_.next = &end_; }
  TimeoutList(const TimeoutList&) = delete;
  TimeoutList& operator=(const TimeoutList&) = delete;

  // (Re)starts the timeout of `node` now, taking it out of any other list.
  void start(TimeoutNode& node, uint64_t now_ns) {
    node.unlink();
    node.expires_ns = now_ns + duration_ns_;
    node.previous = end_.previous;
    node.next = &end_;
    end_.previous->next = &node;
    end_.previous = &node;
  }
  // Takes out and returns a node that has expired, or nullptr.
  TimeoutNode* pop_expired(uint64_t now_ns) {
    TimeoutNode* first = end_.next;
    if (first == &end_ || first->expires_ns > now_ns) return nullptr;
    first->unlink();
    return first;
  }
  // The oldest node, or nullptr: for walking all (unlink it to go on).
  TimeoutNode* first() { return end_.next == &end_ ? nullptr : end_.next; }
  bool empty() const { return end_.next == &end_; }
  uint64_t duration_ns() const { return duration_ns_; }

 private:
  uint64_t duration_ns_;
  TimeoutNode end_;
};

}  // namespace ravelin::frontend
