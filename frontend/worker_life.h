// Births and deaths of workers: spawns through the zygote, kills by pidfd, notices deaths, logs one line per death and
// replaces the dead (DESIGN 3). Not for: requests. Lives in the main thread; loops reach it through EventLoop::post.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "frontend/respawn_policy.h"
#include "frontend/worker_table.h"
#include "frontend/zygote_client.h"
#include "ipc/server_config.h"

namespace ravelin::frontend {

// What a loop offers to the life of workers. Calls are posted to the loop's thread by WorkerLife.
struct LoopWorkers {
  virtual ~LoopWorkers() = default;
  virtual EventLoop& events() = 0;
  // A worker was asked for: its channel, its claim page. Frames may come from now on.
  virtual void attach_worker(uint32_t slot, uint32_t generation, UniqueFd channel,
                             std::shared_ptr<ipc::ClaimPage> claims) = 0;
  // The worker has died (or could not be born): settle what it had and tell of it.
  virtual LostRequests worker_died(uint32_t slot, uint32_t generation, KillReason reason) = 0;
  // No worker is ready or on its way: what waits is answered with 503.
  virtual void no_workers() = 0;
};

class WorkerLife : private ZygoteClient::Listener {
 public:
  WorkerLife(EventLoop& main, const ipc::ServerConfig& config, WorkerTable& table, std::vector<LoopWorkers*> loops);

  void set_zygote(UniqueFd channel);

  // From the loops, by post():
  void on_hello(uint32_t slot, uint32_t generation);
  void on_retire(uint32_t slot, uint32_t generation, const std::string& why);
  void on_channel_closed(uint32_t slot, uint32_t generation);
  // Ends a worker. `detail` says what for, in words ("GET /x ran longer than scriptTimeout (2 s)").
  void kill(uint32_t slot, uint32_t generation, KillReason reason, const std::string& detail);

  // The request that a worker runs is slow: it shall send the replies that it has finished.
  void ask_to_flush(uint32_t slot, uint32_t generation);

  // A worker that answers nothing: killed when it is stopped by a signal (it would hold its requests for ever).
  void kill_if_stopped(uint32_t slot, uint32_t generation);

  // From the launcher: the end of a worker whose zygote had died.
  void on_orphan_exited(const ipc::Exited& exited);

  // Shutdown: no more births; every worker is killed.
  void end_all();
  bool all_dead() const;

 private:
  void spawn(uint32_t slot);
  void spawn_later(uint32_t slot, uint64_t delay_ms);
  void on_death(uint32_t slot);
  void finish_death(uint32_t slot, bool was_in_request);
  void heard_from_loop(uint32_t slot, uint32_t generation, LostRequests lost);
  void set_status(uint32_t slot, uint32_t generation, pid_t pid, int wait_status);
  void publish(Obituary& obituary);
  void publish_overdue();
  void forgive_if_killed(uint32_t slot, uint32_t generation, int wait_status);
  Obituary* find_obituary(uint32_t slot, uint32_t generation);
  void set_state(uint32_t slot, WorkerState state, uint64_t delay_ms = 0);

  void on_spawned(const ipc::Spawned& spawned, UniqueFd pidfd) override;
  void on_spawn_failed(const ipc::SpawnFailed& failed) override;
  void on_exited(const ipc::Exited& exited) override;
  void on_zygote_lost() override;

  struct TimerArg {
    WorkerLife* life;
    uint32_t slot;
  };
  static void on_death_event(int, short, void* arg);
  static void on_timer_event(int, short, void* arg);

  EventLoop& main_;
  const ipc::ServerConfig& config_;
  WorkerTable& table_;
  std::vector<LoopWorkers*> loops_;
  ZygoteClient zygote_;
  std::vector<WorkerEntry> entries_;
  std::vector<TimerArg> timer_args_;  // stable addresses: sized once
  std::list<Obituary> obituaries_;
  bool ending_ = false;
};

// "died of signal 11 (Segmentation fault)", "ended with exit code 3": for log lines.
std::string describe_wait_status(int wait_status);

}  // namespace ravelin::frontend
