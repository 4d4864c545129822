// JsRequest: the `req` object that mapped functions get (server-details 7, 8, 11), and the server buffer behind
// req.put. `req` has all its properties at birth, in the documented order; those that cost something (path, query,
// cookies, headers, postData, params, body) are accessors that put the plain value in their own place when looked at or
// assigned, so scripts see ordinary properties and a handler that looks at nothing pays about a microsecond. Not for:
// finding and calling the function (handler.h), the reply (js_reply.h). Workers, main thread; one per heap, made by
// Handler. One request at a time: begin, push (once or more), release each, end.
#pragma once

#include <duktape.h>

#include <array>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/request_frame.h"
#include "worker/js_heap.h"
#include "worker/js_request_lazy.h"
#include "worker/request_bodies.h"

namespace ravelin::worker {

// "GET /path", for log lines; long paths are cut.
std::string request_line(const ipc::RequestFields& fields);

class JsRequest {
 public:
  // `heap` must outlive this object.
  explicit JsRequest(JsHeap& heap);
  ~JsRequest();
  JsRequest(const JsRequest&) = delete;
  JsRequest& operator=(const JsRequest&) = delete;

  // Starts a request: its views must live until end(). `body` holds the body when its frame carried a descriptor.
  Status begin(const ipc::RequestFields& fields, UniqueFd body);

  // Pushes a fresh req. `error_text`, when not null, becomes req.errMsg (notFoundFunc). Inside a Duktape call; may
  // throw for lack of memory.
  void push(duk_context* js, const std::string* error_text = nullptr);

  // To be called for the req at `index` when its function is done and the only reference of ours is that stack slot: if
  // a script still holds it, it gets a copy of the request, so that it stays readable (a body in a descriptor becomes
  // empty unless it was looked at). Never throws JavaScript errors.
  void release(duk_context* js, duk_idx_t index);

  // Ends the request: views are no longer used, req functions throw. Empties the server buffer. Never throws JavaScript
  // errors.
  void end();

  bool is_running() const { return fields_ != nullptr; }
  const ipc::RequestFields& fields() const { return *fields_; }
  // The body came as a descriptor: release() does not keep it.
  bool has_mapped_body() const { return !mapped_body_.empty(); }
  // What the script has written with req.put and req.printf.
  std::string& output() { return output_; }

  // --- for the accessors and functions of req (js_request_lazy.cpp, js_request_output.cpp)

  // The request that runs in the heap of `js`; null between requests.
  static JsRequest* current(duk_context* js);
  bool is_object(const void* heap_pointer) const { return heap_pointer == object_; }
  RequestSource source() { return {*fields_, headers(), body(), this}; }
  std::string_view body() const { return mapped_body_.empty() ? fields_->inline_body : mapped_body_; }
  // The running request's headers, read once.
  const RequestHeaders& headers();
  // Pushes the one body Buffer of this request.
  void push_body(duk_context* js);

 private:
  void create_values(duk_context* js);
  void push_template(duk_context* js);
  void refresh_template(duk_context* js);
  void refresh_text(duk_context* js, void* name, std::string& held, std::string_view text);

  JsHeap& heap_;
  RequestBodies bodies_;

  // Values made once per heap, reachable through the stash: pointers stay good.
  void* template_ = nullptr;  // a whole req that no script sees; each request gets a copy of it
  void* name_ip_ = nullptr;
  void* name_port_ = nullptr;
  void* name_method_ = nullptr;
  void* name_method_raw_ = nullptr;
  void* name_query_raw_ = nullptr;
  std::string template_ip_;  // what the template holds: clients repeat themselves, so it seldom changes
  std::string template_method_;
  std::string template_query_;

  // Of the request that runs.
  const ipc::RequestFields* fields_ = nullptr;
  FileMapping mapping_;           // of a body that came as a descriptor, until push_body
  std::string_view mapped_body_;  // its bytes, also after that
  void* body_buffer_ = nullptr;   // plain Buffer made by push_body, reachable through the stash
  const void* object_ = nullptr;  // the req pushed last
  RequestHeaders headers_;        // valid while has_headers_
  bool has_headers_ = false;
  std::string output_;
};

}  // namespace ravelin::worker
