// Stage "stream": replies that take longer than their function. A deferred request has left the worker's window and
// waits for its Reply; a streamed reply is pulled from the worker piece by piece, at the client's pace (DESIGN 4).
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "common/http_status.h"
#include "common/log.h"
#include "frontend/connection.h"
#include "frontend/dispatcher.h"
#include "frontend/loop.h"

namespace ravelin::frontend {

using ipc::FrameType;

// --- the worker's end

// The slot is free from here on: long-lived replies do not use up the window.
void Dispatcher::open_stream(WorkerLink& link, uint64_t stream, Request* request, uint64_t begun_ns,
                             RequestState state) {
  link.streams[stream] = request;
  table_.owed[link.index].fetch_add(1, std::memory_order_relaxed);
  if (request == nullptr) return tell_stream(link, FrameType::kAbort, stream);
  request->state = state;
  request->worker = link.index;
  request->begun_ns = begun_ns;
}

void Dispatcher::close_stream(WorkerLink& link, uint64_t stream) {
  link.streams.erase(stream);
  table_.owed[link.index].fetch_sub(1, std::memory_order_relaxed);
}

void Dispatcher::tell_stream(WorkerLink& link, FrameType type, uint64_t stream) {
  if (!link.attached()) return;
  ipc::FrameWriter(link.channel->out(), type, 0, stream).finish();
  mark_dirty(link);
}

void Dispatcher::pull(Request& request) { tell_stream(links_[request.worker], FrameType::kChunkReady, request.stream); }

const char* Dispatcher::on_deferred(WorkerLink& link, ipc::Frame& frame) {
  WindowSlot* slot = link.find(frame.slot, frame.stream);
  if (slot == nullptr) return "Deferred for no request";
  if (slot->revoked || !link.claims->has_begun(ipc::ClaimPage::index(loop_index_, frame.slot), frame.stream))
    return "Deferred for a request that it had not begun";
  if (link.streams.size() >= limits::kMaxStreams) return kTooManyStreams;
  Request* request = slot->request;
  const uint64_t begun_ns = slot->begun_ns != 0 ? slot->begun_ns : slot->sent_ns;
  free_slot(link, static_cast<uint8_t>(frame.slot));
  link.progress_ns = events_.now_ns();
  link.slow = false;
  open_stream(link, frame.stream, request, begun_ns, RequestState::kDeferred);
  if (request == nullptr) return nullptr;
  if (config_.script_timeout_ms > 0) start_deferral_timeout(*request);
  request->connection.await_reply();
  return nullptr;
}

// The reply to a deferred request.
const char* Dispatcher::on_late_reply(WorkerLink& link, ipc::Frame& frame) {
  auto found = link.streams.find(frame.stream);
  if (found == link.streams.end()) return "Reply to no request";
  Request* request = found->second;
  if (request != nullptr && request->state != RequestState::kDeferred) return "second Reply to a request";
  auto reply = ipc::decode_reply(frame.payload, static_cast<bool>(frame.descriptor));
  if (!reply) return "Reply that does not decode";
  link.progress_ns = events_.now_ns();
  bool is_streamed = (reply.value().flags & ipc::kReplyStream) != 0;
  if (!is_streamed) close_stream(link, frame.stream);
  if (request == nullptr) return nullptr;
  request->connection.unlink();
  if (!is_streamed) {
    request->state = RequestState::kReplying;
    request->connection.relay(reply.value(), std::move(frame.descriptor));
  } else {
    request->state = RequestState::kStreaming;
    request->connection.begin_stream(reply.value(), std::move(frame.descriptor));
  }
  return nullptr;
}

const char* Dispatcher::on_chunk(WorkerLink& link, ipc::Frame& frame) {
  auto found = link.streams.find(frame.stream);
  if (found == link.streams.end()) return "Chunk of no stream";
  auto piece = ipc::decode_chunk(frame.payload, static_cast<bool>(frame.descriptor));
  // No progress for those in the window: pieces could flow for ever while they wait.
  if (!piece) return "Chunk that does not decode";
  Request* request = found->second;
  if (request == nullptr) return nullptr;  // it was sent before the worker knew that the client has gone
  if (request->state != RequestState::kStreaming || !request->connection.wants_piece())
    return "Chunk that nobody asked for";
  request->connection.take_piece(piece.value(), std::move(frame.descriptor));
  return nullptr;
}

// End or Abort: the worker's last word on the stream.
const char* Dispatcher::on_stream_end(WorkerLink& link, ipc::Frame& frame) {
  auto found = link.streams.find(frame.stream);
  if (found == link.streams.end()) return "end of no stream";
  Request* request = found->second;
  link.progress_ns = events_.now_ns();
  if (request != nullptr && frame.type == FrameType::kEnd && request->state != RequestState::kStreaming)
    return "End of a reply that had not begun";
  close_stream(link, frame.stream);
  if (request == nullptr) return nullptr;
  bool was_deferred = request->state == RequestState::kDeferred;
  if (frame.type == FrameType::kEnd) {
    request->connection.end_stream();
  } else {
    request->state = RequestState::kReplying;  // the worker has nothing of it any more
    was_deferred ? request->connection.fail(502, "") : request->connection.cut_stream();
  }
  return nullptr;
}

// The worker has died: what it had begun is never run again.
void Dispatcher::settle_streams(WorkerLink& link, LostRequests& lost) {
  const std::map<uint64_t, Request*> streams(link.streams.begin(), link.streams.end());  // oldest first
  link.streams.clear();
  table_.owed[link.index].fetch_sub(static_cast<uint32_t>(streams.size()), std::memory_order_relaxed);
  for (auto [stream, request] : streams) {
    if (request == nullptr) continue;
    bool was_deferred = request->state == RequestState::kDeferred;
    if (++lost.owed_count <= LostRequests::kMostNamed)
      lost.owed.push_back(request_line(*request) + (was_deferred ? " (deferred, ran " : " (chunked, ran ") +
                          std::to_string((events_.now_ns() - request->begun_ns) / kNsPerMs) + " ms)");
    request->state = RequestState::kReplying;
    was_deferred ? request->connection.fail(502, "") : request->connection.cut_stream();
  }
}

void Dispatcher::start_deferral_timeout(Request& request) {
  deferrals_.start(request.connection, events_.now_ns());
  if (!evtimer_pending(deferral_timer_.get(), nullptr)) arm_timer(deferral_timer_.get(), config_.script_timeout_ms);
}

void Dispatcher::on_deferral_timer(int, short, void* self) {
  auto* dispatcher = static_cast<Dispatcher*>(self);
  uint64_t now = dispatcher->events_.now_ns();
  while (TimeoutNode* node = dispatcher->deferrals_.pop_expired(now)) static_cast<Connection*>(node)->on_timeout();
  if (TimeoutNode* first = dispatcher->deferrals_.first())
    arm_timer(dispatcher->deferral_timer_.get(), (first->expires_ns - now) / kNsPerMs + 1);
}

// --- the client's end

void Connection::await_reply() {
  if (read_closed_) loop_.linger_timeouts().start(*this, loop_.now_ns());
}

void Connection::deferral_timed_out() {
  logf("error: %s %s was deferred and not answered within scriptTimeout (%g s); answering 500",
       request_line(request_).c_str(), place_of(request_, loop_.config()).c_str(),
       static_cast<double>(loop_.config().script_timeout_ms) / 1000);
  loop_.dispatcher().withdraw(request_);
  fail_timeout();
}

void Connection::begin_stream(const ipc::ReplyFields& reply, UniqueFd descriptor) {
  bool has_body = body_follows(reply.status, parser_.head().is_head());
  if (parser_.head().version_minor == 0 || (reply.flags & ipc::kReplyClose) != 0) keep_alive_ = false;
  ReplyContext context = reply_context();
  context.streamed = true;
  bool passed = !descriptor || !has_body || has_file(descriptor, reply.body_offset + reply.body_bytes);
  std::string problem;
  if (passed) passed = append_reply_head(out_, reply, context, &problem);
  if (!problem.empty()) logf("error: reply to %s: %s", request_line(request_).c_str(), problem.c_str());
  if (!passed) {
    loop_.dispatcher().withdraw(request_);
    return fail(502, "The script's reply was not valid.");
  }
  framing_ = !has_body ? Framing::kNone : parser_.head().version_minor == 0 ? Framing::kPlain : Framing::kChunked;
  wants_piece_ = stream_ended_ = piece_open_ = false;
  request_.body_file.reset();
  unlink();
  int unsent = limits::kStreamUnsentBytes;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  uint64_t file_bytes = descriptor ? reply.body_bytes : 0;
  append_piece(reply.inline_body, std::move(descriptor), reply.body_offset, file_bytes);
  flush_output();
}

void Connection::append_piece(std::string_view bytes, UniqueFd file, uint64_t offset, uint64_t file_bytes) {
  uint64_t size = bytes.size() + file_bytes;
  if (size == 0 || framing_ == Framing::kNone) return;
  if (framing_ == Framing::kChunked) {
    char digits[16];
    auto [end, error] = std::to_chars(digits, digits + sizeof digits, size, 16);
    out_.append(digits, end).append("\r\n");
  }
  out_.append(bytes);
  if (file_bytes > 0) {
    file_ = std::move(file);
    file_offset_ = offset;
    file_left_ = file_bytes;
    piece_open_ = framing_ == Framing::kChunked;
  } else if (framing_ == Framing::kChunked) {
    out_.append("\r\n");
  }
}

void Connection::take_piece(const ipc::ChunkFields& piece, UniqueFd descriptor) {
  wants_piece_ = false;
  unlink();
  if (descriptor && framing_ != Framing::kNone && !has_file(descriptor, piece.file_offset + piece.file_bytes)) {
    loop_.dispatcher().withdraw(request_);
    request_.state = RequestState::kReplying;
    return cut_stream();
  }
  append_piece(piece.inline_bytes, std::move(descriptor), piece.file_offset, piece.file_bytes);
  flush_output();
}

// Everything that came so far is with the kernel (or there was nothing to send).
void Connection::stream_is_out() {
  constexpr size_t kKeepCapacity = 256;  // thousands of slow clients hold nothing here while they dawdle
  if (wants_piece_ && !stream_ended_) return;
  out_.clear();
  if (out_.capacity() > kKeepCapacity) out_.shrink_to_fit();
  out_sent_ = 0;
  file_.reset();
  if (piece_open_) {
    piece_open_ = false;
    out_ = "\r\n";
    return flush_output();
  }
  if (stream_ended_) {
    if (framing_ == Framing::kChunked) out_ = "0\r\n\r\n";
    request_.state = RequestState::kReplying;
    return flush_output();
  }
  if (socket_takes_more()) return pull_piece();
  event_add(output_.get(), nullptr);
  start_write_timeout();
}

// More than "would not block": the kernel has sent most of what it was given (TCP_NOTSENT_LOWAT).
bool Connection::socket_takes_more() const {
  pollfd socket{socket_.get(), POLLOUT, 0};
  return poll(&socket, 1, 0) == 1;  // an error shows at the next send
}

void Connection::pull_piece() {
  unlink();  // only the writing side has a timeout
  wants_piece_ = true;
  if (read_closed_) loop_.linger_timeouts().start(*this, loop_.now_ns());
  loop_.dispatcher().pull(request_);
}

void Connection::end_stream() {
  stream_ended_ = true;
  bool is_sending = out_sent_ < out_.size() || file_left_ > 0;
  if (!is_sending) stream_is_out();
}

void Connection::cut_stream() {
  // Without chunks the end of the connection is the end of the body: only a reset tells the client.
  struct ::linger reset {
    1, 0
  };
  if (framing_ == Framing::kPlain) setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close();
}

}  // namespace ravelin::frontend
