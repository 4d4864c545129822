// Reads HTTP/1.x requests out of a byte stream, however it is cut. Everything that is not body is handled as whole
// lines: each line is first checked here, strictly (CR LF endings, no folding, no stray control bytes, lengths), and
// then given its meaning by llhttp; what the two do not both accept is refused. Not for: sockets, timeouts, the body's
// size limit, routing. Frontend, one instance per connection, in the thread of its loop; called by the read stage.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/limits.h"

namespace ravelin::frontend {

struct ParserLimits {
  size_t max_request_line = limits::kMaxRequestLine;  // without CR LF; 414 beyond
  size_t max_header_bytes = limits::kMaxHeaderBytes;  // all header lines with their CR LF; 431 beyond
  size_t max_header_count = limits::kMaxHeaderCount;  // 431 beyond
};

// A header value inside RequestHead::headers.
struct HeaderSlice {
  uint32_t offset = 0;
  uint32_t size = 0;
  bool present = false;
};

// The head of one request. Owned by the parser and overwritten by the next message; strings keep their capacity.
struct RequestHead {
  std::string method;  // as sent
  std::string path;    // raw path of the target, without query and fragment; begins with '/', or is "*" (OPTIONS only)
  std::string query;   // raw, without '?'
  std::string fragment;  // raw, without '#'
  bool has_query = false;
  bool has_authority = false;  // absolute-form target: `host` is from the target, not from the Host header
  std::string host;            // with port as sent; may be empty
  std::string headers;  // header lines in the form of ipc/header_block.h, names as sent, values trimmed, in order
  uint32_t header_count = 0;
  uint8_t version_minor = 1;
  bool keep_alive = true;        // what the client wants, by version and Connection
  bool upgrade = false;          // HTTP/1.1 with `Connection: upgrade` and an Upgrade header
  bool chunked = false;          // the body comes in chunks; content_length is then absent
  bool expect_continue = false;  // the client waits for 100 before it sends the body; false when there is no body
  std::optional<uint64_t> content_length;

  // The first line of each header that the frontend itself needs.
  HeaderSlice if_modified_since, if_none_match, if_range, range, accept_encoding, upgrade_protocol;
  std::string_view value(const HeaderSlice& slice) const {
    return std::string_view(headers).substr(slice.offset, slice.size);
  }
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  bool is_head() const { return method == "HEAD"; }

  void clear();
};

class Http1Parser {
 public:
  enum class Event {
    kNeedMore,     // every byte is consumed
    kHeadDone,     // head() is complete and acceptable; feed again (also with no bytes) for the body
    kMessageDone,  // the message ended; call next_message() before feeding further bytes
    kError,        // error_status() says what to answer; the connection must then be closed. Stays so.
  };

  explicit Http1Parser(const ParserLimits& limits);
  Http1Parser(const Http1Parser&) = delete;  // llhttp points back at this object
  Http1Parser& operator=(const Http1Parser&) = delete;

  // Takes bytes up to the next event; `consumed` tells how many. Stops right behind the head and right behind the
  // message. The outcome does not depend on how the stream is cut into calls.
  Event feed(std::string_view bytes, size_t& consumed);

  // Makes ready for the following message. Only after kMessageDone. body() is cleared too.
  void next_message();

  const RequestHead& head() const { return head_; }
  RequestHead& head() { return head_; }

  // Decoded body bytes, appended by feed(). The caller takes them out (clear() or swap) whenever it likes; the size of
  // what has passed is the caller's to count and limit.
  std::string& body() { return body_; }

  // Bytes that must still come of the body, or of its present chunk: what the client has announced.
  uint64_t announced() const { return body_left_; }

  int error_status() const { return error_status_; }
  const char* error_text() const { return error_text_; }

  // Some byte of the present message came (empty lines before it do not count): the connection is not idle.
  bool started() const { return phase_ != Phase::kRequestLine || !pending_.empty(); }

 private:
  // Where in a message the next byte belongs. Lines in all phases but kBody and kChunkData.
  enum class Phase : uint8_t {
    kRequestLine,  // also the empty lines before it
    kHeaders,
    kBody,       // body_left_ bytes of it by Content-Length
    kChunkLine,  // size and extensions of a chunk
    kChunkData,  // body_left_ bytes of it
    kChunkEnd,   // the CR LF behind chunk data
    kTrailers,
    kDone,  // message complete, until next_message()
    kFailed,
  };

  // What the header lines said about framing and connection, judged together at the end of the head.
  struct Said {
    uint32_t host_lines = 0;
    uint32_t length_lines = 0;
    bool has_coding = false;
    bool coding_malformed = false;
    bool coding_unknown = false;  // something other than chunked
    bool chunked_seen = false;
    bool chunked_not_last = false;
    bool host_malformed = false;
    bool length_malformed = false;
    bool expect_continue = false;
    bool expect_unknown = false;
    bool close = false, keep_alive = false, upgrade = false;  // options of Connection
  };

  Event fail(int status, const char* text);
  Event step(std::string_view bytes, size_t& consumed);
  Event take_line(std::string_view bytes, size_t& consumed);
  Event take_data(std::string_view bytes, size_t& consumed);
  bool judge_so_far(std::string_view so_far);
  Event on_line(std::string_view line);
  Event on_request_line(std::string_view line);
  Event on_header_line(std::string_view line);
  Event on_head_end(std::string_view line);
  Event on_chunk_line(std::string_view line);
  bool judge_head();
  bool judge_codings();
  bool execute(std::string_view bytes);
  void note_header(std::string_view name, std::string_view value);
  void note_connection(std::string_view value);
  void note_codings(std::string_view value);
  void note_host(std::string_view value);
  void note_length(std::string_view value);
  void note_expect(std::string_view value);

  static const llhttp_settings_t& settings();
  static const llhttp_t& after_request_line(uint8_t version_minor);

  const ParserLimits limits_;
  llhttp_t llhttp_;  // knows headers and body framing; its request line is a neutral one (after_request_line)
  Phase phase_ = Phase::kRequestLine;
  bool message_complete_ = false;  // llhttp has seen the end of the message
  RequestHead head_;
  std::string body_;
  std::string pending_;                        // the beginning of a line whose end has not come yet
  size_t line_bytes_ = 0;                      // bytes of the lines of this phase so far, for its limit
  size_t line_count_ = 0;                      // lines of this phase so far
  uint64_t body_left_ = 0;                     // kBody, kChunkData: bytes still to come
  std::string_view field_name_, field_value_;  // of the line that llhttp is working on
  Said said_;

  int error_status_ = 0;
  const char* error_text_ = "";
};

}  // namespace ravelin::frontend
