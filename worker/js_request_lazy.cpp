#include "worker/js_request_lazy.h"

#include <algorithm>
#include <cstring>

#include "common/limits.h"
#include "common/text.h"
#include "worker/js_error.h"
#include "worker/js_request.h"
#include "worker/js_request_body.h"
#include "worker/network_string.h"
#include "worker/parse_cookies.h"
#include "worker/parse_query.h"

namespace ravelin::worker {
namespace {

// Own hidden property of a req whose request is over: the Request frame's payload (request_frame.h) in a Buffer.
constexpr char kKeptRequest[] = DUK_HIDDEN_SYMBOL("keptRequest");
constexpr char kStashRecentHeaders[] = "recentHeaders";  // req.headers of the request that looked at them last
constexpr int kMaxPrototypes = 64;  // objects that a script may stack upon a req (Object.create(req))
constexpr duk_uint_t kPlainProperty =
    DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_ENUMERABLE | DUK_DEFPROP_SET_CONFIGURABLE;

void push_path(duk_context* js, const RequestSource& source) {
  const ipc::RequestFields& fields = source.fields;
  std::string_view path = fields.path;
  std::string_view scheme = fields.secure ? "https://" : "http://";
  std::string_view host = fields.host.empty() ? std::string_view("localhost") : fields.host;
  size_t base_bytes = path.rfind('/') + 1;  // npos + 1 is 0: an authority-form or odd target has no base
  std::string url;
  url.reserve(scheme.size() + host.size() + path.size() + fields.query.size() + 1);
  url.append(scheme).append(host).append(path);
  if (!fields.query.empty()) url.append("?").append(fields.query);

  duk_idx_t object = duk_push_object(js);
  if (base_bytes < path.size()) {
    push_network_string(js, path.substr(base_bytes));
    duk_put_prop_literal(js, object, "file");
  }
  push_network_string(js, path);
  duk_put_prop_literal(js, object, "path");
  push_network_string(js, path.substr(0, base_bytes));
  duk_put_prop_literal(js, object, "base");
  push_network_string(js, scheme);
  duk_put_prop_literal(js, object, "scheme");
  push_network_string(js, host);
  duk_put_prop_literal(js, object, "host");
  push_network_string(js, url);
  duk_put_prop_literal(js, object, "url");
}

void push_headers(duk_context* js, const RequestSource& source) {
  duk_idx_t object = duk_push_bare_object(js);
  put_headers(js, object, source.headers);
  finish_plain_object(js, object);
  // Names and most values come again with the next request, which then finds them in the engine's string table.
  duk_push_heap_stash(js);
  duk_dup(js, object);
  duk_put_prop_literal(js, -2, kStashRecentHeaders);
  duk_pop(js);
}

void push_value(duk_context* js, const RequestSource& source, LazyField field) {
  switch (field) {
    case LazyField::kPath:
      return push_path(js, source);
    case LazyField::kQuery:
      return push_query_object(js, source.fields.query);
    case LazyField::kCookies:
      return push_cookies_object(js, source.headers.find("cookie"));
    case LazyField::kHeaders:
      return push_headers(js, source);
    case LazyField::kPostData:
      return push_post_data(js, source);
    case LazyField::kParams:
      return push_params(js, source);
    case LazyField::kBody:
      return push_body_buffer(js, source);
  }
}

// Puts the value on top, popping it, in the place of the accessor. FORCE: a frozen req must stay readable.
void settle(duk_context* js, duk_idx_t holder, LazyField field) {
  duk_push_string(js, kLazyNames[static_cast<size_t>(field)]);
  duk_swap_top(js, -2);
  duk_def_prop(js, holder, kPlainProperty | DUK_DEFPROP_FORCE);
}

duk_ret_t lazy_get(duk_context* js);

// True while the holder's property is still ours, not one that the script has put there.
bool is_unsettled(duk_context* js, duk_idx_t holder, LazyField field) {
  duk_push_string(js, kLazyNames[static_cast<size_t>(field)]);
  duk_get_prop_desc(js, holder, 0);
  bool is_ours = false;
  if (duk_is_object(js, -1)) {
    duk_get_prop_literal(js, -1, "get");
    is_ours = duk_get_c_function(js, -1) == guarded<lazy_get>;
    duk_pop(js);
  }
  duk_pop(js);
  return is_ours;
}

// Pushes the value, and puts it into the holder: [ ... ] -> [ ... value ].
void push_settled(duk_context* js, const RequestSource& source, duk_idx_t holder, LazyField field) {
  holder = duk_normalize_index(js, holder);
  duk_require_stack(js, 16);
  bool is_post = field == LazyField::kPostData || field == LazyField::kParams;
  if (!is_post || source.body.empty()) {
    push_value(js, source, field);
  } else {
    // As if both had been made with req: what a script changes in one is not seen in the other, but their parts are
    // shared.
    LazyField other = field == LazyField::kPostData ? LazyField::kParams : LazyField::kPostData;
    push_post_data_and_params(js, source);
    if (field == LazyField::kPostData) duk_swap_top(js, -2);  // [ other value ]
    if (is_unsettled(js, holder, other)) {
      duk_dup(js, -2);
      settle(js, holder, other);
    }
    duk_remove(js, -2);
  }
  duk_dup_top(js);
  settle(js, holder, field);
}

// Replaces the value on top, what an accessor was called on, by the req it belongs to: itself or one it inherits from.
// The running req, or one with a kept request; false when there is none.
bool find_holder(duk_context* js, const JsRequest* running) {
  if (!duk_is_object(js, -1)) return false;
  for (int depth = 0; depth < kMaxPrototypes && duk_is_object(js, -1); ++depth) {
    if (running != nullptr && running->is_object(duk_get_heapptr(js, -1))) return true;
    duk_push_literal(js, kKeptRequest);
    duk_get_prop_desc(js, -2, 0);
    bool has_kept = duk_is_object(js, -1);
    duk_pop(js);
    if (has_kept) return true;
    duk_get_prototype(js, -1);
    duk_replace(js, -2);
  }
  return false;
}

// Getter: magic is the LazyField.
duk_ret_t lazy_get(duk_context* js) {
  auto field = static_cast<LazyField>(duk_get_current_magic(js));
  JsRequest* running = JsRequest::current(js);
  duk_push_this(js);
  if (running != nullptr && running->is_object(duk_get_heapptr(js, -1))) {
    push_settled(js, running->source(), -1, field);
    return 1;
  }
  if (!find_holder(js, running)) {
    if (running == nullptr) return 0;
    push_value(js, running->source(), field);  // called on something else, such as a Proxy of req
    return 1;
  }
  if (running != nullptr && running->is_object(duk_get_heapptr(js, -1))) {
    push_settled(js, running->source(), -1, field);
    return 1;
  }
  duk_get_prop_literal(js, -1, kKeptRequest);
  duk_size_t size;
  const void* payload = duk_get_buffer(js, -1, &size);
  auto fields = ipc::decode_request({static_cast<const char*>(payload), size}, false);
  if (!fields) return 0;
  RequestHeaders headers;
  headers.read(fields.value());
  push_settled(js, {fields.value(), headers, fields.value().inline_body, nullptr}, -2, field);
  return 1;
}

// Setter: what it is called on gets a plain property, as an assignment makes it.
duk_ret_t lazy_set(duk_context* js) {
  duk_push_this(js);
  if (!duk_is_object(js, -1)) return 0;
  duk_push_string(js, kLazyNames[duk_get_current_magic(js)]);
  duk_dup(js, 0);
  duk_def_prop(js, -3, kPlainProperty);
  return 0;
}

}  // namespace

void push_lazy_getter(duk_context* js, LazyField field) {
  duk_push_c_function(js, guarded<lazy_get>, 0);
  duk_set_magic(js, -1, static_cast<duk_int_t>(field));
}

void push_lazy_setter(duk_context* js, LazyField field) {
  duk_push_c_function(js, guarded<lazy_set>, 1);
  duk_set_magic(js, -1, static_cast<duk_int_t>(field));
}

void keep_request(duk_context* js, duk_idx_t index, const ipc::RequestFields& fields) {
  index = duk_normalize_index(js, index);
  std::string payload;
  ipc::encode_request(payload, fields, false);
  duk_push_literal(js, kKeptRequest);
  void* copy = duk_push_fixed_buffer(js, payload.size());
  payload.copy(static_cast<char*>(copy), payload.size());
  duk_def_prop(js, index, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_FORCE);
}

void settle_request(duk_context* js, duk_idx_t index) {
  const JsRequest* running = JsRequest::current(js);
  if (running == nullptr || !running->is_object(duk_get_heapptr(js, index))) return;
  for (const char* name : kLazyNames) {
    duk_get_prop_string(js, index, name);
    duk_pop(js);
  }
}

bool has_kept_request(duk_context* js, duk_idx_t index) {
  if (!duk_is_object(js, index)) return false;
  bool has = duk_get_prop_literal(js, index, kKeptRequest);
  duk_pop(js);
  return has;
}

void RequestHeaders::read(const ipc::RequestFields& fields) {
  lines_.clear();
  joined_.clear();
  lines_.reserve(std::min<size_t>(fields.header_count, limits::kMaxHeaderCount));
  ipc::HeaderBlockReader reader(fields.headers);
  ipc::HeaderLine line;
  while (reader.next(line)) {
    auto same = std::find_if(lines_.begin(), lines_.end(), [&](const ipc::HeaderLine& known) {
      return known.name.size() == line.name.size() && equals_ignoring_case(known.name, line.name);
    });
    if (same == lines_.end()) {
      lines_.push_back(line);
    } else {
      join(*same, line.value);
    }
  }
}

void RequestHeaders::join(ipc::HeaderLine& line, std::string_view value) {
  std::string joined(line.value);
  joined.append(equals_ignoring_case(line.name, "cookie") ? "; " : ", ").append(value);
  joined_.push_back(std::move(joined));
  line.value = joined_.back();
}

std::string_view RequestHeaders::find(std::string_view name) const {
  for (const ipc::HeaderLine& line : lines_)
    if (equals_ignoring_case(line.name, name)) return line.value;
  return {};
}

void put_headers(duk_context* js, duk_idx_t object, const RequestHeaders& headers) {
  for (const ipc::HeaderLine& line : headers.lines()) {
    push_network_string(js, line.value);
    put_network_key(js, object, line.name);
  }
}

}  // namespace ravelin::worker
