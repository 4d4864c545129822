// Gives requests to workers and brings their replies back: the queue, the windows, revocation, deadlines (DESIGN 2, 3).
// stage_queue.cpp, stage_dispatch.cpp, stage_relay.cpp, stage_stream.cpp and worker_watch.cpp implement it. Not for:
// HTTP (Connection), births and deaths of processes (WorkerLife, told by post). One per loop, in that loop's thread.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "frontend/event_hub.h"
#include "frontend/event_loop.h"
#include "frontend/request.h"
#include "frontend/timeout_list.h"
#include "frontend/worker_life.h"
#include "frontend/worker_link.h"
#include "ipc/server_config.h"

namespace ravelin::frontend {

class Dispatcher {
 public:
  Dispatcher(EventLoop& events, const ipc::ServerConfig& config, WorkerTable& table, uint32_t loop_index);

  // Who hears of Hello, Retire and workers to kill; called through main.post. Set once before the first worker.
  void set_life(WorkerLife* life, EventLoop* main);

  // Loop 0 only, before the first worker: event frames of its channels go to `hub`. Other loops take none.
  void set_event_hub(EventHub* hub);

  // stage_queue. The request is complete; it will get exactly one of Connection::relay or Connection::fail, perhaps
  // before submit() returns, unless withdraw() is called first.
  void submit(Request& request);
  void withdraw(Request& request);

  // stage_stream. The client of a streamed reply can take a piece.
  void pull(Request& request);

  // Sends what this turn has produced: one write per worker. True: it is held back, since the next turn, which must not
  // wait, may have more for the same write.
  bool end_of_turn();

  // From WorkerLife, in this loop's thread (LoopWorkers).
  void attach_worker(uint32_t slot, uint32_t generation, UniqueFd channel, std::shared_ptr<ipc::ClaimPage> claims);
  LostRequests worker_died(uint32_t slot, uint32_t generation, KillReason reason);
  void no_workers();

  // Requests queued or at workers.
  uint32_t in_flight() const { return queued_ + dispatched_; }

 private:
  friend struct DispatcherTestAccess;  // tests fill what would take a minute to fill from outside
  struct LinkEvent {
    Dispatcher* dispatcher;
    uint32_t worker;
  };
  // The event hub's way to a worker.
  struct LinkPort : EventHub::Port {
    LinkPort(Dispatcher& owner, uint32_t index) : dispatcher(owner), worker(index) {}
    ipc::Channel& channel() override { return *dispatcher.links_[worker].channel; }
    ipc::EventWords& words() override { return dispatcher.links_[worker].claims->event_words(); }
    void wrote() override { dispatcher.mark_dirty(dispatcher.links_[worker]); }
    Dispatcher& dispatcher;
    uint32_t worker;
  };

  // stage_queue.cpp
  void enqueue_last(Request& request);
  void enqueue_first(Request& request);
  void unlink(Request& request);
  void drain_queue();
  void expire_queue();

  // stage_dispatch.cpp
  bool eligible(const WorkerLink& link) const;
  WorkerLink* choose();
  void send(WorkerLink& link, Request& request);
  bool hold_back();
  void flush(WorkerLink& link);
  void mark_dirty(WorkerLink& link);
  void free_slot(WorkerLink& link, uint8_t slot);

  // stage_relay.cpp
  static void on_readable(int, short, void* arg);
  static void on_writable(int, short, void* arg);
  void receive(WorkerLink& link);
  bool take_frames(WorkerLink& link);  // false: malformed, the worker is being killed
  const char* handle(WorkerLink& link, ipc::Frame& frame);
  const char* on_reply(WorkerLink& link, ipc::Frame& frame);
  const char* on_dropped(WorkerLink& link, ipc::Frame& frame);
  void settle(WorkerLink& link, KillReason reason, std::string& running);

  // stage_stream.cpp
  const char* on_deferred(WorkerLink& link, ipc::Frame& frame);
  const char* on_late_reply(WorkerLink& link, ipc::Frame& frame);
  const char* on_chunk(WorkerLink& link, ipc::Frame& frame);
  const char* on_stream_end(WorkerLink& link, ipc::Frame& frame);
  static constexpr char kTooManyStreams[] = "too many open streams";
  void open_stream(WorkerLink& link, uint64_t stream, Request* request, uint64_t begun_ns, RequestState state);
  void close_stream(WorkerLink& link, uint64_t stream);
  void tell_stream(WorkerLink& link, ipc::FrameType type, uint64_t stream);
  void settle_streams(WorkerLink& link, LostRequests& lost);
  void start_deferral_timeout(Request& request);
  static void on_deferral_timer(int, short, void* self);

  // worker_watch.cpp
  static void on_tick(int, short, void* self);
  void arm_tick();
  void tick();
  bool watch(WorkerLink& link);  // true: wants the next short tick
  void end_hung_callback(WorkerLink& link);
  void revoke_waiting(WorkerLink& link);
  void ask_to_flush(const WorkerLink& link);
  bool other_can_take(const WorkerLink& link) const;
  void kill(WorkerLink& link, KillReason reason, std::string detail);

  EventLoop& events_;
  const ipc::ServerConfig& config_;
  WorkerTable& table_;
  const uint32_t loop_index_;
  WorkerLife* life_ = nullptr;
  EventLoop* main_ = nullptr;
  EventHub* event_hub_ = nullptr;
  std::vector<LinkPort> link_ports_;  // with a hub: one per worker, sized once

  std::vector<WorkerLink> links_;
  std::vector<LinkEvent> link_events_;  // sized once: event arguments
  std::vector<WorkerLink*> dirty_;
  bool has_fresh_ = false;      // this turn has given requests to workers
  uint64_t held_since_ns_ = 0;  // frames are held back since then; 0: none
  Request* queue_head_ = nullptr;
  Request* queue_tail_ = nullptr;
  uint32_t queued_ = 0;
  uint32_t dispatched_ = 0;
  uint64_t next_stream_ = 1;
  EventPtr tick_timer_;
  bool tick_armed_ = false;
  bool tick_is_long_ = false;
  TimeoutList deferrals_;  // connections of deferred requests, with scriptTimeout
  EventPtr deferral_timer_;
};

// "GET /path" of a request, for log lines; long paths are cut.
std::string request_line(const Request& request);
// Whose function answers it: "in the callback of map key "/path"", for log lines and error pages.
std::string place_of(const Request& request, const ipc::ServerConfig& config);

}  // namespace ravelin::frontend
