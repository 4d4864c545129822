// The properties of `req` that are made when a script first looks at them, and the values themselves (server-details 7,
// 8). Not for: the object around them (js_request.h), bodies (js_request_body.h). Workers, inside a Duktape call.
#pragma once

#include <duktape.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/header_block.h"
#include "ipc/request_frame.h"

namespace ravelin::worker {

class JsRequest;

enum class LazyField : uint8_t { kPath, kQuery, kCookies, kHeaders, kPostData, kParams, kBody };
constexpr size_t kLazyFields = 7;
constexpr const char* kLazyNames[kLazyFields] = {"path", "query", "cookies", "headers", "postData", "params", "body"};

// The request's header lines with lines of one name joined (server-details 7.2), names as sent first.
class RequestHeaders {
 public:
  RequestHeaders() = default;
  RequestHeaders(const RequestHeaders&) = delete;  // lines_ has views of joined_
  RequestHeaders& operator=(const RequestHeaders&) = delete;

  // Replaces the lines by those of a request, whose block must outlive them.
  void read(const ipc::RequestFields& fields);
  const std::vector<ipc::HeaderLine>& lines() const { return lines_; }
  // The value of a header, its name compared without case; empty when absent.
  std::string_view find(std::string_view name) const;

 private:
  void join(ipc::HeaderLine& line, std::string_view value);
  std::vector<ipc::HeaderLine> lines_;
  std::deque<std::string> joined_;  // values of joined lines; a deque, so that they stay where they are
};

// Where values come from: the frame of the running request, or the copy that an older req got in JsRequest::release().
struct RequestSource {
  const ipc::RequestFields& fields;
  const RequestHeaders& headers;
  std::string_view body;
  JsRequest* running;  // null for an older req
};

// Pushes the getter and the setter of a field, as new functions.
void push_lazy_getter(duk_context* js, LazyField field);
void push_lazy_setter(duk_context* js, LazyField field);

// Gives the req at `index` its own copy of the request.
void keep_request(duk_context* js, duk_idx_t index, const ipc::RequestFields& fields);

// Looks at every lazy property of the value at `index` if that is the running req, so that all are plain values: the
// engine's JSON encoder is five times as fast then. May throw. Also for set_json_preparation (format_json.h).
void settle_request(duk_context* js, duk_idx_t index);

// True when the value at `index` is, or inherits from, a req with such a copy: its request is over.
bool has_kept_request(duk_context* js, duk_idx_t index);

// Puts all headers into the bare object at `object`.
void put_headers(duk_context* js, duk_idx_t object, const RequestHeaders& headers);

}  // namespace ravelin::worker
