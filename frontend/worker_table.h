// The worker table: what the frontend knows of each worker slot. Entries belong to the main thread (worker_life); the
// counters are the only state that all loops share, and they are atomics that steer choices, never correctness.
// Not for: requests (each loop has its own windows, worker_link.h).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "frontend/event_loop.h"
#include "ipc/claims.h"

namespace ravelin::frontend {

enum class WorkerState : uint8_t {
  kEmpty,     // no process; leaves it by a Spawn
  kSpawning,  // Spawn sent; leaves it by Hello (kReady), death, SpawnFailed or the spawn deadline
  kReady,     // takes requests; leaves it by Retire, a kill or death (kEnding or kEmpty)
  kEnding,    // told or made to end; leaves it by death
  kWaiting,   // no process; a timer will spawn (backoff)
};

// Why we killed a worker; decides the class of its death and the log line.
enum class KillReason : uint8_t { kNone, kTimeout, kMalformed, kStalled, kSpawnDeadline, kShutdown };

struct WorkerEntry {
  WorkerState state = WorkerState::kEmpty;
  bool is_usable = false;   // counted in WorkerTable::usable
  uint32_t generation = 0;  // of the present or last worker
  pid_t pid = 0;
  UniqueFd pidfd;
  EventPtr death;  // pidfd became readable
  EventPtr timer;  // spawn deadline, or the end of the backoff
  uint64_t spawned_ns = 0;
  uint32_t failures = 0;  // respawn_policy
  KillReason kill_reason = KillReason::kNone;
  bool was_ready = false;  // it has said Hello
  bool retired = false;
  std::optional<int> early_status;  // wait status that came before the pidfd's event
  std::string kill_detail;
};

// What died with a worker, as one loop knows it.
struct LostRequests {
  static constexpr size_t kMostNamed = 3;  // the page that kills workers may have a thousand neighbours
  std::string running;                     // "GET /x (ran 12 ms)" of what it had begun; "": nothing
  std::vector<std::string> owed;           // the same of deferred and chunked replies: the first kMostNamed
  size_t owed_count = 0;                   // of all these
};

// What is left to say about a worker that has died, until its wait status and its requests are known.
struct Obituary {
  uint32_t slot = 0;
  uint32_t generation = 0;
  pid_t pid = 0;
  bool was_ready = false;
  bool retired = false;
  KillReason kill_reason = KillReason::kNone;
  std::string kill_detail;
  LostRequests lost;  // of all loops
  uint32_t loops_to_hear = 0;
  bool has_status = false;
  int wait_status = 0;
  EventPtr patience;  // logs without the status when the zygote stays silent
};

struct WorkerTable {
  explicit WorkerTable(uint32_t workers) : outstanding(workers), owed(workers) {}
  std::vector<std::atomic<uint32_t>> outstanding;  // requests at each worker, over all loops
  std::vector<std::atomic<uint32_t>> owed;         // replies that have left the window: deferred and chunked ones
  std::atomic<uint32_t> usable{0};  // workers that are there or will be soon: not empty, not waiting for long
};

}  // namespace ravelin::frontend
