// JsReply: what a mapped function returned, or gave to req.reply(), becomes one Reply frame (server-details 9): types
// and keys, status, headers, the body inline or as a descriptor. Not for: calling functions, deciding what a 404 or an
// error looks like (handler.h), framing headers (the frontend writes them). Workers, main thread; one per heap, used by
// Handler.
#pragma once

#include <duktape.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/mime.h"
#include "ipc/channel.h"
#include "ipc/reply_frame.h"
#include "ipc/server_config.h"
#include "worker/js_reply_body.h"
#include "worker/js_request.h"

namespace ravelin::worker {

// Where a reply goes.
struct ReplyTarget {
  ipc::Channel& channel;
  uint16_t slot;  // ipc::kNoSlot: the request has left the window
  uint64_t stream;
  uint32_t loop = 0;
};

// The request that a reply is for.
struct ReplySource {
  const ipc::RequestFields& fields;
  std::string& output;  // what the script has written with req.put and req.printf: comes before the value
};

class JsReply {
 public:
  enum class Verdict {
    kSent,
    kNotFound,  // nothing was sent: {status: 404} and nothing else, or a file ("@...") that is not there
    kDeferred,  // nothing was sent: {defer: ...}. Pushed: the function under that key, or undefined
    kStream,    // the head and what was put are sent: {chunk: true, ...}. Pushed: the function that makes the pieces
  };

  JsReply(const ipc::ServerConfig& config, const MimeTable& mime) : config_(config), mime_(mime) {}

  // Sends the value at `index`, after what the script has put into the server buffer. `default_status` is for values
  // without a status of their own. Throws a JavaScript error for values that are no reply; then nothing was sent. May
  // run script (getters, toJSON), which may send other replies.
  Verdict send(duk_context* js, duk_idx_t index, const ReplySource& source, uint16_t default_status,
               const ReplyTarget& target);

  const MimeTable& mime() const { return mime_; }
  // After kStream: the chunkDelay.
  double chunk_delay_ms() const { return chunk_delay_ms_; }

  // Sends an HTML page of our own. Runs no script.
  void send_page(uint16_t status, std::string_view html, const ReplyTarget& target);

 private:
  // One reply on its way from value to frame.
  struct Draft {
    uint16_t status = 200;
    bool has_status = false;    // the script gave one
    bool has_headers = false;   // ... headers: {...}
    bool has_body_key = false;  // ... a key that is an extension
    bool has_content_type = false;
    bool is_chunked = false;
    bool is_deferred = false;
    bool has_range_cap = true;
    bool has_accept_ranges = true;
    double chunk_delay_ms = 0;
    uint16_t flags = 0;  // kReply... of reply_frame.h
    uint32_t header_count = 0;
    std::string_view type = "text/plain";
    std::string header_block;
  };

  void read_object(duk_context* js, duk_idx_t index, duk_idx_t slots, const ReplySource& source, Draft& draft);
  bool read_control_key(duk_context* js, std::string_view key, duk_idx_t slots, const ReplySource& source,
                        Draft& draft);
  void read_status(duk_context* js, const ReplySource& source, Draft& draft);
  void read_chunk_delay(duk_context* js, const ReplySource& source, Draft& draft);
  void add_header_line(std::string_view name, std::string_view value, const ReplySource& source, Draft& draft);
  void add_header(duk_context* js, std::string_view name, const ReplySource& source, Draft& draft);
  void read_headers(duk_context* js, duk_idx_t headers, const ReplySource& source, Draft& draft);
  void add_content_type(Draft& draft);
  void use_file_status(const ReplySource& source, Draft& draft) const;
  bool store_large_body(const ReplySource& source, ReplyBody& body, const ReplyTarget& target);
  void write_frame(const Draft& draft, ReplyBody& body, const ReplyTarget& target);

  const ipc::ServerConfig& config_;
  const MimeTable& mime_;
  std::string spare_block_;  // of Draft::header_block, kept between replies for its capacity
  double chunk_delay_ms_ = 0;
};

}  // namespace ravelin::worker
