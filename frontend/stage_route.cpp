// Stage "route": the head is complete. What the path leads to is decided here, and whether the body is wanted at all.
#include <sys/socket.h>

#include "frontend/connection.h"
#include "frontend/loop.h"
#include "frontend/path_normalise.h"

namespace ravelin::frontend {

void Connection::route() {
  const RequestHead& head = parser_.head();
  unlink();  // the head came in time
  head_timed_ = false;
  keep_alive_ = head.keep_alive && !loop_.stopping();
  request_.body_bytes = 0;
  if (head.path == "*") return refuse_options_asterisk();
  PathVerdict verdict = normalise_path(head.path, request_.path_scratch, request_.matched_path);
  if (verdict != PathVerdict::kFine) return refuse(400, "The path of the request is not valid.");
  choose_target();
  if (!head.has_body()) {
    request_.state = RequestState::kReadBody;
    return;
  }
  uint64_t limit = loop_.config().max_body_bytes;
  if (limit > 0 && head.content_length.value_or(0) > limit) return refuse(413, "");
  if (request_.target == Target::kFile && head.method != "GET" && head.method != "HEAD")
    return refuse(405, "", "Allow: GET, HEAD\r\n");
  if (request_.target == Target::kNothing && head.expect_continue) return refuse(404, "");
  request_.state = RequestState::kReadBody;
  if (head.expect_continue && !input_pending_) {
    // The interim reply is small and nothing else is on its way: the socket takes it, or the client is not worth
    // waiting for.
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (::send(socket_.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(kContinue.size()))
      return close();
  }
  body_deadline_base_ns_ = loop_.now_ns();
}

// Server-details 19: the server as a whole allows what any resource may.
void Connection::refuse_options_asterisk() {
  if (parser_.head().method != "OPTIONS") return refuse(400, "");
  append_own_head(out_, {204, {}, {}, 0, "Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS\r\n"}, reply_context());
  request_.state = RequestState::kReadBody;
  if (parser_.head().has_body()) keep_alive_ = false, must_linger_ = true;
  begin_reply();
}

void Connection::choose_target() {
  const Router& router = loop_.router();
  auto index = router.match(request_.matched_path);
  request_.fs_path.clear();
  bool is_file = index && loop_.config().routes[*index].kind == ipc::RouteKind::kDirectory;
  if (!index || is_file) {
    // The manual: a directory mapped as "/file.html" is not found without its slash.
    auto directory = router.directory_without_slash(request_.matched_path);
    if (directory && !loop_.static_files().is_named_like_a_file(request_.matched_path)) {
      request_.route = *directory;
      request_.target = Target::kSlashRedirect;
      return;
    }
  }
  request_.route = index.value_or(ipc::kRouteNotFound);
  request_.target = is_file ? Target::kFile : index ? Target::kScript : Target::kNothing;
}

// The message is complete.
void Connection::serve_target() {
  switch (request_.target) {
    case Target::kScript:
      return submit_script();
    case Target::kFile:
      return serve_file();
    case Target::kSlashRedirect: {
      StaticReply reply;
      StaticFiles::redirect_to_slash(request_.matched_path, parser_.head(), reply_context(), out_, reply);
      if (reply.outcome == StaticReply::Outcome::kError) return reply_with_page(reply.status, "", reply.lines);
      return begin_reply();
    }
    case Target::kNothing:
      if (!loop_.config().has_not_found) return reply_with_page(404, "", "");
      return submit_script();
  }
}

void Connection::serve_file() {
  StaticReply reply;
  StaticRequest request{request_.route, request_.matched_path, &parser_.head(), reply_context()};
  loop_.static_files().serve(request, out_, reply);
  switch (reply.outcome) {
    case StaticReply::Outcome::kReply:
      file_ = std::move(reply.file);
      file_offset_ = reply.offset;
      file_left_ = file_ ? reply.bytes : 0;
      return begin_reply();
    case StaticReply::Outcome::kDirectory:
      request_.route = ipc::kRouteDirectory;
      request_.fs_path = std::move(reply.fs_path);
      return submit_script();
    case StaticReply::Outcome::kError:
      if (reply.status == 404 && loop_.config().has_not_found) {
        request_.route = ipc::kRouteNotFound;
        return submit_script();
      }
      return reply_with_page(reply.status, "", reply.lines);
  }
}

void Connection::submit_script() {
  unlink();  // no timeout of the connection runs while the request is with the workers
  loop_.dispatcher().submit(request_);
}

ipc::RequestFields Connection::request_fields() {
  const RequestHead& head = parser_.head();
  ipc::RequestFields fields;
  fields.route = request_.route;
  fields.version_minor = head.version_minor;
  fields.secure = secure_;
  fields.has_authority = head.has_authority;
  fields.peer_port = peer_port_;
  fields.peer_ip = peer_ip_;
  fields.method = head.method;
  fields.path = head.path;
  fields.query = head.query;
  fields.matched_path = request_.matched_path;
  fields.host = head.host;
  fields.fs_path = request_.fs_path;
  fields.fragment = head.fragment;
  fields.headers = head.headers;
  fields.header_count = head.header_count;
  fields.body_bytes = request_.body_bytes;
  if (!request_.body_file) fields.inline_body = parser_.body();
  return fields;
}

}  // namespace ravelin::frontend
