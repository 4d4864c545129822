// DeferredReplies: requests whose reply is not complete when their function has returned (server-details 10): deferred
// ones ({defer: true}, a function that returned a pending Promise) and chunked replies (chunk_stream.h has their
// pieces). Keeps what a late reply needs, gives `req` its reply(), and tells the frontend. Not for: calling mapped
// functions, pages for what went wrong (handler.h, which it asks for both), channels. Workers, main thread; one per
// heap, used by Handler. What runs script here runs from the event loop at rest, or from within the script that called.
#pragma once

#include <duktape.h>
#include <event2/event.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ipc/request_frame.h"
#include "ipc/server_config.h"
#include "worker/chunk_stream.h"
#include "worker/js_heap.h"
#include "worker/js_reply.h"

namespace ravelin::worker {

// What the worker's loop offers to replies that end outside of a request.
class ReplyUplink {
 public:
  virtual ~ReplyUplink() = default;
  // A whole frame was appended to the channel.
  virtual void wrote(ipc::Channel& channel) = 0;
  // A callback runs since then (monotonic_ns()); 0: it has ended. For the frontend, which watches over it.
  virtual void note_callback(uint64_t since_ns) = 0;
  // A reply has ended: there may be none left.
  virtual void reply_ended() = 0;
  // This worker must be replaced: its script timed out or hit its memory limit. Does not return.
  virtual void retire() = 0;
};

// Handler's part: answers with notFoundFunc or a page. At rest only.
class LateAnswers {
 public:
  virtual ~LateAnswers() = default;
  // `error_text` null: the script's answer was that there is nothing; else it failed.
  virtual void answer_late(const ipc::RequestFields& fields, const std::string* error_text,
                           const ReplyTarget& target) = 0;
  // 500, whatever developerMode says: the script that should have answered was stopped. Runs no script.
  virtual void answer_timed_out(const std::string& error_text, const ReplyTarget& target) = 0;
};

struct DeferredReply {
  DeferredReply(uint64_t number, const ReplyTarget& where) : id(number), target(where) {}
  uint64_t id;
  ReplyTarget target;   // slot == ipc::kNoSlot
  std::string payload;  // of the Request frame: what `fields` views
  ipc::RequestFields fields;
  std::string output;  // server buffer
  std::string place;   // of the function whose Promise this is
  uint16_t default_status = 200;
  std::string reply_error;         // what req.reply() threw last
  bool is_error_reported = false;  // ...and nobody caught it, so it is in the log
  bool is_promise = false;         // the value of a Promise will be the reply...
  bool is_given = false;           // ...and it is one that req.reply() was given
  bool is_settled = false;         // answered for the script; a job sends it
  bool is_sending = false;         // inside JsReply::send()
  bool is_kept = false;            // its req and function are in the heap's stash
  std::unique_ptr<ChunkStream> stream;
};

class DeferredReplies {
 public:
  DeferredReplies(JsHeap& heap, JsReply& reply, const ipc::ServerConfig& config, LateAnswers& late);
  ~DeferredReplies();
  DeferredReplies(const DeferredReplies&) = delete;
  DeferredReplies& operator=(const DeferredReplies&) = delete;

  // Before the first request. Without it (unit tests) the caller runs jobs.
  void connect(ReplyUplink& uplink, event_base* base);

  // --- from Handler, after the function: each takes what is in source.output. `req` is an index. They throw JavaScript
  // errors and then have taken nothing.

  // {defer: ...}: the function to be called, or undefined, is on top and is popped.
  void defer(duk_context* js, duk_idx_t req, const ReplySource& source, const ReplyTarget& target,
             uint16_t default_status);
  // A pending Promise is on top and is popped. `place`: for error texts, "in the callback of map key \"/x\"".
  void defer_promise(duk_context* js, duk_idx_t req, const ReplySource& source, const ReplyTarget& target,
                     uint16_t default_status, std::string place);
  // The head of a chunked reply was written; its callback is on top and is popped.
  void stream(duk_context* js, duk_idx_t req, const ReplySource& source, const ReplyTarget& target);

  // --- from the worker's loop
  void on_chunk_ready(uint32_t loop, uint64_t stream);
  void on_abort(uint32_t loop, uint64_t stream);
  size_t count() const { return replies_.size(); }
  // What waited for the script to end. At rest.
  void run_jobs();
  // A callback of the loop was stopped by its deadline: requests that nobody can answer since then are its fault.
  void callback_timed_out();

  // The worker must be replaced (Handler found it out in answer_late()).
  void retire() {
    if (uplink_) uplink_->retire();
  }

  // --- from req's functions (js_request_output.cpp)

  // The server buffer of the deferred or chunked request whose req the value at `index` is; or, when it is none, of the
  // one whose callback runs. Null: no such request.
  static std::string* output_of(duk_context* js, duk_idx_t index);
  static const MimeTable& mime_of(duk_context* js);
  static uint64_t max_output_bytes(duk_context* js);

  // --- from chunk_stream.cpp
  enum class CallResult { kDone, kPending, kFailed, kGone };
  // Calls the function kept for the reply with its req, and the microtasks; at rest. kFailed: `error` says why.
  // kPending: it returned a Promise that is not settled; ChunkStream::call_settled or call_failed comes.
  CallResult call_kept(uint64_t id, std::optional<uint32_t> chunk_index, const char* what, std::string& error);
  // The reply that the C function which runs belongs to; null when it has ended.
  static DeferredReply* of_function(duk_context* js);
  JsTimers* timers() const { return heap_.timers; }
  const ipc::ServerConfig& config() const { return config_; }
  DeferredReply* find(uint64_t id);
  void wrote(const DeferredReply& reply);
  // The worker's last frame of a stream (kEnd, kAbort), and the end of the entry.
  void end_stream(uint64_t id, ipc::FrameType type);

 private:
  enum class JobKind {
    kCall,           // the function under `defer`
    kNotFound,       // the answer was that there is nothing
    kFailed,         // the answer was no reply, or the Promise was rejected
    kDropped,        // nobody is left who could answer
    kTimedOut,       // the same, since the script that would have was stopped
    kPieceDone,      // the Promise of a chunk callback is fulfilled
    kPieceFailed,    // ... or rejected
    kPieceDropped,   // ... or nobody is left who could settle it
    kPieceTimedOut,  // ... the same, since the script that would have was stopped
  };
  struct Job {
    JobKind kind;
    uint64_t id;
    std::string error_text;
  };

  static DeferredReplies* of(duk_context* js);
  static duk_ret_t native_reply(duk_context* js);
  static duk_ret_t native_settled(duk_context* js);
  static duk_ret_t native_dropped(duk_context* js);
  static duk_ret_t native_call_dropped(duk_context* js);

  DeferredReply& open(const ReplySource& source, const ReplyTarget& target, uint16_t default_status);
  static void push_token(duk_context* js, uint64_t id, duk_c_function finalizer);
  void give_token(duk_context* js, duk_idx_t req, uint64_t id);
  void give_reply(duk_context* js, duk_idx_t req);
  void keep(duk_context* js, duk_idx_t req, DeferredReply& reply);
  void watch_promise(duk_context* js, duk_idx_t token_owner, duk_idx_t req, bool is_call);
  void give(duk_context* js, duk_idx_t value, duk_idx_t req, uint64_t id);
  void reply_with_promise(duk_context* js, duk_idx_t function, duk_idx_t req, DeferredReply& reply);
  void tell_deferred(const ReplyTarget& target);
  void make_stream(duk_context* js, duk_idx_t req, DeferredReply& reply);
  void send(duk_context* js, duk_idx_t value, DeferredReply& reply, duk_idx_t req);
  void fail(DeferredReply& reply, const std::string& error_text);
  void add_job(JobKind kind, uint64_t id, std::string error_text = {});
  void run(Job& job);
  bool settle_dropped(Job& job, DeferredReply& reply);
  void answer_nothing(DeferredReply& reply);
  std::unique_ptr<DeferredReply> take(uint64_t id);
  static void push_kept(duk_context* js);  // the Object in the heap's stash: id -> [req, function]
  void unkeep(DeferredReply& reply);
  void plan_sweep(uint64_t delay_ms);
  void sweep();
  void run_piece_job(const Job& job, DeferredReply& reply);
  static duk_ret_t settle_reply(duk_context* js, DeferredReply& reply);
  static uint64_t key_of(const ReplyTarget& target);

  JsHeap& heap_;
  JsReply& reply_;
  const ipc::ServerConfig& config_;
  LateAnswers& late_;
  ReplyUplink* uplink_ = nullptr;
  event* work_ = nullptr;
  event* sweep_ = nullptr;
  uint64_t sweep_at_ms_ = 0;     // 0: not planned
  uint64_t sweep_delay_ms_ = 0;  // before the last one
  uint64_t sweep_cost_ms_ = 0;   // what the last one took
  uint64_t next_id_ = 1;
  uint64_t running_id_ = 0;  // whose callback runs
  std::unordered_map<uint64_t, std::unique_ptr<DeferredReply>> replies_;
  std::unordered_map<uint64_t, uint64_t> by_stream_;  // stream and loop -> id
  std::vector<Job> jobs_;
};

}  // namespace ravelin::worker
