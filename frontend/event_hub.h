// The hub of rampart.event: knows which context (worker, launcher) listens to which event, passes triggers and removals
// on to them in the order in which each sender sent them, and stops a sender whose listeners are behind, so that a
// flood costs bounded memory (PROTOCOL.md, "Events"; the bounds are limits::kEvent...). Not for: reading channels and
// writing them out (dispatcher and server do, through Port), what is in the data. Lives in loop 0's thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "ipc/channel.h"
#include "ipc/claims.h"

namespace ravelin::frontend {

class EventHub {
 public:
  // The way to one context.
  struct Port {
    virtual ~Port() = default;
    virtual ipc::Channel& channel() = 0;
    virtual ipc::EventWords& words() = 0;
    // Frames were appended to the channel: they are to be sent at the end of the turn.
    virtual void wrote() = 0;
  };
  using ContextId = uint32_t;

  explicit EventHub(size_t contexts) : contexts_(contexts) {}

  // A context takes part. `name` is for log lines ("worker 3"). `port` lives until detach().
  void attach(ContextId id, Port& port, std::string name);
  // It is gone, and its listeners with it. Without effect when it was not attached.
  void detach(ContextId id);

  // A frame of one of the event types. nullptr, or what is wrong with it.
  const char* handle(ContextId id, ipc::Frame& frame);

  // True when end_of_turn() has nothing to do.
  bool is_idle() const { return uncredited_.empty() && congested_.empty(); }
  // Gives credit for what has been passed on, when the turn's frames have been sent. True: to be called again within
  // kTickMs even if nothing happens, to notice a listener that takes nothing.
  bool end_of_turn(uint64_t now_ns);
  static constexpr uint64_t kTickMs = 250;

  // Who listens, for tests.
  size_t listeners(std::string_view event) const;

 private:
  struct Context {
    Port* port = nullptr;
    std::string name;
    // As a sender. Invariant: credited <= taken, and taken - credited < kEventWindow + one frame and its data.
    uint64_t taken = 0;              // bytes of its frames, as ipc::event_cost()
    uint64_t credited = 0;           // what it has been told of these
    std::vector<ContextId> held_by;  // congested listeners that uncredited frames went to
    bool is_uncredited = false;      // in uncredited_
    // As a listener.
    size_t events = 0;          // that it listens to
    size_t name_bytes = 0;      // of those
    bool is_congested = false;  // in congested_: had more than kEventHighWater unsent, and has more than kEventLowWater
    bool is_deaf =
        false;  // congested, and took less than kEventLowWater in kEventPatienceMs: misses the triggers that come
    uint64_t missed = 0;      // while deaf
    uint64_t sent_bytes = 0;  // while congested: the channel's count when kEventLowWater more had been taken...
    uint64_t moved_ns = 0;    // ...and when that was; 0: not looked at yet
  };
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  using Events = std::unordered_map<std::string, std::vector<ContextId>, NameHash, std::equal_to<>>;

  const char* on_listen(ContextId id, std::string_view event);
  void on_unlisten(ContextId id, std::string_view event);
  const char* on_trigger(ContextId id, ipc::Frame& frame);
  const char* charge(ContextId id, const ipc::Frame& frame, uint64_t memfd_bytes);
  void pass_on(ContextId from, std::string_view event, ipc::FrameType type, const ipc::Frame& frame,
               uint64_t memfd_bytes);
  void append(Context& to, ipc::FrameType type, const ipc::Frame& frame, uint64_t memfd_bytes);
  void note_load(Context& from, ContextId to);
  const char* on_scope(ContextId id, const ipc::Frame& frame);
  bool misses(const Context& to, ipc::FrameType type) const;
  bool watch(Context& context, uint64_t now_ns);
  bool give_credit(Context& context);

  std::vector<Context> contexts_;
  Events events_;  // invariant: no entry is empty; an id is in an entry at most once
  std::vector<ContextId> uncredited_;
  std::vector<ContextId> congested_;
  bool is_scoped_ = false;  // event names belong to their modules (runtime-api 4.6), in contexts to come as well
};

}  // namespace ravelin::frontend
