#include "frontend/reply_head.h"

#include <charconv>

#include "common/http_status.h"
#include "common/text.h"
#include "ipc/header_block.h"

namespace ravelin::frontend {
namespace {

constexpr size_t kFixedLinesBytes = 256;  // status line, Date, Content-Length, Connection
constexpr size_t kMaxProblemBytes = 512;  // one log line about all dropped headers of a reply
constexpr size_t kMaxProblemName = 64;    // of a bad name in it

void append_number(std::string& out, uint64_t value) {
  char digits[20];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end);
}

void append_status_line(std::string& out, int status) {
  if (status == 200) {  // nearly always
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  append_number(out, static_cast<uint64_t>(status));
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

// Content-Length or Transfer-Encoding, Connection and the empty line.
void append_framing(std::string& out, int status, uint64_t content_length, const ReplyContext& context) {
  if (context.streamed) {
    // RFC 9112 6.1: not to a client that may not know chunks; its connection is closed behind the body.
    if (status_allows_body(status) && context.request_version_minor > 0) out += "Transfer-Encoding: chunked\r\n";
  } else if (status_allows_body(status)) {
    out += "Content-Length: ";
    append_number(out, content_length);
    out += "\r\n";
  }
  if (!context.keep_alive) {
    out += "Connection: close\r\n\r\n";
  } else if (context.request_version_minor == 0) {
    out += "Connection: keep-alive\r\n\r\n";  // an HTTP/1.0 client asked for it and must be told (RFC 9112 9.3)
  } else {
    out += "\r\n";
  }
}

// Why a line may not pass, or nullptr.
const char* judge_line(const ipc::HeaderLine& line) {
  if (!is_token(line.name)) return "the name is not a token";
  if (!is_field_value(line.value)) return "the value holds CR, LF or NUL";
  if (is_reserved_reply_header(line.name)) return "the server writes it itself";
  return nullptr;
}

void report(std::string* problem, std::string_view name, const char* why, bool& first) {
  if (problem == nullptr) return;
  if (first) problem->assign("reply header dropped:");
  first = false;
  if (problem->size() > kMaxProblemBytes) {
    if (!problem->ends_with("...")) *problem += " ...";
    return;
  }
  problem->append(" \"").append(name.substr(0, kMaxProblemName)).append("\" (").append(why).append(")");
}

}  // namespace

bool is_reserved_reply_header(std::string_view name) {
  auto is = [&](std::string_view known) { return equals_ignoring_case(name, known); };
  if (name.size() > 6 && (name[0] == 'P' || name[0] == 'p') && equals_ignoring_case(name.substr(0, 6), "proxy-"))
    return true;
  switch (name.size()) {
    case 2:
      return is("te");
    case 7:
      return is("trailer") || is("upgrade");
    case 10:
      return is("connection") || is("keep-alive");
    case 14:
      return is("content-length");
    case 17:
      return is("transfer-encoding");
    default:
      return false;
  }
}

bool append_reply_head(std::string& out, const ipc::ReplyFields& reply, const ReplyContext& context,
                       std::string* problem) {
  if (reply.status < 200 || reply.status > 599) {
    if (problem != nullptr) *problem = "reply with status " + std::to_string(reply.status) + " refused";
    return false;
  }
  size_t start = out.size();
  // A line loses the 8 bytes of its lengths and gains 4 of punctuation, so the block's size is an upper bound.
  out.reserve(start + kFixedLinesBytes + reply.headers.size() + reply.inline_body.size());
  append_status_line(out, reply.status);
  ipc::HeaderBlockReader reader(reply.headers);
  ipc::HeaderLine line;
  bool first_problem = true;
  bool has_date = false;
  while (reader.next(line)) {
    const char* why = judge_line(line);
    if (why == nullptr && line.name.size() == 4 && equals_ignoring_case(line.name, "date")) {
      if (has_date) why = "a reply has one date";
      has_date = true;
    }
    if (why != nullptr) {
      report(problem, line.name, why, first_problem);
      continue;
    }
    out.append(line.name).append(": ").append(line.value).append("\r\n");
  }
  if (!reader.ok()) {
    out.resize(start);
    if (problem != nullptr) *problem = "reply with a broken header block refused";
    return false;
  }
  if (!has_date) out += context.date_line;
  append_framing(out, reply.status, reply.body_bytes, context);
  return true;
}

void append_own_head(std::string& out, const OwnHead& head, const ReplyContext& context) {
  out.reserve(out.size() + kFixedLinesBytes + head.lines.size() + head.content_type.size() + head.charset.size());
  append_status_line(out, head.status);
  if (!head.content_type.empty()) {
    out.append("Content-Type: ").append(head.content_type);
    if (!head.charset.empty() && head.content_type.starts_with("text/")) out.append("; charset=").append(head.charset);
    out += "\r\n";
  }
  out += head.lines;
  out += context.date_line;
  append_framing(out, head.status, head.content_length, context);
}

}  // namespace ravelin::frontend
