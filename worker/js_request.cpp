#include "worker/js_request.h"

#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "worker/engine_extra.h"
#include "worker/format_json.h"
#include "worker/js_error.h"
#include "worker/js_request_output.h"
#include "worker/network_string.h"

namespace ravelin::worker {
namespace {

constexpr char kStashRequestParts[] = "requestParts";  // Array of the values behind the pointers of JsRequest
constexpr char kStashRequestBody[] = "requestBody";    // the Buffer made by push_body, while its request runs
constexpr uint64_t kMaxEngineBuffer = 0x7fffffff;      // the engine's limit for one Buffer
constexpr size_t kKeepOutputCapacity = 1024 * 1024;    // a server buffer that grew beyond this is given back

constexpr const char* kKnownMethods[] = {"GET",   "POST",    "HEAD",     "PUT",      "DELETE", "OPTIONS",
                                         "PATCH", "MKCOL",   "COPY",     "MOVE",     "LOCK",   "UNLOCK",
                                         "TRACE", "CONNECT", "PROPFIND", "PROPPATCH"};

// One request runs at a time in a process, and req's functions may be called without their req, so they find it here.
JsRequest* running = nullptr;

std::string_view known_method(std::string_view method) {
  for (const char* known : kKnownMethods)
    if (method == known) return method;
  return "UNKNOWN";
}

constexpr size_t kMaxLoggedPath = 512;

}  // namespace

std::string request_line(const ipc::RequestFields& fields) {
  std::string line(fields.method);
  line.append(" ").append(fields.path.substr(0, kMaxLoggedPath));
  return line;
}

JsRequest::JsRequest(JsHeap& heap) : heap_(heap), bodies_(heap) {
  bool done = run_protected(heap.js(), [this](duk_context* js) { create_values(js); });
  if (!done) {
    duk_pop(heap.js());
    throw std::bad_alloc();
  }
  set_json_preparation(settle_request);
}

JsRequest::~JsRequest() {
  if (fields_ != nullptr) end();
}

JsRequest* JsRequest::current(duk_context* js) {
  return running != nullptr && &running->heap_ == &JsHeap::of(js) ? running : nullptr;
}

void JsRequest::create_values(duk_context* js) {
  duk_push_heap_stash(js);
  duk_push_array(js);
  duk_uarridx_t count = 0;
  // Pops the value into the array, where it stays reachable.
  auto keep = [&] {
    void* pointer = duk_get_heapptr(js, -1);
    duk_put_prop_index(js, -2, count++);
    return pointer;
  };
  auto keep_name = [&](const char* name) {
    duk_push_string(js, name);
    return keep();
  };
  name_ip_ = keep_name("ip");
  name_port_ = keep_name("port");
  name_method_ = keep_name("method");
  name_method_raw_ = keep_name("methodRaw");
  name_query_raw_ = keep_name("query_raw");
  for (const char* method : kKnownMethods) keep_name(method);  // so that each request finds them interned
  push_template(js);
  template_ = keep();
  duk_put_prop_string(js, -2, kStashRequestParts);
  duk_pop(js);
}

// Every own property of a req, in the order of server-details 7.
void JsRequest::push_template(duk_context* js) {
  duk_push_object(js);
  auto put_text = [&](const char* name) {
    duk_push_literal(js, "");
    duk_put_prop_string(js, -2, name);
  };
  auto put_accessor = [&](LazyField field) {
    duk_push_string(js, kLazyNames[static_cast<size_t>(field)]);
    push_lazy_getter(js, field);
    push_lazy_setter(js, field);
    duk_def_prop(
        js, -4,
        DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_HAVE_SETTER | DUK_DEFPROP_SET_ENUMERABLE | DUK_DEFPROP_SET_CONFIGURABLE);
  };
  for (const RequestFunction& entry : kRequestFunctions) {
    duk_push_c_function(js, entry.function, entry.argument_count);
    duk_push_string(js, "name");
    duk_push_string(js, entry.name);
    duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_FORCE);
    duk_put_prop_string(js, -2, entry.name);
  }
  put_text("ip");
  duk_push_uint(js, 0);
  duk_put_prop_string(js, -2, "port");
  put_text("method");
  put_text("methodRaw");
  put_accessor(LazyField::kPath);
  put_accessor(LazyField::kQuery);
  put_text("query_raw");
  put_accessor(LazyField::kCookies);
  put_accessor(LazyField::kHeaders);
  put_accessor(LazyField::kPostData);
  put_accessor(LazyField::kParams);
  put_accessor(LazyField::kBody);
}

// The template is on top.
void JsRequest::refresh_text(duk_context* js, void* name, std::string& held, std::string_view text) {
  if (held == text) return;
  push_network_string(js, text);
  duk_put_prop_heapptr(js, -2, name);
  held = text;
}

void JsRequest::refresh_template(duk_context* js) {
  duk_push_heapptr(js, template_);
  refresh_text(js, name_ip_, template_ip_, fields_->peer_ip);
  refresh_text(js, name_query_raw_, template_query_, fields_->query);
  if (template_method_ != fields_->method) {
    push_network_string(js, known_method(fields_->method));
    duk_put_prop_heapptr(js, -2, name_method_);
    refresh_text(js, name_method_raw_, template_method_, fields_->method);
  }
  duk_push_uint(js, fields_->peer_port);
  duk_put_prop_heapptr(js, -2, name_port_);
  duk_pop(js);
}

Status JsRequest::begin(const ipc::RequestFields& fields, UniqueFd body) {
  CHECK(fields_ == nullptr && running == nullptr);
  mapped_body_ = {};
  if (body && fields.body_bytes > 0) {
    if (fields.body_bytes > kMaxEngineBuffer)
      return Error{ErrorCode::kTooLarge, "request body: scripts take at most 2 GB"};
    Result<FileMapping> mapping = FileMapping::map(body, fields.body_bytes);
    if (!mapping) return mapping.error();
    mapping_ = std::move(mapping.value());
    mapped_body_ = mapping_.bytes();
  }
  fields_ = &fields;
  running = this;
  return Ok{};
}

void JsRequest::push(duk_context* js, const std::string* error_text) {
  refresh_template(js);
  ravelin_push_object_copy(js, template_);
  object_ = duk_get_heapptr(js, -1);
  if (fields_->route == ipc::kRouteDirectory) {
    push_network_string(js, fields_->fs_path);
    duk_put_prop_literal(js, -2, "fsPath");
  }
  if (fields_->has_authority) {
    push_network_string(js, fields_->host);
    duk_put_prop_literal(js, -2, "authority");
  }
  if (!fields_->fragment.empty()) {
    push_network_string(js, fields_->fragment);
    duk_put_prop_literal(js, -2, "fragment");
  }
  if (error_text != nullptr) {
    push_network_string(js, *error_text);
    duk_put_prop_literal(js, -2, "errMsg");
  }
}

void JsRequest::release(duk_context* js, duk_idx_t index) {
  const void* object = duk_get_heapptr(js, index);
  if (object == nullptr || ravelin_reference_count(object) <= 1) return;
  ipc::RequestFields copy = *fields_;
  if (!mapped_body_.empty()) copy.body_bytes = 0;
  bool done = run_protected(js, [&](duk_context* inner) { keep_request(inner, index, copy); });
  if (!done) duk_pop(js);  // no memory for the copy: the old req reads as if it had no values
}

const RequestHeaders& JsRequest::headers() {
  if (!has_headers_) {
    headers_.read(*fields_);
    has_headers_ = true;
  }
  return headers_;
}

void JsRequest::push_body(duk_context* js) {
  if (body_buffer_ != nullptr) {
    duk_push_heapptr(js, body_buffer_);
    return;
  }
  if (mapping_) {
    bodies_.push(js, std::move(mapping_));
  } else {
    std::string_view bytes = fields_->inline_body;
    void* copy = duk_push_fixed_buffer(js, bytes.size());
    bytes.copy(static_cast<char*>(copy), bytes.size());
  }
  duk_push_heap_stash(js);
  duk_dup(js, -2);
  duk_put_prop_literal(js, -2, kStashRequestBody);
  duk_pop(js);
  body_buffer_ = duk_get_heapptr(js, -1);
}

void JsRequest::end() {
  fields_ = nullptr;
  object_ = nullptr;
  running = nullptr;
  has_headers_ = false;
  mapping_.reset();
  mapped_body_ = {};
  output_.clear();
  if (output_.capacity() > kKeepOutputCapacity) output_.shrink_to_fit();
  bool had_body = std::exchange(body_buffer_, nullptr) != nullptr;
  if (!had_body && bodies_.held() == 0) return;
  bool done = run_protected(heap_.js(), [&](duk_context* js) {
    duk_push_heap_stash(js);
    duk_del_prop_literal(js, -1, kStashRequestBody);
    duk_pop(js);
    bodies_.sweep(js);
  });
  if (!done) duk_pop(heap_.js());
}

}  // namespace ravelin::worker
