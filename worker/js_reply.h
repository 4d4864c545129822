// JsReply: what a mapped function returned becomes one Reply frame (server-details 9): types and keys, status, headers,
// the body inline or as a descriptor. Not for: calling functions, deciding what a 404 or an error looks like
// (handler.h), framing headers (the frontend writes them). Workers, main thread; one per heap, used by Handler.
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

// Where the reply of the running request goes.
struct ReplyTarget {
  ipc::Channel& channel;
  uint16_t slot;
  uint64_t stream;
};

class JsReply {
 public:
  enum class Verdict {
    kSent,
    kNotFound,  // nothing was sent: {status: 404} and nothing else, or a file ("@...") that is not there
  };

  JsReply(const ipc::ServerConfig& config, const MimeTable& mime) : config_(config), mime_(mime) {}

  // Sends the value at `index`, after what the script has put into the server buffer. `default_status` is for values
  // without a status of their own. Throws a JavaScript error for values that are no reply; then nothing was sent. May
  // run script (getters, toJSON).
  Verdict send(duk_context* js, duk_idx_t index, JsRequest& request, uint16_t default_status,
               const ReplyTarget& target);

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
    uint16_t flags = 0;  // kReply... of reply_frame.h
    uint32_t header_count = 0;
    std::string_view type = "text/plain";
  };

  void read_object(duk_context* js, duk_idx_t index, duk_idx_t slots, JsRequest& request, Draft& draft);
  bool read_control_key(duk_context* js, std::string_view key, duk_idx_t slots, JsRequest& request, Draft& draft);
  void read_status(duk_context* js, JsRequest& request, Draft& draft);
  void read_headers(duk_context* js, duk_idx_t headers, JsRequest& request, Draft& draft);
  void add_header(duk_context* js, std::string_view name, JsRequest& request, Draft& draft);
  void add_header_line(std::string_view name, std::string_view value, JsRequest& request, Draft& draft);
  void add_content_type(Draft& draft);
  void use_file_status(JsRequest& request, Draft& draft) const;
  void write_frame(const Draft& draft, ReplyBody& body, const ReplyTarget& target);

  const ipc::ServerConfig& config_;
  const MimeTable& mime_;
  std::string header_block_;  // kept between replies for its capacity
};

}  // namespace ravelin::worker
