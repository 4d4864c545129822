// Everything that one thread of the frontend owns: its event loop, listening sockets, connections, timeouts, dispatcher
// and scratch buffers. Nothing in here is shared but the configuration and the router (immutable) and the worker
// table's counters. Not for: the stages of a request (connection.h, dispatcher.h), processes (worker_life.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frontend/connection.h"
#include "frontend/dispatcher.h"
#include "frontend/event_loop.h"
#include "frontend/http_date.h"
#include "frontend/router.h"
#include "frontend/static_file.h"
#include "frontend/timeout_list.h"
#include "frontend/worker_life.h"
#include "ipc/server_config.h"

namespace ravelin::frontend {

class Loop : public LoopWorkers {
 public:
  Loop(const ipc::ServerConfig& config, const Router& router, WorkerTable& table, uint32_t index);
  ~Loop() override;

  void add_listener(UniqueFd socket, const ipc::ListenerInfo& listener);
  void set_life(WorkerLife* life, EventLoop* main) { dispatcher_.set_life(life, main); }
  // Loop 0 only: events of the workers' channels go to `hub`, which outlives the loop.
  void set_event_hub(EventHub* hub);

  // Accepts and serves until stop_now(). In the thread that becomes this loop's.
  void run();
  // Stops accepting, lets what runs finish; then calls `drained` once. In this loop's thread.
  void stop_gracefully(std::function<void()> drained);
  void stop_now() { events_.stop(); }

  // LoopWorkers
  EventLoop& events() override { return events_; }
  void attach_worker(uint32_t slot, uint32_t generation, UniqueFd channel,
                     std::shared_ptr<ipc::ClaimPage> claims) override;
  LostRequests worker_died(uint32_t slot, uint32_t generation, KillReason reason) override;
  void no_workers() override { dispatcher_.no_workers(); }

  // --- for the connections of this loop ---
  const ipc::ServerConfig& config() const { return config_; }
  const Router& router() const { return router_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  StaticFiles& static_files() { return static_files_; }
  DateCache& dates() { return dates_; }
  char* read_buffer() { return read_buffer_.data(); }
  size_t read_size() const { return read_buffer_.size(); }
  bool stopping() const { return stopping_; }
  uint64_t now_ns() { return events_.now_ns(); }

  // Which timeouts apply: waiting for a request, receiving one, sending a reply, lingering.
  TimeoutList& idle_timeouts() { return idle_; }
  TimeoutList& head_timeouts() { return head_; }
  TimeoutList& body_timeouts() { return body_; }
  TimeoutList& write_timeouts() { return write_; }
  TimeoutList& linger_timeouts() { return linger_; }  // also a half-closed client whose reply is not there yet

  // The connection takes up its kept input at the end of this turn.
  void resume_later(Connection& connection) { resumed_.push_back(&connection); }
  // The connection is freed at the end of this turn.
  void free_later(Connection& connection);

 private:
  struct ListeningSocket {
    Loop* loop;
    UniqueFd socket;
    EventPtr readable;
    ipc::ListenerInfo info;
  };
  static void on_accept(int, short, void* listener);
  static void on_check(int, short, void* self);
  void accept_from(ListeningSocket& listener);
  void pause_accepting(const ListeningSocket& listener, const char* why);
  void check_timeouts();
  bool end_of_turn();
  void turn_event_hub();
  void report_if_drained();

  const ipc::ServerConfig& config_;
  const Router& router_;
  EventLoop events_;
  Dispatcher dispatcher_;
  StaticFiles static_files_;
  DateCache dates_;
  std::vector<char> read_buffer_;
  std::vector<std::unique_ptr<ListeningSocket>> listeners_;
  TimeoutList idle_, head_, body_, write_, linger_;
  EventPtr check_timer_;
  EventHub* event_hub_ = nullptr;
  EventPtr event_hub_timer_;
  uint64_t check_ms_;
  Connection* connections_ = nullptr;
  size_t connection_count_ = 0;
  const size_t most_connections_;
  std::vector<Connection*> resumed_;
  std::vector<Connection*> dead_;
  uint64_t log_pause_again_ns_ = 0;
  uint64_t accept_again_ns_ = 0;  // accepting pauses until then (descriptors or connections ran out)
  bool accepting_ = true;
  bool stopping_ = false;
  std::function<void()> drained_;
};

}  // namespace ravelin::frontend
