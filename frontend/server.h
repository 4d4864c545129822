// The wiring of the frontend: the control channel to the launcher, the loops and their threads, the life of the
// workers, start and stop. Not for: anything on the way of a request. Main thread; loop 0 runs in it.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "frontend/event_hub.h"
#include "frontend/loop.h"
#include "frontend/worker_life.h"
#include "ipc/channel.h"

namespace ravelin::frontend {

class Server {
 public:
  // `control`: the channel to the launcher, whose first frames (Config, Zygote) make the server. Listeners come among
  // them or later; connections are accepted from then on.
  explicit Server(UniqueFd control);
  ~Server();

  // Serves until the launcher says Stop or goes away. Returns the process's exit code.
  int run();

 private:
  struct PendingListener {
    UniqueFd socket;
    ipc::ListenerInfo info;
  };

  // The event hub's way to the launcher.
  struct LauncherPort : EventHub::Port {
    explicit LauncherPort(Server& owner) : server(owner) {}
    ipc::Channel& channel() override { return server.control_; }
    ipc::EventWords& words() override { return page.event_words(); }
    void wrote() override { event_active(server.control_writable_.get(), EV_WRITE, 0); }
    Server& server;
    ipc::ClaimPage page;
  };

  bool receive_start();
  Status take_start_frame(ipc::Frame& frame, bool& complete);
  Status take_listener(ipc::Frame& frame);
  Status build(UniqueFd zygote);
  void fail(const std::string& why);
  static void on_control(int, short what, void* self);
  void flush_control();
  void take_event_page(UniqueFd memfd);
  void receive_control();
  void handle_control(ipc::Frame& frame);
  void begin_stop(uint64_t grace_ms);
  void loop_drained();
  void finish();
  void kill_all_and_exit();

  ipc::Channel control_;
  ipc::ServerConfig config_;
  bool has_config_ = false;
  std::vector<PendingListener> pending_listeners_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<WorkerTable> table_;
  std::unique_ptr<EventHub> event_hub_;  // contexts: the workers by slot, then the launcher
  LauncherPort launcher_port_{*this};
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<WorkerLife> life_;
  std::vector<std::thread> threads_;
  EventPtr control_event_;
  EventPtr control_writable_;
  EventPtr control_retry_;
  EventPtr grace_timer_;
  EventPtr death_timer_;
  size_t loops_to_drain_ = 0;
  uint64_t death_ticks_ = 0;
  bool stopping_ = false;
};

}  // namespace ravelin::frontend
