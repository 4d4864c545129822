// One request on its way through the stages (README.md lists them with their files). Owned by its connection; the
// dispatcher keeps plain pointers to it while it is queued or dispatched, and the connection withdraws it before it
// dies. Not for: parsing state (Http1Parser) or sockets (Connection). One loop, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/unique_fd.h"
#include "ipc/request_frame.h"

namespace ravelin::frontend {

class Connection;

enum class RequestState : uint8_t {
  kReadHead,    // stage_read: no request, or its head is not complete; leaves by a complete head or a refusal
  kReadBody,    // stage_body: routed; leaves when the body is complete, or by a refusal
  kQueued,      // stage_queue: waits for a worker; in the dispatcher's queue
  kDispatched,  // stage_dispatch: in the window of a worker; leaves by its reply, its death, a revocation
  kDeferred,    // stage_stream: its function has returned without a reply; leaves by a Reply, timeout, worker's death
  kStreaming,   // stage_stream: head is written, pieces are pulled from the worker; leaves by End, or is cut
  kReplying,    // stage_relay, stage_finish: reply bytes are on their way to the client
  kLingering,   // stage_finish: reply sent, connection shut for writing, input is dropped until the client closes
  kClosed,      // the connection is going away; nothing more happens
};

// What the route stage decided.
enum class Target : uint8_t { kScript, kFile, kSlashRedirect, kNothing };

struct Request {
  explicit Request(Connection& owner) : connection(owner) {}

  Connection& connection;
  RequestState state = RequestState::kReadHead;
  Target target = Target::kNothing;
  uint32_t route = ipc::kRouteNotFound;
  std::string_view matched_path;  // of the raw path or of path_scratch
  std::string path_scratch;
  std::string fs_path;      // kRouteDirectory
  uint64_t body_bytes = 0;  // of the whole decoded body so far
  UniqueFd body_file;       // the body, once it has outgrown limits::kBodyMemoryBytes

  // Dispatcher's. Invariant: state == kQueued exactly while it is linked into the queue.
  uint64_t stream = 0;
  uint64_t queued_ns = 0;
  uint64_t begun_ns = 0;      // kDeferred, kStreaming: when its worker began it, or was given it
  uint32_t worker = 0;        // kDispatched: whose window; kDeferred, kStreaming: who has the rest of the reply
  uint8_t slot = 0;           // kDispatched: which slot of it
  uint32_t lost_workers = 0;  // workers that died with it in their window, not begun
  Request* previous = nullptr;
  Request* next = nullptr;
};

}  // namespace ravelin::frontend
