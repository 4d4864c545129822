#include "frontend/worker_life.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "common/check.h"
#include "common/log.h"
#include "common/sys.h"

namespace ravelin::frontend {

WorkerLife::WorkerLife(EventLoop& main, const ipc::ServerConfig& config, WorkerTable& table,
                       std::vector<LoopWorkers*> loops)
    : main_(main),
      config_(config),
      table_(table),
      loops_(std::move(loops)),
      zygote_(main, *this),
      entries_(config.workers) {
  for (uint32_t slot = 0; slot < config.workers; ++slot) timer_args_.push_back({this, slot});
}

void WorkerLife::set_zygote(UniqueFd channel) {
  zygote_.set_channel(std::move(channel));
  for (uint32_t slot = 0; slot < entries_.size(); ++slot) {
    WorkerEntry& entry = entries_[slot];
    if (entry.state == WorkerState::kEmpty || entry.state == WorkerState::kWaiting) spawn(slot);
  }
}

// `delay_ms`: of kWaiting. Requests wait out a short one.
void WorkerLife::set_state(uint32_t slot, WorkerState state, uint64_t delay_ms) {
  WorkerEntry& entry = entries_[slot];
  const bool was_usable = entry.is_usable;
  entry.state = state;
  entry.is_usable =
      state != WorkerState::kEmpty && (state != WorkerState::kWaiting || delay_ms <= limits::kShortRespawnDelayMs);
  if (entry.is_usable == was_usable) return;
  if (!was_usable) {
    ++table_.usable;
  } else if (--table_.usable == 0 && !ending_) {
    for (LoopWorkers* loop : loops_) loop->events().post([loop] { loop->no_workers(); });
  }
}

// SIGKILL that we did not send is an operator's or the OOM killer's, not the site's fault: no reason to wait.
void WorkerLife::forgive_if_killed(uint32_t slot, uint32_t generation, int wait_status) {
  WorkerEntry& entry = entries_[slot];
  bool waiting = entry.state == WorkerState::kWaiting && entry.generation == generation;
  if (!waiting || !entry.was_ready || !WIFSIGNALED(wait_status) || WTERMSIG(wait_status) != SIGKILL) return;
  entry.failures = 0;
  entry.timer.reset();
  spawn(slot);
}

void WorkerLife::spawn(uint32_t slot) {
  if (ending_ || !zygote_.connected()) return set_state(slot, WorkerState::kEmpty);
  WorkerEntry& entry = entries_[slot];
  UniqueFd claims_fd;
  auto claims = ipc::ClaimPage::create(claims_fd);
  std::vector<UniqueFd> descriptors;
  std::vector<UniqueFd> our_ends;
  descriptors.push_back(std::move(claims_fd));
  bool complete = static_cast<bool>(claims);
  for (size_t i = 0; complete && i < loops_.size(); ++i) {
    auto pair = make_socketpair();
    complete = static_cast<bool>(pair);
    if (!complete) break;
    our_ends.push_back(std::move(pair.value().first));
    descriptors.push_back(std::move(pair.value().second));
  }
  if (!complete) {
    logf("error: cannot make the channels of worker %u: %s", slot, errno_text(errno).c_str());
    return spawn_later(slot, respawn_delay_ms(DeathClass::kBeforeReady, 0, entry.failures));
  }
  ++entry.generation;
  entry.pid = 0;
  entry.kill_reason = KillReason::kNone;
  entry.kill_detail.clear();
  entry.retired = entry.was_ready = false;
  entry.early_status.reset();
  entry.spawned_ns = monotonic_ns();
  set_state(slot, WorkerState::kSpawning);
  auto page = std::make_shared<ipc::ClaimPage>(std::move(claims.value()));
  for (size_t i = 0; i < loops_.size(); ++i) {
    auto end = std::make_shared<UniqueFd>(std::move(our_ends[i]));
    loops_[i]->events().post([loop = loops_[i], slot, generation = entry.generation, end, page] {
      loop->attach_worker(slot, generation, std::move(*end), page);
    });
  }
  entry.timer = main_.make_event(-1, 0, on_timer_event, &timer_args_[slot]);
  arm_timer(entry.timer.get(), limits::kSpawnDeadlineMs);
  zygote_.spawn(slot, entry.generation, std::move(descriptors));
}

void WorkerLife::spawn_later(uint32_t slot, uint64_t delay_ms) {
  if (delay_ms == 0) return spawn(slot);
  set_state(slot, WorkerState::kWaiting, delay_ms);
  entries_[slot].timer = main_.make_event(-1, 0, on_timer_event, &timer_args_[slot]);
  arm_timer(entries_[slot].timer.get(), delay_ms);
}

void WorkerLife::on_timer_event(int, short, void* arg) {
  auto* timer = static_cast<TimerArg*>(arg);
  WorkerEntry& entry = timer->life->entries_[timer->slot];
  if (entry.state == WorkerState::kWaiting) {
    timer->life->spawn(timer->slot);
  } else if (entry.state == WorkerState::kSpawning) {
    timer->life->kill(timer->slot, entry.generation, KillReason::kSpawnDeadline, "was not ready in time");
  } else if (entry.state == WorkerState::kEnding && entry.pidfd) {
    if (!entry.retired && entry.kill_reason == KillReason::kNone) {
      entry.kill_reason = KillReason::kMalformed;
      entry.kill_detail = "it closed its channel";
    }
    signal_pidfd(entry.pidfd.get(), SIGKILL);  // it said or showed that it would end, and did not
  }
}

void WorkerLife::on_spawned(const ipc::Spawned& spawned, UniqueFd pidfd) {
  if (spawned.slot >= entries_.size()) return;
  WorkerEntry& entry = entries_[spawned.slot];
  bool expected = entry.generation == spawned.generation && !entry.pidfd &&
                  (entry.state == WorkerState::kSpawning || entry.state == WorkerState::kReady ||
                   entry.state == WorkerState::kEnding);
  if (!expected || ending_) {
    signal_pidfd(pidfd.get(), SIGKILL);  // nobody waits for this one
    return;
  }
  entry.pid = static_cast<pid_t>(spawned.pid);
  entry.pidfd = std::move(pidfd);
  entry.death = main_.make_event(entry.pidfd.get(), EV_READ, on_death_event, &timer_args_[spawned.slot]);
  event_add(entry.death.get(), nullptr);
  if (entry.kill_reason != KillReason::kNone)
    signal_pidfd(entry.pidfd.get(), SIGKILL);  // condemned before it was named
}

void WorkerLife::on_spawn_failed(const ipc::SpawnFailed& failed) {
  if (failed.slot >= entries_.size()) return;
  WorkerEntry& entry = entries_[failed.slot];
  if (entry.generation != failed.generation || entry.pidfd) return;
  logf("error: worker %u could not be forked: %s", failed.slot, errno_text(static_cast<int>(failed.error)).c_str());
  finish_death(failed.slot, false);
}

void WorkerLife::on_hello(uint32_t slot, uint32_t generation) {
  WorkerEntry& entry = entries_[slot];
  if (entry.generation != generation || entry.state != WorkerState::kSpawning) return;
  entry.timer.reset();
  entry.was_ready = true;
  set_state(slot, WorkerState::kReady);
}

void WorkerLife::on_retire(uint32_t slot, uint32_t generation, const std::string& why) {
  WorkerEntry& entry = entries_[slot];
  if (entry.generation != generation || entry.state != WorkerState::kReady) return;
  entry.retired = true;
  entry.kill_detail = why;
  set_state(slot, WorkerState::kEnding);
  entry.timer = main_.make_event(-1, 0, on_timer_event, &timer_args_[slot]);
  arm_timer(entry.timer.get(), limits::kRetireMs);
}

void WorkerLife::on_channel_closed(uint32_t slot, uint32_t generation) {
  WorkerEntry& entry = entries_[slot];
  bool alive = entry.state == WorkerState::kReady || entry.state == WorkerState::kSpawning;
  if (entry.generation != generation || !alive) return;
  set_state(slot, WorkerState::kEnding);
  entry.timer = main_.make_event(-1, 0, on_timer_event, &timer_args_[slot]);
  arm_timer(entry.timer.get(), limits::kRetireMs);
}

void WorkerLife::kill(uint32_t slot, uint32_t generation, KillReason reason, const std::string& detail) {
  WorkerEntry& entry = entries_[slot];
  if (entry.generation != generation || entry.kill_reason != KillReason::kNone) return;
  if (entry.state == WorkerState::kEmpty || entry.state == WorkerState::kWaiting) return;
  entry.kill_reason = reason;
  entry.kill_detail = detail;
  set_state(slot, WorkerState::kEnding);
  if (entry.pidfd) {
    // Its children go too. The zygote does that as well, but a worker may have outlived its zygote.
    if (signal_pidfd(entry.pidfd.get(), SIGKILL)) ::kill(-entry.pid, SIGKILL);
  } else if (reason == KillReason::kSpawnDeadline) {
    finish_death(slot, false);  // the zygote never named a process: nothing to kill, should it come it is killed then
  }
}

void WorkerLife::ask_to_flush(uint32_t slot, uint32_t generation) {
  const WorkerEntry& entry = entries_[slot];
  if (entry.generation == generation && entry.state == WorkerState::kReady && entry.pidfd)
    signal_pidfd(entry.pidfd.get(), ipc::flush_signal());
}

void WorkerLife::kill_if_stopped(uint32_t slot, uint32_t generation) {
  const WorkerEntry& entry = entries_[slot];
  if (entry.generation != generation || !entry.pidfd || !process_is_stopped(entry.pid)) return;
  kill(slot, generation, KillReason::kStalled, "it was stopped by a signal");
}

void WorkerLife::on_death_event(int, short, void* arg) {
  auto* timer = static_cast<TimerArg*>(arg);
  timer->life->on_death(timer->slot);
}

void WorkerLife::on_death(uint32_t slot) {
  WorkerEntry& entry = entries_[slot];
  Obituary& obituary = obituaries_.emplace_back();
  obituary.slot = slot;
  obituary.generation = entry.generation;
  obituary.pid = entry.pid;
  obituary.was_ready = entry.was_ready;
  obituary.retired = entry.retired;
  obituary.kill_reason = entry.kill_reason;
  obituary.kill_detail = entry.kill_detail;
  obituary.loops_to_hear = static_cast<uint32_t>(loops_.size());
  if (entry.early_status) {
    obituary.has_status = true;
    obituary.wait_status = *entry.early_status;
  }
  KillReason reason = entry.kill_reason;
  uint32_t generation = entry.generation;
  entry.death.reset();
  entry.pidfd.reset();
  bool in_request = entry.was_ready && (reason != KillReason::kNone || entry.retired || table_.outstanding[slot] > 0 ||
                                        table_.owed[slot] > 0);
  // May publish and so forget the obituary when all loops are this one: not touched below.
  for (LoopWorkers* loop : loops_) {
    loop->events().post([this, loop, slot, generation, reason] {
      LostRequests lost = loop->worker_died(slot, generation, reason);
      main_.post([this, slot, generation, lost = std::move(lost)] { heard_from_loop(slot, generation, lost); });
    });
  }
  finish_death(slot, in_request);
}

// Frees the slot and arranges for the next worker in it.
void WorkerLife::finish_death(uint32_t slot, bool was_in_request) {
  WorkerEntry& entry = entries_[slot];
  bool was_ready = entry.was_ready;
  uint64_t lived_ms = (monotonic_ns() - entry.spawned_ns) / kNsPerMs;
  DeathClass death = was_in_request ? DeathClass::kInRequest : was_ready ? DeathClass::kIdle : DeathClass::kBeforeReady;
  entry.timer.reset();
  entry.pid = 0;
  if (!entry.pidfd) {
    uint32_t generation = entry.generation;
    bool has_obituary = find_obituary(slot, generation) != nullptr;
    if (!has_obituary)
      for (LoopWorkers* loop : loops_)
        loop->events().post(
            [loop, slot, generation] { loop->worker_died(slot, generation, KillReason::kSpawnDeadline); });
  }
  if (ending_) return set_state(slot, WorkerState::kEmpty);
  spawn_later(slot, respawn_delay_ms(death, lived_ms, entry.failures));
}

void WorkerLife::on_exited(const ipc::Exited& exited) {
  set_status(exited.slot, exited.generation, static_cast<pid_t>(exited.pid), static_cast<int>(exited.wait_status));
}

void WorkerLife::on_orphan_exited(const ipc::Exited& exited) {
  auto pid = static_cast<pid_t>(exited.pid);
  for (uint32_t slot = 0; slot < entries_.size(); ++slot)
    if (entries_[slot].pid == pid)
      return set_status(slot, entries_[slot].generation, pid, static_cast<int>(exited.wait_status));
  for (Obituary& obituary : obituaries_)
    if (obituary.pid == pid)
      return set_status(obituary.slot, obituary.generation, pid, static_cast<int>(exited.wait_status));
}

void WorkerLife::on_zygote_lost() {
  // Workers of the lost zygote go on (they outlive it); those that it had not named yet will never come.
  for (uint32_t slot = 0; slot < entries_.size(); ++slot) {
    WorkerEntry& entry = entries_[slot];
    bool awaited = entry.state != WorkerState::kEmpty && entry.state != WorkerState::kWaiting;
    if (awaited && !entry.pidfd) finish_death(slot, true);
  }
}

void WorkerLife::end_all() {
  ending_ = true;
  for (uint32_t slot = 0; slot < entries_.size(); ++slot) {
    WorkerEntry& entry = entries_[slot];
    entry.timer.reset();
    if (entry.state == WorkerState::kWaiting) set_state(slot, WorkerState::kEmpty);
    kill(slot, entry.generation, KillReason::kShutdown, "");
  }
}

bool WorkerLife::all_dead() const {
  for (const WorkerEntry& entry : entries_)
    if (entry.pidfd) return false;
  return true;
}

}  // namespace ravelin::frontend
