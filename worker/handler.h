// Handler: one HTTP request from decoded frame to Reply frame. It finds the function (route, module, notFoundFunc,
// directoryFunc), arms the soft deadline, calls it with `req` (js_request.h), turns what it returns into a reply
// (js_reply.h), and answers with a page when that fails (pages.h; server-details 3.6 to 3.9, 13.2).
// Not for: the channel's reading and flushing, claim words, the end of the worker: worker_loop does that.
// Workers only, main thread; worker_loop calls run() once per request, never nested.
#pragma once

#include <cstdint>
#include <memory>

#include "common/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/request_frame.h"
#include "ipc/server_config.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

// What server.start() leaves in the heap stash (duk_push_heap_stash) for the workers:
//   routes         Array; [i] is the function of ServerConfig::routes[i] when that is a kFunction, else anything
//   notFoundFunc   Function, or String: name of a module ({module: name}); absent or undefined when not set
//   directoryFunc  Function, or String: name of a module, or true: the built-in list; absent or undefined when not set
inline constexpr char kStashRoutes[] = "routes";
inline constexpr char kStashNotFoundFunc[] = "notFoundFunc";
inline constexpr char kStashDirectoryFunc[] = "directoryFunc";

class DeferredReplies;
class HandlerState;

class Handler {
 public:
  enum class Outcome {
    kAnswered,  // or it will be, after a Deferred frame
    kRetire,    // answered, but this worker must be replaced: the script timed out or hit its memory limit
  };

  // Reads the stash once. `config` and `heap` must outlive the handler; the heap must have its globals, and JsModules
  // if any route is a module. To be made in the worker, after the fork.
  Handler(JsHeap& heap, const ipc::ServerConfig& config);
  ~Handler();
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

  // Runs the request and appends exactly one Reply or Deferred frame for (slot, stream) to channel.out(), with its
  // descriptor attached if it has one; does not flush. `loop` tells the streams of several channels apart. The views in
  // `request` need to live until it returns. `body` holds the request's body when its frame carried a descriptor. Never
  // throws; the value stack is as before.
  Outcome run(const ipc::RequestFields& request, UniqueFd body, uint16_t slot, uint64_t stream, ipc::Channel& channel,
              uint32_t loop = 0);

  // Replies that are not complete when run() has returned.
  DeferredReplies& deferred();

 private:
  std::unique_ptr<HandlerState> state_;
};

}  // namespace ravelin::worker
