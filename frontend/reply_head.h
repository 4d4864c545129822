// Writes the head of a reply: append_reply_head judges what a worker sent and writes it in the same pass,
// append_own_head is for replies that the frontend makes itself (pages, redirects, files). Framing headers are always
// ours. Not for: bodies and their chunk framing, error page texts (common/http_status.h). Frontend, any loop; called by
// the relay stage and by static_file. Worker bytes are hostile input here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/http_date.h"
#include "ipc/reply_frame.h"

namespace ravelin::frontend {

// What the head depends on besides the reply. `date_line` is DateCache::line(), with its CR LF.
struct ReplyContext {
  bool head_request = false;
  uint8_t request_version_minor = 1;
  bool keep_alive = true;  // whether the connection goes on after this reply
  std::string_view date_line;
  bool streamed = false;  // the length of the body is not known: chunked, or all up to the end of the connection
};

// 1xx, 204 and 304 have no body and no Content-Length, whatever the script said (RFC 9110 6.4.1, 8.6).
constexpr bool status_allows_body(int status) { return status >= 200 && status != 204 && status != 304; }

// Whether body bytes follow the head: not for HEAD either.
constexpr bool body_follows(int status, bool head_request) { return !head_request && status_allows_body(status); }

// Headers that only the frontend may write: hop-by-hop and framing (RFC 9110 7.6.1), Proxy-*. Any case.
bool is_reserved_reply_header(std::string_view name);

// Appends the whole head with its empty line. False, with `out` unchanged, when the reply cannot be sent (status
// outside 200 to 599, broken header block): answer 502. Header lines that may not pass are left out. *problem (may be
// nullptr) then gets one line that names them, or the reason of the failure; else it is not touched. context.keep_alive
// must already be false when the reply has ipc::kReplyClose.
bool append_reply_head(std::string& out, const ipc::ReplyFields& reply, const ReplyContext& context,
                       std::string* problem);

// The frontend's own reply. `lines` are further header lines, complete with CR LF and trusted.
struct OwnHead {
  int status = 200;
  std::string_view content_type;  // empty: no such line
  std::string_view charset;       // appended to text/* types when not empty
  uint64_t content_length = 0;    // not written when the status allows no body
  std::string_view lines;
};
void append_own_head(std::string& out, const OwnHead& head, const ReplyContext& context);

}  // namespace ravelin::frontend
