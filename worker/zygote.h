// The zygote: holds the loaded heap, runs no request, forks workers when the frontend asks and reports their births and
// deaths. Its loop is one ppoll() over the control channel (launcher), the frontend's channel and SIGCHLD.
// Not for: deciding how many workers there are (frontend). Forked by the supervisor inside server.start(), or later
// when a zygote has died; never returns.
#pragma once

#include <sys/types.h>

#include "common/unique_fd.h"
#include "ipc/server_config.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

struct ZygoteBirth {
  UniqueFd control;   // to the launcher
  UniqueFd frontend;  // to the frontend; may be empty until the launcher sends one
  pid_t launcher = 0;
};

// The whole life of a zygote, to be called in the child of a fork; ends with the launcher, or when its control channel
// closes, and takes its workers with it. `config` outlives it.
[[noreturn]] void run_zygote(JsHeap& heap, const ipc::ServerConfig& config, ZygoteBirth birth);

}  // namespace ravelin::worker
