#include "worker/chunk_stream.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sys.h"
#include "ipc/chunk_frame.h"
#include "worker/block_hook.h"
#include "worker/deferred_replies.h"
#include "worker/js_error.h"
#include "worker/js_reply_body.h"
#include "worker/js_timers.h"
#include "worker/script_section.h"

namespace ravelin::worker {
namespace {

// A file up to this is read at once: a picture that a camera writes again and again must not change while a slow client
// is served from it. Larger ones travel as descriptors.
constexpr uint64_t kCopiedFileBytes = 1024 * 1024;
constexpr size_t kMaxWaitingFiles = 16;                         // each is a descriptor
constexpr double kMaxDelayMs = 100.0 * 365 * 24 * 3600 * 1000;  // a century is never

}  // namespace

ChunkStream::ChunkStream(DeferredReplies& owner, DeferredReply& reply, double delay_ms)
    : owner_(owner),
      reply_(reply),
      id_(reply.id),
      start_ns_(monotonic_ns()),
      delay_ns_(static_cast<uint64_t>(std::llround(std::min(delay_ms, kMaxDelayMs) * 1000)) * 1000) {}

ChunkStream::~ChunkStream() {
  if (timer_ != 0) owner_.timers()->cancel(timer_);
}

void ChunkStream::give_functions(duk_context* js, duk_idx_t req, const char* token_key) {
  auto give = [&](const char* name, duk_c_function function) {
    duk_push_string(js, name);
    duk_push_c_function(js, function, 1);
    duk_get_prop_string(js, req, token_key);
    duk_put_prop_string(js, -2, token_key);
    duk_def_prop(js, req,
                 DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE |
                     DUK_DEFPROP_SET_ENUMERABLE | DUK_DEFPROP_FORCE);
  };
  give("chunkSend", guarded<native_send>);
  give("chunkEnd", guarded<native_end>);
}

// --- when the callback is called

void ChunkStream::on_ready() {
  has_credit_ = true;
  if (!pieces_.empty()) {
    if (Status sent = send_piece(); !sent) return call_failed(sent.error().message);
    if (finish_if_done()) return;
  }
  plan();
}

// Calls the callback now, or arms the timer for it.
void ChunkStream::plan() {
  if (!may_call()) return;
  if (delay_ns_ == 0) return idle_ms_ == 0 ? call() : arm(monotonic_ns() + idle_ms_ * kNsPerMs);
  uint64_t now = monotonic_ns();
  // Missed beats are skipped, and one is never served twice by a timer that fires a little early.
  next_beat_ = std::max(beat_, (now - start_ns_) / delay_ns_) + 1;
  arm(start_ns_ + next_beat_ * delay_ns_);
}

void ChunkStream::arm(uint64_t due_ns) {
  if (!owner_.timers()) return;
  if (timer_ != 0) owner_.timers()->cancel(timer_);
  timer_ = owner_.timers()->call_at(due_ns, [this] { on_timer(); });
}

void ChunkStream::on_timer() {
  timer_ = 0;
  beat_ = next_beat_;
  if (may_call()) call();
}

void ChunkStream::call() {
  in_call_ = true;
  if (std::exchange(was_sent_, false)) ++index_;
  reply_.output.clear();
  std::string error;
  switch (owner_.call_kept(id_, index_, "in the chunk callback", error)) {
    case DeferredReplies::CallResult::kDone:
      return after_call();
    case DeferredReplies::CallResult::kFailed:
      return call_failed(error);
    case DeferredReplies::CallResult::kPending:  // its Promise will say
    case DeferredReplies::CallResult::kGone:     // and this object with it
      return;
  }
}

void ChunkStream::call_settled() { after_call(); }

void ChunkStream::call_failed(const std::string& error_text) {
  log_line("error: " + request_line(reply_.fields) + ": " + error_text + "\nthe connection is closed");
  owner_.end_stream(id_, ipc::FrameType::kAbort);
}

void ChunkStream::after_call() {
  in_call_ = false;
  if (finish_if_done()) return;
  idle_ms_ = was_sent_ ? 0 : std::clamp(idle_ms_ * 2, limits::kIdleChunkMs, limits::kIdleChunkMaxMs);
  plan();
}

// True: this object is gone.
bool ChunkStream::finish_if_done() {
  if (!is_ended_ || in_call_ || !pieces_.empty()) return false;
  owner_.end_stream(id_, ipc::FrameType::kEnd);
  return true;
}

// --- what the script sends

duk_ret_t ChunkStream::native_send(duk_context* js) {
  DeferredReply* reply = DeferredReplies::of_function(js);
  bool is_open = reply != nullptr && reply->stream != nullptr && !reply->stream->is_ended_;
  if (is_open) is_open = reply->stream->take_value(js, "chunkSend");
  duk_push_boolean(js, is_open);
  return 1;
}

duk_ret_t ChunkStream::native_end(duk_context* js) {
  DeferredReply* reply = DeferredReplies::of_function(js);
  bool is_open = reply != nullptr && reply->stream != nullptr && !reply->stream->is_ended_;
  if (is_open) is_open = reply->stream->take_value(js, "chunkEnd");
  if (is_open) {
    reply->stream->is_ended_ = true;
    reply->stream->finish_if_done();
  }
  duk_push_boolean(js, is_open);
  return 1;
}

// The value at index 0, behind what is in the server buffer. False: meanwhile this object has gone.
bool ChunkStream::take_value(duk_context* js, const char* function) {
  DeferredReplies& owner = owner_;
  uint64_t id = id_;
  std::string none;  // so that a file stays a file
  ReplyBody body;
  read_reply_body(js, 0, none, reply_.fields, body);
  if (owner.find(id) == nullptr) return false;  // a toJSON() has ended the stream
  if (body.is_missing) throw_error(js, "req.%s: cannot open the file %s", function, body.missing_file.c_str());
  if (reply_.output.size() + body.inline_bytes.size() > limits::kMaxChunkMemory) {
    append_large(js, function, body.inline_bytes);
  } else {
    check_room(js, reply_.output.size() + body.inline_bytes.size());
    append(reply_.output);
    append(body.inline_bytes);
  }
  reply_.output.clear();
  if (body.descriptor) append_file(js, std::move(body.descriptor), body.descriptor_bytes);
  if (pieces_.empty()) return true;
  was_sent_ = true;
  if (!has_credit_) return true;
  if (Status sent = send_piece(); !sent) throw_error(js, "req.%s: %s", function, sent.error().message.c_str());
  return true;
}

// Throws when so many bytes more may not wait here.
void ChunkStream::check_room(duk_context* js, size_t bytes) const {
  if (waiting_bytes_ + bytes > limits::kMaxChunkMemory)
    throw_range_error(js, "chunked reply: more than %zu bytes wait for the client; send less at a time, or a file",
                      limits::kMaxChunkMemory);
}

// More than may wait in memory: while nothing else waits, one piece of any size waits in a file.
void ChunkStream::append_large(duk_context* js, const char* function, std::string_view bytes) {
  if (!pieces_.empty()) check_room(js, limits::kMaxChunkMemory + 1);
  ReplyBody large;
  large.inline_bytes = bytes;
  if (!reply_.output.empty()) large.inline_bytes = reply_.output.append(bytes);
  Status moved = move_large_body(owner_.config().spool_directory, large);
  if (!moved) throw_error(js, "req.%s: cannot store the chunk: %s", function, moved.error().message.c_str());
  Piece& piece = pieces_.emplace_back();
  piece.file = std::move(large.descriptor);
  piece.file_bytes = large.descriptor_bytes;
}

void ChunkStream::append(std::string_view bytes) {
  if (bytes.empty()) return;
  bool fits =
      !pieces_.empty() && !pieces_.back().file && pieces_.back().bytes.size() + bytes.size() <= limits::kMaxInlineBody;
  if (!fits) pieces_.emplace_back();
  pieces_.back().bytes.append(bytes);
  waiting_bytes_ += bytes.size();
}

void ChunkStream::append_file(duk_context* js, UniqueFd file, uint64_t bytes) {
  if (bytes > kCopiedFileBytes) {
    if (pieces_.size() >= kMaxWaitingFiles) throw_range_error(js, "chunked reply: too many files wait for the client");
    if (pieces_.empty() || pieces_.back().file || pieces_.back().bytes.size() > limits::kMaxInlineBody)
      pieces_.emplace_back();
    pieces_.back().file = std::move(file);
    pieces_.back().file_bytes = bytes;
    return;
  }
  std::string contents(bytes, '\0');
  size_t done = 0;
  while (done < contents.size()) {
    ssize_t n = pread(file.get(), contents.data() + done, contents.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_error(js, "chunked reply: cannot read the file: %s", errno_text(errno).c_str());
    if (n == 0) break;  // it has become shorter
    done += static_cast<size_t>(n);
  }
  check_room(js, done);
  append(std::string_view(contents).substr(0, done));
}

Status ChunkStream::send_piece() {
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  waiting_bytes_ -= piece.bytes.size();
  has_credit_ = false;
  ReplyBody body;
  body.inline_bytes = piece.bytes;
  if (piece.file) {
    body.descriptor = std::move(piece.file);
    body.descriptor_bytes = piece.file_bytes;
  } else if (Status moved = move_large_body(owner_.config().spool_directory, body); !moved) {
    return moved;
  }
  ScriptPause pause;
  ipc::Channel& channel = reply_.target.channel;
  uint8_t flags = body.descriptor ? ipc::kFlagDescriptor : uint8_t{0};
  ipc::FrameWriter frame(channel.out(), ipc::FrameType::kChunk, 0, reply_.target.stream, flags);
  ipc::encode_chunk(frame.payload(), {body.inline_bytes, 0, body.descriptor_bytes});
  frame.finish();
  if (body.descriptor) channel.attach(frame.start(), std::move(body.descriptor));
  owner_.wrote(reply_);
  return Ok{};
}

}  // namespace ravelin::worker
