// The worker process: takes requests from its channels (one per frontend loop), claims each before it runs it, and
// sends the replies in batches (DESIGN.md 2.3): at the end of what one read brought, before anything that blocks, and
// from running script when the oldest unsent reply is limits::kReplyBatchNs old. Not for: what a request does
// (handler.h). Forked by the zygote; never returns.
#pragma once

#include <vector>

#include "common/unique_fd.h"
#include "ipc/server_config.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

struct WorkerBirth {
  uint32_t slot = 0;
  uint32_t generation = 0;
  UniqueFd claim_page;             // sealed memfd
  std::vector<UniqueFd> channels;  // one per frontend loop, in loop order
};

// Exit codes of a worker that ends by itself; the frontend's log line shows them. A script's process.exit(code) ends a
// worker with its code.
constexpr int kExitDone = 0;       // drained, retired, or the frontend is gone
constexpr int kExitBadPeer = 76;   // the frontend broke the protocol (EX_PROTOCOL)
constexpr int kExitInternal = 70;  // an exception reached the loop (EX_SOFTWARE)

// The whole life of a worker, to be called in the child after settle_worker(). `config` outlives it.
[[noreturn]] void run_worker(JsHeap& heap, const ipc::ServerConfig& config, WorkerBirth birth);

}  // namespace ravelin::worker
