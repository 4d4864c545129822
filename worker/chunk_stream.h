// ChunkStream: the pieces of one chunked reply (server-details 10.1 to 10.6): when its callback is called, and
// req.chunkSend(), req.chunkEnd(), req.chunkIndex. The frontend pulls: a piece leaves only after its ChunkReady, so
// what waits here is what the script has sent ahead, bounded by limits::kMaxChunkMemory; a larger one waits in a file,
// alone. Not for: the reply's head (js_reply.h), the table of such replies (deferred_replies.h, which owns this).
// Workers, main thread.
#pragma once

#include <duktape.h>

#include <cstdint>
#include <deque>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace ravelin::worker {

class DeferredReplies;
struct DeferredReply;

class ChunkStream {
 public:
  // `reply` owns this object. Beats of the delay count from now.
  ChunkStream(DeferredReplies& owner, DeferredReply& reply, double delay_ms);
  ~ChunkStream();
  ChunkStream(const ChunkStream&) = delete;
  ChunkStream& operator=(const ChunkStream&) = delete;

  // Gives req its chunkSend and chunkEnd; req has its token. Inside a Duktape call.
  static void give_functions(duk_context* js, duk_idx_t req, const char* token_key);

  // ChunkReady came. May run script, and end the reply and with it this object, as all below.
  void on_ready();
  // The callback runs, or its Promise is pending.
  bool is_in_call() const { return in_call_; }
  // The Promise that the callback returned is settled.
  void call_settled();
  void call_failed(const std::string& error_text);

 private:
  struct Piece {
    std::string bytes;
    UniqueFd file;  // follows the bytes
    uint64_t file_bytes = 0;
  };

  static duk_ret_t native_send(duk_context* js);
  static duk_ret_t native_end(duk_context* js);
  void on_timer();

  bool may_call() const { return has_credit_ && !in_call_ && !is_ended_ && pieces_.empty(); }
  void plan();
  void call();
  void after_call();
  void arm(uint64_t due_ns);
  bool take_value(duk_context* js, const char* function);
  void check_room(duk_context* js, size_t bytes) const;
  void append_large(duk_context* js, const char* function, std::string_view bytes);
  void append(std::string_view bytes);
  void append_file(duk_context* js, UniqueFd file, uint64_t bytes);
  Status send_piece();
  bool finish_if_done();

  DeferredReplies& owner_;
  DeferredReply& reply_;
  const uint64_t id_;
  uint64_t timer_ = 0;  // of JsTimers; 0: none
  uint64_t start_ns_;
  uint64_t delay_ns_;
  uint64_t beat_ = 0;  // of the delay: the last one served
  uint64_t next_beat_ = 0;
  uint64_t idle_ms_ = 0;  // without a delay: the pause after a call that sent nothing
  uint32_t index_ = 0;
  bool has_credit_ = false;   // the frontend has asked for a piece
  bool in_call_ = false;      // the callback runs, or its Promise is pending
  bool was_sent_ = false;     // since the last call
  bool is_ended_ = false;     // chunkEnd() was called
  size_t waiting_bytes_ = 0;  // in pieces_
  std::deque<Piece> pieces_;
};

}  // namespace ravelin::worker
