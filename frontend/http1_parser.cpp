#include "frontend/http1_parser.h"

#include <algorithm>
#include <cstring>

#include "common/text.h"
#include "frontend/http1_request_line.h"
#include "ipc/header_block.h"

namespace ravelin::frontend {
namespace {

constexpr size_t kMaxEmptyLines = 4;  // before a request line (RFC 9112 2.2); old clients sent one after a POST body
constexpr size_t kMaxChunkLineBytes = 256;   // 16 hex digits and extensions, which nobody uses and attackers do
constexpr size_t kKeptCapacity = 16 * 1024;  // of each buffer between messages, for the sake of idle connections

bool is_chunk_extension(std::string_view text) {
  if (text.size() < 2 || text[0] != ';') return false;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) return false;
  }
  return true;
}

void clear_and_bound(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptCapacity) buffer.shrink_to_fit();
}

}  // namespace

void RequestHead::clear() {
  method.clear();
  path.clear();
  query.clear();
  fragment.clear();
  host.clear();
  headers.clear();
  header_count = 0;
  has_query = has_authority = upgrade = chunked = expect_continue = false;
  version_minor = 1;
  keep_alive = true;
  content_length.reset();
  if_modified_since = if_none_match = if_range = range = accept_encoding = upgrade_protocol = {};
}

Http1Parser::Http1Parser(const ParserLimits& limits) : limits_(limits), llhttp_{} {}

const llhttp_settings_t& Http1Parser::settings() {
  static const llhttp_settings_t instance = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_header_field = [](llhttp_t* parser, const char* at, size_t length) {
      static_cast<Http1Parser*>(parser->data)->field_name_ = {at, length};
      return 0;
    };
    s.on_header_value = [](llhttp_t* parser, const char* at, size_t length) {
      static_cast<Http1Parser*>(parser->data)->field_value_ = {at, length};
      return 0;
    };
    s.on_body = [](llhttp_t* parser, const char* at, size_t length) {
      static_cast<Http1Parser*>(parser->data)->body_.append(at, length);
      return 0;
    };
    s.on_message_complete = [](llhttp_t* parser) {
      static_cast<Http1Parser*>(parser->data)->message_complete_ = true;
      return 0;
    };
    return s;
  }();
  return instance;
}

// The state of an llhttp parser right behind a request line. The true request line is read by parse_request_line, since
// llhttp takes neither unknown methods nor bytes over 0x7F; copying this state is also cheaper than parsing a line.
// POST: a method without special cases in llhttp.
const llhttp_t& Http1Parser::after_request_line(uint8_t version_minor) {
  static const auto make = [](std::string_view line) {
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings());
    llhttp_execute(&parser, line.data(), line.size());
    return parser;
  };
  static const llhttp_t kStates[2] = {make("POST / HTTP/1.0\r\n"), make("POST / HTTP/1.1\r\n")};
  return kStates[version_minor];
}

void Http1Parser::next_message() {
  phase_ = Phase::kRequestLine;
  message_complete_ = false;
  head_.clear();
  clear_and_bound(head_.headers);
  clear_and_bound(body_);
  clear_and_bound(pending_);
  line_bytes_ = line_count_ = 0;
  body_left_ = 0;
  said_ = {};
}

Http1Parser::Event Http1Parser::fail(int status, const char* text) {
  phase_ = Phase::kFailed;
  error_status_ = status;
  error_text_ = text;
  return Event::kError;
}

Http1Parser::Event Http1Parser::feed(std::string_view bytes, size_t& consumed) {
  consumed = 0;
  if (phase_ == Phase::kFailed) return Event::kError;
  while (phase_ != Phase::kDone) {
    if (consumed == bytes.size()) return Event::kNeedMore;
    Event event = step(bytes, consumed);
    if (event != Event::kNeedMore) return event;
  }
  return Event::kMessageDone;
}

// Takes some bytes; kNeedMore means that feed() should go on with what is left.
Http1Parser::Event Http1Parser::step(std::string_view bytes, size_t& consumed) {
  if (phase_ == Phase::kBody || phase_ == Phase::kChunkData) return take_data(bytes, consumed);
  return take_line(bytes, consumed);
}

// Gives whole lines to on_line: straight out of `bytes` when a line lies in them wholly, else out of pending_.
Http1Parser::Event Http1Parser::take_line(std::string_view bytes, size_t& consumed) {
  std::string_view rest = bytes.substr(consumed);
  const void* line_feed = memchr(rest.data(), '\n', rest.size());
  if (line_feed == nullptr) {
    pending_.append(rest);
    consumed = bytes.size();
    return judge_so_far(pending_) ? Event::kNeedMore : Event::kError;
  }
  size_t size = static_cast<size_t>(static_cast<const char*>(line_feed) - rest.data()) + 1;
  consumed += size;
  if (pending_.empty()) return on_line(rest.substr(0, size));
  pending_.append(rest.substr(0, size));
  Event event = on_line(pending_);
  pending_.clear();
  return event;
}

Http1Parser::Event Http1Parser::take_data(std::string_view bytes, size_t& consumed) {
  std::string_view part = bytes.substr(consumed, std::min<uint64_t>(body_left_, bytes.size() - consumed));
  consumed += part.size();
  body_left_ -= part.size();
  if (!execute(part)) return Event::kError;
  if (body_left_ > 0) return Event::kNeedMore;
  if (phase_ == Phase::kChunkData) {
    phase_ = Phase::kChunkEnd;
    return Event::kNeedMore;
  }
  if (!message_complete_) return fail(400, "body length not clear");
  phase_ = Phase::kDone;
  return Event::kNeedMore;
}

// Judges the beginning of a line, or a whole one, by what can be said so far: first byte and length. Run for both, so
// that it does not matter where a line was cut: what a beginning fails, the whole line fails in the same way.
bool Http1Parser::judge_so_far(std::string_view so_far) {
  switch (phase_) {
    case Phase::kRequestLine:
      // Something else than HTTP (TLS, a port scan) shows in its first byte; do not wait for its first line end.
      if (so_far[0] != '\r' && so_far[0] != '\n' && !is_token(so_far.substr(0, 1)))
        return fail(400, "malformed request line"), false;
      if (so_far.size() > limits_.max_request_line + 2 ||
          (so_far.size() == limits_.max_request_line + 2 && so_far.back() != '\n'))
        return fail(414, "request line too long"), false;
      return true;
    case Phase::kHeaders:
    case Phase::kTrailers: {
      if (so_far[0] == '\r' && so_far.size() <= 2) return true;  // the empty line at the end, which counts for nothing
      size_t limit = phase_ == Phase::kHeaders ? limits_.max_header_bytes : limits::kMaxTrailerBytes;
      if (line_bytes_ + so_far.size() > limit) return fail(431, "header lines too long"), false;
      if (line_count_ >= limits_.max_header_count) return fail(431, "too many header lines"), false;
      return true;
    }
    case Phase::kChunkLine:
      if (so_far.size() > kMaxChunkLineBytes) return fail(400, "chunk line too long"), false;
      return true;
    default:  // kChunkEnd
      if (so_far.size() > 2) return fail(400, "chunk longer than its size"), false;
      return true;
  }
}

// `line` with its line feed.
Http1Parser::Event Http1Parser::on_line(std::string_view line) {
  if (!judge_so_far(line)) return Event::kError;
  if (line.size() < 2 || line[line.size() - 2] != '\r') return fail(400, "line feed without carriage return");
  switch (phase_) {
    case Phase::kRequestLine:
      return on_request_line(line.substr(0, line.size() - 2));
    case Phase::kHeaders:
      return line.size() == 2 ? on_head_end(line) : on_header_line(line);
    case Phase::kChunkLine:
      return on_chunk_line(line);
    case Phase::kChunkEnd:
      phase_ = Phase::kChunkLine;
      return execute(line) ? Event::kNeedMore : Event::kError;
    default:  // kTrailers
      if (line.size() > 2) return on_header_line(line);
      if (!execute(line)) return Event::kError;
      if (!message_complete_) return fail(400, "end of the body not clear");
      phase_ = Phase::kDone;
      return Event::kNeedMore;
  }
}

Http1Parser::Event Http1Parser::on_request_line(std::string_view line) {
  if (line.empty()) {
    if (++line_count_ > kMaxEmptyLines) return fail(400, "empty lines instead of a request");
    return Event::kNeedMore;
  }
  LineFault fault = parse_request_line(line, head_);
  if (fault.text != nullptr) return fail(fault.status, fault.text);
  llhttp_ = after_request_line(head_.version_minor);
  llhttp_.data = this;
  phase_ = Phase::kHeaders;
  line_bytes_ = line_count_ = 0;
  return Event::kNeedMore;
}

// Also a trailer line, which has to be well-formed and is then dropped. llhttp checks every byte of name and value; it
// would take folded lines and empty names.
Http1Parser::Event Http1Parser::on_header_line(std::string_view line) {
  if (line[0] == ' ' || line[0] == '\t') return fail(400, "folded header line");
  if (line[0] == ':') return fail(400, "header line without a name");
  line_bytes_ += line.size();
  ++line_count_;
  field_name_ = field_value_ = {};
  if (!execute(line)) return Event::kError;
  if (phase_ == Phase::kHeaders) note_header(field_name_, trim_blanks(field_value_));
  return Event::kNeedMore;
}

Http1Parser::Event Http1Parser::on_head_end(std::string_view line) {
  if (!judge_head()) return Event::kError;
  head_.header_count = static_cast<uint32_t>(line_count_);
  head_.chunked = said_.has_coding;
  bool persistent = head_.version_minor == 1 || said_.keep_alive;
  head_.keep_alive = persistent && !said_.close;
  head_.upgrade = head_.version_minor == 1 && said_.upgrade && head_.upgrade_protocol.present;
  // HTTP/1.0 clients do not wait for 100 (RFC 9110 10.1.1), nor do those that send no body.
  head_.expect_continue = head_.version_minor == 1 && said_.expect_continue && head_.has_body();
  if (!execute(line)) return Event::kError;
  if (message_complete_ == head_.has_body()) return fail(400, "body length not clear");
  phase_ = head_.chunked ? Phase::kChunkLine : head_.has_body() ? Phase::kBody : Phase::kDone;
  body_left_ = head_.content_length.value_or(0);
  line_bytes_ = line_count_ = 0;
  return Event::kHeadDone;
}

// The size goes to llhttp; extensions, which nobody here understands, are only judged: llhttp 8.1 refuses some that RFC
// 9112 7.1.1 allows.
Http1Parser::Event Http1Parser::on_chunk_line(std::string_view line) {
  line.remove_suffix(2);
  size_t digits = 0;
  while (digits < line.size() && hex_value(line[digits]) >= 0) ++digits;
  if (digits == 0) return fail(400, "malformed chunk size");
  if (digits < line.size() && !is_chunk_extension(line.substr(digits))) return fail(400, "malformed chunk extension");
  if (!execute(line.substr(0, digits)) || !execute("\r\n")) return Event::kError;
  body_left_ = llhttp_.content_length;
  phase_ = body_left_ > 0 ? Phase::kChunkData : Phase::kTrailers;
  return Event::kNeedMore;
}

// Gives bytes to llhttp. An upgrade that comes with the end of the message is not its business but the caller's.
bool Http1Parser::execute(std::string_view bytes) {
  llhttp_errno_t error = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
  if (error == HPE_OK || (error == HPE_PAUSED_UPGRADE && message_complete_)) return true;
  const char* reason = llhttp_get_error_reason(&llhttp_);
  fail(400, reason != nullptr ? reason : "malformed message");
  return false;
}

}  // namespace ravelin::frontend
