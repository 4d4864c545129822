// JsEvents: rampart.event (runtime-api 4). Keeps the listeners of this context, runs their callbacks from the event
// loop only, and speaks with the hub in the frontend through an EventUplink (PROTOCOL.md, "Events"). Without an uplink,
// as in a script that has no server, events stay within the process. Not for: who else listens (frontend/event_hub.h),
// the form of the data (event_data.h). One per heap; launcher and workers, main thread. Callbacks and user variables
// live in the heap's stash.
#pragma once

#include <event2/event.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/limits.h"
#include "ipc/channel.h"
#include "ipc/claims.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

// The way from a context to the hub: worker_loop and supervisor have one.
class EventUplink {
 public:
  virtual ~EventUplink() = default;
  // Event frames are appended to its out(), whole, then wrote() is called.
  virtual ipc::Channel& channel() = 0;
  virtual void wrote() = 0;
  // Sends what the channel can take.
  virtual void flush() = 0;
  virtual const ipc::EventWords& words() = 0;
  // The script waits for its window: takes what other contexts have sent (JsEvents::take()), so that two which flood
  // each other do not wait for ever. Called in the middle of script.
  virtual void take_while_waiting() = 0;
  // is_full() is over: the channel may be read again.
  virtual void resume_reading() = 0;
};

class JsEvents {
 public:
  // Attaches itself to the heap of `js` (JsHeap::events). `base` must outlive this object.
  JsEvents(event_base* base, duk_context* js);
  ~JsEvents();
  JsEvents(const JsEvents&) = delete;
  JsEvents& operator=(const JsEvents&) = delete;

  // Defines rampart.event; global rampart must exist. install_globals() calls it.
  void install();

  // A hub, from now on: it is told of every event that has listeners. `uplink` lives until disconnect().
  void connect(EventUplink& uplink);
  void disconnect();

  // EventDeliver, EventOff and EventRemove from the hub; takes what it needs of the frame. False when the frame is no
  // such thing or does not decode. Runs no script.
  bool take(ipc::Frame& frame);
  // Whether take() may be called: while the script waits, more is held than otherwise.
  bool may_take() const {
    return received_bytes_ <= (is_waiting_ ? limits::kEventQueueBytes : limits::kEventInboxBytes);
  }
  // So much waits to be run that the channel must not be read at rest until resume_reading().
  bool is_full() const { return received_bytes_ > limits::kEventInboxBytes; }

  // True while the hub may not know the latest listener.
  bool is_unsynced() const { return unsynced_; }
  // The same, with a look at what the hub says. Async-signal-safe.
  bool is_known_to_hub() const;
  // Waits until it does, bounded: to be called before anything leaves this process that the channel's order does not
  // cover. Must not be called while a frame is half written.
  void sync();

  // In the child of a fork that goes on in the parent's place (a daemon): the listeners stay, and what was to
  // end some of them. Queued triggers are the parent's to run.
  void move_after_fork(event_base* fresh_base);
  // In the child of a fork: forgets every listener, whatever is queued and the uplink, and goes on with `fresh_base`,
  // leaving the parent's libevent state untouched. Null: a process that runs no script; a later call gives it a loop.
  void abandon_after_fork(event_base* fresh_base);

  // Run before and after each callback (deadlines; microtasks, flushing). They must not throw.
  void set_before_callback(std::function<void()> hook) { before_callback_ = std::move(hook); }
  void set_after_callback(std::function<void()> hook) { after_callback_ = std::move(hook); }

 private:
  struct Listener {
    std::string name;
    void* entry;  // [callback, userVar], kept reachable in the stash under `id`
    uint64_t id;
    uint64_t registered_ns;  // see stamp()
  };
  using Listeners = std::vector<Listener>;  // of one event, in the order in which their names were first registered
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  using Events = std::unordered_map<std::string, Listeners, NameHash, std::equal_to<>>;

  enum class Kind { kTrigger, kOff, kRemove };
  struct Queued {
    Kind kind;
    bool is_received;  // from the hub; else of this context
    uint64_t issued_ns;
    std::string event;
    std::string text;  // trigger: data; off: name of the listener
    UniqueFd memfd;    // trigger: the data, when text is empty
    uint64_t memfd_bytes;
    size_t cost() const { return sizeof(Queued) + event.size() + text.size() + memfd_bytes; }
  };

  static duk_ret_t native_on(duk_context* js);
  static duk_ret_t native_trigger(duk_context* js);
  static duk_ret_t native_off(duk_context* js);
  static duk_ret_t native_remove(duk_context* js);
  static duk_ret_t native_scope_to_module(duk_context* js);
  static JsEvents& of(duk_context* js);
  static void on_event(evutil_socket_t, short, void* self);

  bool is_scoped();
  std::string scoped(duk_context* js, std::string_view event);
  std::string name_argument(duk_context* js, duk_idx_t index, const char* error) const;
  uint64_t stamp();
  void check_room_for_event(duk_context* js, std::string_view event) const;
  void check_queue(duk_context* js) const;
  uint64_t add(std::string event, Listener listener);

  // To the hub; without effect when there is none.
  void send_on(std::string_view event);
  void send_scope();
  void note_announced();
  void send_unlisten(std::string_view event);
  void send_end(duk_context* js, Kind kind, std::string_view event, std::string_view listener, uint64_t issued_ns);
  void send_trigger(duk_context* js, std::string_view event, std::string_view data);
  void await_window(duk_context* js);

  void queue(Queued item);
  void arm();
  void run_round();
  void run(Queued& item);
  void end_listeners(const Queued& item);
  void deliver(const Queued& item);
  void call(void* entry, duk_idx_t data);
  bool push_data(const Queued& item, duk_idx_t slot);
  static bool read_memfd(const UniqueFd& memfd, uint64_t size, std::string& bytes);

  duk_context* js_;
  event_base* base_ = nullptr;
  event* event_ = nullptr;
  bool is_armed_ = false;
  Events events_;          // invariant: no entry is empty
  size_t name_bytes_ = 0;  // of the events in events_
  std::deque<Queued> queue_;
  size_t queued_bytes_ = 0;       // cost() of all in queue_...
  size_t received_bytes_ = 0;     // ...and of those that came from the hub
  bool reading_stopped_ = false;  // is_full() was true; resume_reading() is owed
  EventUplink* uplink_ = nullptr;
  uint64_t sent_bytes_ = 0;  // event_cost() of what went to this uplink
  uint64_t serial_ = 0;      // of the last EventOn or EventScope to this uplink
  bool unsynced_ = false;
  bool is_waiting_ = false;  // in await_window()
  uint64_t last_stamp_ = 0;
  uint64_t next_id_ = 1;
  bool scope_to_module_ = false;  // see is_scoped()
  std::function<void()> before_callback_;
  std::function<void()> after_callback_;
};

}  // namespace ravelin::worker
