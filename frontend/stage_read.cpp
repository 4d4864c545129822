// Stage "read": bytes from the socket into the parser; what comes ahead of its turn is kept, bounded.
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "frontend/connection.h"
#include "frontend/loop.h"

namespace ravelin::frontend {

namespace {

ParserLimits parser_limits(const ipc::ServerConfig& config) {
  ParserLimits result;
  result.max_request_line = config.max_request_line;
  result.max_header_bytes = config.max_header_bytes;
  return result;
}

}  // namespace

Connection::Connection(Loop& loop, UniqueFd socket, const sockaddr_storage& peer, bool secure)
    : loop_(loop), socket_(std::move(socket)), parser_(parser_limits(loop.config())), request_(*this), secure_(secure) {
  if (peer.ss_family == AF_INET) {
    auto* address = reinterpret_cast<const sockaddr_in*>(&peer);
    inet_ntop(AF_INET, &address->sin_addr, peer_ip_, sizeof peer_ip_);
    peer_port_ = ntohs(address->sin_port);
  } else if (peer.ss_family == AF_INET6) {
    auto* address = reinterpret_cast<const sockaddr_in6*>(&peer);
    inet_ntop(AF_INET6, &address->sin6_addr, peer_ip_, sizeof peer_ip_);
    peer_port_ = ntohs(address->sin6_port);
  }
  input_ = loop.events().make_event(socket_.get(), EV_READ | EV_PERSIST, on_event, this);
  output_ = loop.events().make_event(socket_.get(), EV_WRITE, on_event, this);
}

Connection::~Connection() { unlink(); }

void Connection::start() {
  watch_input(true);
  loop_.idle_timeouts().start(*this, loop_.now_ns());
}

void Connection::watch_input(bool on) {
  if (on == input_watched_) return;
  input_watched_ = on;
  if (on) {
    event_add(input_.get(), nullptr);
  } else {
    event_del(input_.get());
  }
}

void Connection::on_event(int, short what, void* self) {
  auto* connection = static_cast<Connection*>(self);
  bool has_output = connection->state() == RequestState::kReplying || connection->state() == RequestState::kStreaming;
  if ((what & EV_WRITE) != 0 && has_output) connection->flush_output();
  if ((what & EV_READ) != 0 && connection->state() != RequestState::kClosed) connection->read_socket();
}

void Connection::read_socket() {
  ssize_t n = ::recv(socket_.get(), loop_.read_buffer(), loop_.read_size(), 0);
  if (n > 0) return take_input({loop_.read_buffer(), static_cast<size_t>(n)});
  if (n == 0) return on_read_closed(false);
  if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) on_read_closed(true);
}

void Connection::take_input(std::string_view bytes) {
  switch (request_.state) {
    case RequestState::kReadHead:
    case RequestState::kReadBody:
      if (!input_ahead_.empty()) return keep_for_later(bytes);  // resume() comes first, at the end of this turn
      return consume(bytes);
    case RequestState::kQueued:
    case RequestState::kDispatched:
    case RequestState::kDeferred:
    case RequestState::kStreaming:
    case RequestState::kReplying:
      return keep_for_later(bytes);
    case RequestState::kLingering:
    case RequestState::kClosed:
      return;
  }
}

// Feeds the parser until it wants more bytes or the present request has to be answered first.
void Connection::consume(std::string_view bytes) {
  consuming_ = true;
  bool go_on = true;
  while (go_on) {
    size_t used = 0;
    Http1Parser::Event event = parser_.feed(bytes, used);
    bytes.remove_prefix(used);
    input_pending_ = !bytes.empty();
    switch (event) {
      case Http1Parser::Event::kNeedMore:
        if (request_.state == RequestState::kReadBody) take_body();
        if (request_.state == RequestState::kReadBody) await_body();
        if (request_.state == RequestState::kReadHead && parser_.started() && !head_timed_) {
          head_timed_ = true;
          loop_.head_timeouts().start(*this, loop_.now_ns());
        }
        go_on = false;
        break;
      case Http1Parser::Event::kHeadDone:
        route();
        go_on = request_.state == RequestState::kReadBody;
        break;
      case Http1Parser::Event::kMessageDone:
        if (take_body()) serve_target();
        go_on = request_.state == RequestState::kReadHead;  // answered already: on with the next one
        break;
      case Http1Parser::Event::kError:
        refuse(parser_.error_status(), parser_.error_text());
        go_on = false;
        break;
    }
  }
  consuming_ = false;
  if (!bytes.empty() && request_.state < RequestState::kLingering) keep_for_later(bytes);
}

void Connection::keep_for_later(std::string_view bytes) {
  input_ahead_.append(bytes);
  if (input_ahead_.size() >= limits::kMaxPipelinedBytes) watch_input(false);
}

void Connection::resume() {
  if (request_.state != RequestState::kReadHead || input_ahead_.empty()) return;
  std::string bytes;
  bytes.swap(input_ahead_);
  consume(bytes);
  if (request_.state == RequestState::kReadHead && read_closed_ && input_ahead_.empty()) return close();
  if (request_.state < RequestState::kLingering && !read_closed_ && input_ahead_.size() < limits::kMaxPipelinedBytes)
    watch_input(true);
}

// The client closed its side. With `reset` it cannot hear a reply either; else it may just have nothing more to say and
// the reply still counts (half-closed).
void Connection::on_read_closed(bool reset) {
  read_closed_ = true;
  watch_input(false);
  bool waits_for_reply = request_.state >= RequestState::kQueued && request_.state <= RequestState::kReplying;
  bool more_ahead = request_.state == RequestState::kReadHead && !input_ahead_.empty();
  if (reset || !(waits_for_reply || more_ahead)) return close();
  if (request_.state == RequestState::kDeferred) await_reply();
  if (request_.state == RequestState::kStreaming && wants_piece_) loop_.linger_timeouts().start(*this, loop_.now_ns());
}

void Connection::on_timeout() {
  switch (request_.state) {
    case RequestState::kReadHead:
      if (parser_.started()) return refuse(408, "");
      return close();
    case RequestState::kReadBody:
      return refuse(408, "");
    case RequestState::kDeferred:
      return read_closed_ ? close() : deferral_timed_out();
    case RequestState::kStreaming:
    case RequestState::kReplying:
      if ((wants_piece_ && request_.state == RequestState::kStreaming) || !client_has_progressed()) close();
      return;
    default:
      return close();  // a reply that the client does not take, or the end of lingering
  }
}

void Connection::stop_soon() {
  keep_alive_ = false;
  if (request_.state == RequestState::kReadHead && !parser_.started() && input_ahead_.empty()) close();
}

}  // namespace ravelin::frontend
