// Stage "finish": the reply goes to the client at the client's pace, then the connection takes the next request or
// closes. (Connection::relay, the client's end of stage "relay", is here too, since it begins the same output.)
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/check.h"
#include "common/http_status.h"
#include "common/log.h"
#include "common/sys.h"
#include "frontend/connection.h"
#include "frontend/loop.h"
#include "frontend/reply_range.h"

namespace ravelin::frontend {

ReplyContext Connection::reply_context() {
  const RequestHead& head = parser_.head();
  bool more_ahead = !input_ahead_.empty() || (consuming_ && input_pending_);
  if (loop_.stopping() || (read_closed_ && !more_ahead)) keep_alive_ = false;
  return {head.is_head(), head.version_minor, keep_alive_, loop_.dates().line()};
}

bool Connection::has_file(const UniqueFd& file, uint64_t end) const {
  struct stat status {};
  bool usable =
      fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && static_cast<uint64_t>(status.st_size) >= end;
  if (!usable)
    logf("error: the reply of a worker to %s names a body that it does not have", request_line(request_).c_str());
  return usable;
}

void Connection::relay(const ipc::ReplyFields& reply, UniqueFd descriptor) {
  bool wants_body = body_follows(reply.status, parser_.head().is_head());
  if (descriptor && wants_body) {
    if (!has_file(descriptor, reply.body_offset + reply.body_bytes)) return fail(502, "");
    if ((reply.flags & ipc::kReplyFile) != 0 && parser_.head().range.present)
      return relay_range(reply, std::move(descriptor));
  }
  if ((reply.flags & ipc::kReplyClose) != 0) keep_alive_ = false;
  std::string problem;
  bool passed = append_reply_head(out_, reply, reply_context(), &problem);
  if (!problem.empty()) logf("error: reply to %s: %s", request_line(request_).c_str(), problem.c_str());
  if (!passed) return fail(502, "The script's reply was not valid.");
  if (wants_body) {
    if (descriptor) {
      file_ = std::move(descriptor);
      file_offset_ = reply.body_offset;
      file_left_ = reply.body_bytes;
    } else {
      out_.append(reply.inline_body);
    }
  }
  begin_reply();
}

void Connection::relay_range(ipc::ReplyFields reply, UniqueFd descriptor) {
  std::string headers;
  ByteRange range = apply_byte_range(parser_.head(), loop_.config().range_cap_bytes, wall_seconds(), reply, headers);
  if (range.answer == ByteRange::Answer::kUnsatisfiable) {
    if ((reply.flags & ipc::kReplyClose) != 0) keep_alive_ = false;
    return reply_with_page(416, "", "Content-Range: " + content_range(range, reply.body_bytes) + "\r\n");
  }
  reply.flags = static_cast<uint16_t>(reply.flags & ~ipc::kReplyFile);
  relay(reply, std::move(descriptor));
}

void Connection::fail(int status, std::string_view paragraph) {
  std::string retry;
  if (status == 503) retry = "Retry-After: " + std::to_string(limits::kRetryAfterSeconds) + "\r\n";
  reply_with_page(status, paragraph, retry);
}

void Connection::fail_timeout() {
  std::string details;
  if (loop_.config().developer_mode)
    details = "script timed out after " + std::to_string(loop_.config().script_timeout_ms) + " ms " +
              place_of(request_, loop_.config());
  reply_with_page(500, kTookTooLong, "", details);
}

// A reply before the request was read to its end: the rest of the input has no meaning any more.
void Connection::refuse(int status, std::string_view paragraph, std::string_view lines) {
  keep_alive_ = false;
  must_linger_ = true;
  reply_with_page(status, paragraph, lines);
}

void Connection::reply_with_page(int status, std::string_view paragraph, std::string_view lines,
                                 std::string_view details) {
  std::string page = error_page(status, paragraph, details);
  OwnHead head{status, "text/html", "utf-8", page.size(), lines};
  append_own_head(out_, head, reply_context());
  if (body_follows(status, parser_.head().is_head())) out_ += page;
  begin_reply();
}

// out_ and file_ hold the reply.
void Connection::begin_reply() {
  request_.state = RequestState::kReplying;
  request_.body_file.reset();
  unlink();
  flush_output();
}

void Connection::flush_output() {
  size_t budget = loop_.config().max_write;
  if (!send_bytes(budget) || !send_file(budget)) {
    if (request_.state == RequestState::kClosed) return;
    event_add(output_.get(), nullptr);
    start_write_timeout();
    return;
  }
  if (request_.state == RequestState::kStreaming) return stream_is_out();
  finish_reply();
}

void Connection::start_write_timeout() {
  loop_.write_timeouts().start(*this, loop_.now_ns());
  if (ioctl(socket_.get(), SIOCOUTQ, &unacknowledged_) != 0) unacknowledged_ = 0;
}

// A slow client may take longer than a timeout until its socket is writable again, and yet read all the time.
bool Connection::client_has_progressed() {
  int before = unacknowledged_;
  start_write_timeout();
  return unacknowledged_ < before;
}

// False when the socket takes no more for this turn, or the connection was closed.
bool Connection::send_bytes(size_t& budget) {
  while (out_sent_ < out_.size()) {
    if (budget == 0) return false;
    size_t size = std::min(out_.size() - out_sent_, budget);
    ssize_t n = ::send(socket_.get(), out_.data() + out_sent_, size, MSG_NOSIGNAL | (file_left_ > 0 ? MSG_MORE : 0));
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) close();
      return false;
    }
    out_sent_ += static_cast<size_t>(n);
    budget -= std::min(budget, static_cast<size_t>(n));
  }
  return true;
}

bool Connection::send_file(size_t& budget) {
  while (file_left_ > 0) {
    if (budget == 0) return false;
    auto offset = static_cast<off_t>(file_offset_);
    size_t size = static_cast<size_t>(std::min<uint64_t>(file_left_, budget));
    ssize_t n = ::sendfile(socket_.get(), file_.get(), &offset, size);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) close();
      return false;
    }
    if (n == 0) {  // the file has shrunk: a reply that is too short must not look complete
      logf("warning: a file became shorter while it was sent for %s", request_line(request_).c_str());
      close();
      return false;
    }
    file_offset_ += static_cast<uint64_t>(n);
    file_left_ -= static_cast<uint64_t>(n);
    budget -= std::min(budget, static_cast<size_t>(n));
  }
  return true;
}

void Connection::finish_reply() {
  constexpr size_t kKeepCapacity = 16 * 1024;  // an idle connection does not hold on to the room of a large reply
  out_.clear();
  if (out_.capacity() > kKeepCapacity) out_.shrink_to_fit();
  out_sent_ = 0;
  file_.reset();
  unlink();
  if (!keep_alive_) return must_linger_ || !input_ahead_.empty() ? linger() : close();
  if (read_closed_ && !consuming_ && input_ahead_.empty()) return close();
  parser_.next_message();
  request_.state = RequestState::kReadHead;
  loop_.idle_timeouts().start(*this, loop_.now_ns());
  if (!consuming_ && !input_ahead_.empty()) loop_.resume_later(*this);
}

// The client may still be sending. Closing now would reset the connection and could take our reply from it (RFC
// 9112 9.6).
void Connection::linger() {
  if (read_closed_) return close();
  ::shutdown(socket_.get(), SHUT_WR);
  request_.state = RequestState::kLingering;
  input_ahead_.clear();
  watch_input(true);
  loop_.linger_timeouts().start(*this, loop_.now_ns());
}

void Connection::close() {
  if (request_.state == RequestState::kClosed) return;
  loop_.dispatcher().withdraw(request_);
  request_.state = RequestState::kClosed;
  unlink();
  input_.reset();
  output_.reset();
  socket_.reset();
  loop_.free_later(*this);
}

}  // namespace ravelin::frontend
