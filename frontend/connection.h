// One client connection: its socket, its parser and the request that is on its way. The member functions are the stages
// of a request: stage_read.cpp, stage_route.cpp, stage_body.cpp, stage_finish.cpp, and the
// client's end of stage_stream.cpp (queue, dispatch and relay of scripts are the dispatcher's). Not for: accepting
// (listener in loop.cpp), workers. Belongs to one loop for life; freed only by the loop at the end of a turn, never
// inside its own callback.
#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>

#include "common/unique_fd.h"
#include "frontend/event_loop.h"
#include "frontend/http1_parser.h"
#include "frontend/reply_head.h"
#include "frontend/request.h"
#include "frontend/timeout_list.h"
#include "ipc/chunk_frame.h"
#include "ipc/reply_frame.h"

namespace ravelin::frontend {

class Loop;

class Connection : public TimeoutNode {
 public:
  Connection(Loop& loop, UniqueFd socket, const sockaddr_storage& peer, bool secure);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const RequestHead& head() const { return parser_.head(); }
  RequestState state() const { return request_.state; }

  // --- for the dispatcher ---
  // What a Request frame says; views live until the request is answered.
  ipc::RequestFields request_fields();
  // The worker's reply: judged, its head written, its body taken over. Bad replies become 502.
  void relay(const ipc::ReplyFields& reply, UniqueFd descriptor);
  // A reply whose body comes in pieces (the request is kStreaming): `reply` has the head and the first piece. Then,
  // after each pull(), at most one piece.
  void begin_stream(const ipc::ReplyFields& reply, UniqueFd descriptor);
  bool wants_piece() const { return wants_piece_; }
  void take_piece(const ipc::ChunkFields& piece, UniqueFd descriptor);
  void end_stream();
  // The rest will not come: the client must see that the body is not whole.
  void cut_stream();
  // The request is deferred.
  void await_reply();
  // The built-in page for `status`; `paragraph` as for error_page().
  void fail(int status, std::string_view paragraph);
  // 500: scriptTimeout has ended what it waited for.
  void fail_timeout();
  // The client has closed its side. It may still read the reply.
  bool client_has_closed() const { return read_closed_; }

  // --- for the loop ---
  void start();
  // Takes up what the client had sent ahead (pipelining).
  void resume();
  void on_timeout();
  // Shutdown: closes an idle connection; a busy one closes after its reply.
  void stop_soon();

  Connection* next_connection = nullptr;  // the loop's list of all connections
  Connection* previous_connection = nullptr;

 private:
  static void on_event(int, short what, void* self);

  // stage_read.cpp
  void read_socket();
  void take_input(std::string_view bytes);
  void consume(std::string_view bytes);
  void keep_for_later(std::string_view bytes);
  void on_read_closed(bool reset);
  void watch_input(bool on);

  // stage_route.cpp
  void route();
  void choose_target();
  void refuse_options_asterisk();
  void serve_target();
  void serve_file();
  void submit_script();

  // stage_body.cpp
  bool take_body();
  bool spool_body();
  void await_body();

  // stage_stream.cpp
  void append_piece(std::string_view bytes, UniqueFd file, uint64_t offset, uint64_t file_bytes);
  void stream_is_out();
  bool socket_takes_more() const;
  void pull_piece();
  void deferral_timed_out();

  // stage_finish.cpp
  void relay_range(ipc::ReplyFields reply, UniqueFd descriptor);
  bool has_file(const UniqueFd& file, uint64_t end) const;
  void start_write_timeout();
  bool client_has_progressed();
  void refuse(int status, std::string_view paragraph, std::string_view lines = {});
  void reply_with_page(int status, std::string_view paragraph, std::string_view lines, std::string_view details = {});
  ReplyContext reply_context();
  void begin_reply();
  void flush_output();
  bool send_bytes(size_t& budget);
  bool send_file(size_t& budget);
  void finish_reply();
  void linger();
  void close();

  Loop& loop_;
  UniqueFd socket_;
  EventPtr input_;
  EventPtr output_;
  Http1Parser parser_;
  Request request_;
  std::string input_ahead_;  // bytes behind the present request, at most limits::kMaxPipelinedBytes plus one read

  std::string out_;  // head and inline body that the socket has not taken yet
  size_t out_sent_ = 0;
  UniqueFd file_;  // body behind out_
  uint64_t file_offset_ = 0;
  uint64_t file_left_ = 0;

  enum class Framing : uint8_t { kNone, kPlain, kChunked };
  Framing framing_ = Framing::kNone;  // kStreaming: how pieces are written; kNone: this reply has no body
  bool wants_piece_ = false;          // kStreaming: the worker was asked for a piece and has not sent it
  bool stream_ended_ = false;         // kStreaming: no piece will come any more
  bool piece_open_ = false;           // kStreaming: the file of a piece is on its way, and CR LF must follow
  int unacknowledged_ = 0;            // bytes that the kernel held for the client when the write timeout began

  uint64_t body_deadline_base_ns_ = 0;  // when the body began: its pace is judged from here
  char peer_ip_[INET6_ADDRSTRLEN] = {};
  uint16_t peer_port_ = 0;
  bool secure_ = false;
  bool keep_alive_ = true;    // the connection goes on after this reply
  bool read_closed_ = false;  // the client will send no more
  bool input_watched_ = false;
  bool head_timed_ = false;     // the head timeout of the present request runs
  bool input_pending_ = false;  // bytes behind the head came with it: the client does not wait for 100 Continue
  bool consuming_ = false;      // inside consume(): a finished reply does not start the next request by itself
  bool must_linger_ = false;    // the client may still be sending: do not reset the connection under the reply
};

}  // namespace ravelin::frontend
