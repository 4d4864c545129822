// What a forked child must do before it is a process of its own. A zygote or worker has the launcher's heap but not its
// life; the numbered lists in fork_hygiene.cpp are the whole difference (DESIGN.md 3, "After fork").
// Not for: what the child does then (zygote, worker_loop). Called once, first thing in the child.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "ipc/server_config.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

// Delivered to a worker when its parent ends. A real-time signal, whose default action ends the process, so that even a
// script module that put the handler away cannot outlive the server.
int parent_death_signal();

// In a worker: kills it with all that it has started, when neither the zygote nor the launcher is its parent any more.
// Safe in a signal handler.
void end_if_launcher_is_gone();

// What is the same for every worker of one zygote, looked up once because a fork should cost nothing else.
struct WorkerSurroundings {
  pid_t launcher = 0;             // of the server: workers end with it
  pid_t zygote = 0;               // their parent at birth
  uint64_t address_space = 0;     // RLIMIT_AS of a worker in bytes; 0 = unlimited
  int oom_score_adj = 0;          // of a worker
  uint64_t user_processes = 0;    // RLIMIT_NPROC of a worker that is not root
  sigset_t signal_mask = {};      // to be restored: the zygote blocks SIGCHLD
  std::vector<int> script_files;  // descriptors that the start script has open, ascending; they stay open
};

// A child of the start script's own (rampart.utils.fork), which runs script and no server. Before it gets an event
// loop. `keep` (ascending) as below.
void settle_script_child(JsHeap& heap, const std::vector<int>& keep);

// Zygote, after its fork. `launcher` is the parent; `keep` (ascending) are the descriptors it still needs. Ends the
// process when the launcher has died in the meantime.
void settle_zygote(JsHeap& heap, pid_t launcher, const std::vector<int>& keep);

// In the zygote, after settle_zygote: what its workers will need.
WorkerSurroundings survey_for_workers(pid_t launcher, const ipc::ServerConfig& config);

// Worker, after its fork. `keep` (ascending): its channels; all other descriptors but the script's are closed.
void settle_worker(JsHeap& heap, const WorkerSurroundings& surroundings, const std::vector<int>& keep);

// Processes and threads of this user now, as RLIMIT_NPROC counts them.
uint64_t count_user_processes();

// Default dispositions (SIGPIPE stays ignored) and the given mask.
void reset_signals(const sigset_t* mask);

// Descriptors above 2 that a start script may have opened and its functions may use: files, directories, devices.
// Sockets, pipes and the kernel's event descriptors are the launcher's own. Ascending.
std::vector<int> script_descriptors();

}  // namespace ravelin::worker
