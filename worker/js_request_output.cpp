#include "worker/js_request_output.h"

#include <cmath>
#include <string>

#include "worker/deferred_replies.h"
#include "worker/format_printf.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_request.h"
#include "worker/network_string.h"

namespace ravelin::worker {
namespace {

// The server buffer of the request that the call belongs to. Functions may be called without their req (`var put =
// req.put`), but not on a req whose request is over: what they write would reach another client.
std::string& require_output(duk_context* js, const char* function) {
  JsRequest* request = JsRequest::current(js);
  duk_push_this(js);
  bool is_current = request != nullptr && (request->is_object(duk_get_heapptr(js, -1)) || !has_kept_request(js, -1));
  std::string* output = is_current ? &request->output() : DeferredReplies::output_of(js, -1);
  duk_pop(js);
  if (output == nullptr) throw_error(js, "req.%s: this request has been answered", function);
  return *output;
}

void append_output(duk_context* js, std::string& output, std::string_view bytes) {
  uint64_t limit = DeferredReplies::max_output_bytes(js);
  if (limit != 0 && output.size() + bytes.size() > limit)
    throw_range_error(js, "server buffer: more than %llu bytes", static_cast<unsigned long long>(limit));
  output.append(bytes);
}

duk_ret_t request_printf(duk_context* js) {
  require_output(js, "printf");
  std::string text;  // formatting may run script that writes to the server buffer itself, or that answers
  format_append(js, 0, text);
  append_output(js, require_output(js, "printf"), text);
  duk_push_number(js, static_cast<double>(text.size()));
  return 1;
}

duk_ret_t request_put(duk_context* js) {
  std::string& output = require_output(js, "put");
  std::string scratch;
  std::string_view bytes;
  if (duk_is_string(js, 0) && !duk_is_symbol(js, 0)) {
    bytes = utf8_view(engine_text(js, 0), scratch);
  } else if (duk_is_buffer_data(js, 0)) {
    duk_size_t size;
    const void* data = duk_get_buffer_data(js, 0, &size);
    bytes = {static_cast<const char*>(data), size};
  } else {
    throw_type_error(js, "req.put: the argument must be a String or a Buffer");
  }
  append_output(js, output, bytes);
  duk_push_number(js, static_cast<double>(bytes.size()));
  return 1;
}

duk_ret_t request_getpos(duk_context* js) {
  duk_push_number(js, static_cast<double>(require_output(js, "getpos").size()));
  return 1;
}

duk_ret_t request_rewind(duk_context* js) {
  std::string& output = require_output(js, "rewind");
  double position = duk_is_number(js, 0) ? duk_get_number(js, 0) : std::nan("");
  if (!std::isfinite(position) || position != std::trunc(position))
    throw_type_error(js, "req.rewind: the position must be an integer Number");
  auto end = static_cast<double>(output.size());
  if (position > end || -position > end)
    throw_range_error(js, "req.rewind: position %.0f is outside the server buffer, which has %.0f bytes", position,
                      end);
  output.resize(static_cast<size_t>(position < 0 ? end + position : position));
  return 0;
}

duk_ret_t request_get_buffer(duk_context* js) {
  const std::string& output = require_output(js, "getBuffer");
  void* copy = duk_push_fixed_buffer(js, output.size());
  output.copy(static_cast<char*>(copy), output.size());
  return 1;
}

duk_ret_t request_get_mime(duk_context* js) {
  if (!duk_is_string(js, 0) || duk_is_symbol(js, 0))
    throw_type_error(js, "req.getMime: the argument must be a String, a file extension");
  require_output(js, "getMime");
  auto type = DeferredReplies::mime_of(js).find(engine_text(js, 0));
  if (!type) return 0;
  push_network_string(js, *type);
  return 1;
}

}  // namespace

const RequestFunction kRequestFunctions[kRequestFunctionCount] = {
    {"printf", guarded<request_printf>, DUK_VARARGS}, {"put", guarded<request_put>, 1},
    {"getpos", guarded<request_getpos>, 0},           {"rewind", guarded<request_rewind>, 1},
    {"getBuffer", guarded<request_get_buffer>, 0},    {"getMime", guarded<request_get_mime>, 1},
};

}  // namespace ravelin::worker
