#include "worker/js_reply.h"

#include <stdio.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "common/http_status.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/text.h"
#include "ipc/header_block.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_properties.h"
#include "worker/js_request_lazy.h"

namespace ravelin::worker {
namespace {

constexpr uint16_t kDefaultStatus = 200;
constexpr uint16_t kStorageStatus = 507;
// Of the limits for a reply's headers, kept for Content-Type and Accept-Ranges.
constexpr uint32_t kOwnLines = 2;
constexpr size_t kOwnLineBytes = 1024;

// Where read_object leaves values: slots + these.
constexpr duk_idx_t kBodySlot = 0;
constexpr duk_idx_t kHeadersSlot = 1;
constexpr duk_idx_t kDeferSlot = 2;
constexpr duk_idx_t kSlots = 3;

void warn(const ReplySource& source, std::string_view text) {
  log_line("warning: " + request_line(source.fields) + ": " + std::string(text));
}

// Headers that only the frontend may write (RFC 9110 7.6.1); it would drop them with a log line each
// (frontend/reply_head.h).
bool is_framing_header(std::string_view name) {
  if (name.size() > 6 && equals_ignoring_case(name.substr(0, 6), "proxy-")) return true;
  static constexpr std::string_view kNames[] = {"te",         "trailer",        "upgrade",          "connection",
                                                "keep-alive", "content-length", "transfer-encoding"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view known) { return equals_ignoring_case(name, known); });
}

// 1xx cannot be replied by a script; 204 and 304 have no body, whatever the script said (RFC 9110 6.4.1).
constexpr bool status_allows_body(uint16_t status) { return status != 204 && status != 304; }

// For log lines: a name of the script's choosing must not begin a line of its own.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escaped[5];
      snprintf(escaped, sizeof escaped, "\\x%02X", static_cast<unsigned char>(c));
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

bool has_header(std::string_view header_block, std::string_view name) {
  ipc::HeaderBlockReader reader(header_block);
  ipc::HeaderLine line;
  while (reader.next(line))
    if (equals_ignoring_case(line.name, name) && !line.value.empty()) return true;
  return false;
}

// The value on top of the stack, which stays as it is.
bool top_is_true(duk_context* js) {
  duk_dup_top(js);
  bool result = duk_to_boolean(js, -1) != 0;
  duk_pop(js);
  return result;
}

}  // namespace

void JsReply::read_status(duk_context* js, const ReplySource& source, Draft& draft) {
  if (duk_is_undefined(js, -1)) return;
  bool is_usable = duk_is_number(js, -1) || (duk_is_string(js, -1) && !duk_is_symbol(js, -1));
  double value = is_usable ? std::trunc(duk_to_number(js, -1)) : std::nan("");
  if (std::isnan(value)) {
    warn(source, "reply key \"status\" is not a Number, ignored");
    return;
  }
  draft.has_status = true;
  if (value < 100) {
    draft.status = kDefaultStatus;
  } else if (value < 200 || value > 599) {
    throw_range_error(js, "reply key \"status\": %.0f is no status of a reply (200 to 599)", value);
  } else {
    draft.status = static_cast<uint16_t>(value);
  }
}

void JsReply::read_chunk_delay(duk_context* js, const ReplySource& source, Draft& draft) {
  double delay_ms = duk_is_number(js, -1) ? duk_get_number(js, -1) : std::nan("");
  if (delay_ms >= 0) {
    draft.chunk_delay_ms = delay_ms;
  } else if (!duk_is_undefined(js, -1)) {
    warn(source, "reply key \"chunkDelay\" is not a Number of at least 0, ignored");
  }
}

// The key and its value are on top. True when the key is no extension.
bool JsReply::read_control_key(duk_context* js, std::string_view key, duk_idx_t slots, const ReplySource& source,
                               Draft& draft) {
  if (key == "status") {
    read_status(js, source, draft);
  } else if (key == "headers") {
    duk_dup_top(js);
    duk_replace(js, slots + kHeadersSlot);
  } else if (key == "chunk") {
    draft.is_chunked = top_is_true(js);
  } else if (key == "chunkDelay") {
    read_chunk_delay(js, source, draft);
  } else if (key == "defer") {
    draft.is_deferred = top_is_true(js);
    if (!duk_is_function(js, -1)) return true;
    duk_dup_top(js);
    duk_replace(js, slots + kDeferSlot);
  } else if (key == "noRangeCap") {
    draft.has_range_cap = !top_is_true(js);
  } else if (key == "noAcceptRanges") {
    draft.has_accept_ranges = !top_is_true(js);
  } else {
    return key == "compress";
  }
  return true;
}

void JsReply::read_object(duk_context* js, duk_idx_t index, duk_idx_t slots, const ReplySource& source, Draft& draft) {
  for_each_property(js, index, 0, [&] {
    std::string_view key = engine_text(js, -2);
    if (!read_control_key(js, key, slots, source, draft)) {
      auto type = mime_.find(key);
      if (!type) {
        warn(source, "unknown reply key " + quoted(key) + ", ignored");
      } else if (draft.has_body_key) {
        warn(source, "second body in the reply, key " + quoted(key) + ", ignored");
      } else {
        draft.has_body_key = true;
        draft.type = *type;
        duk_dup_top(js);
        duk_replace(js, slots + kBodySlot);
      }
    }
  });
}

void JsReply::add_header_line(std::string_view name, std::string_view value, const ReplySource& source, Draft& draft) {
  if (!is_field_value(value)) {
    warn(source, "reply header " + quoted(name) + " dropped: CR, LF or NUL in its value");
    return;
  }
  if (name.size() == 4 && equals_ignoring_case(name, "date")) draft.flags |= ipc::kReplyHasDate;
  if (equals_ignoring_case(name, "content-type")) {
    if (trim_blanks(value).empty()) {  // RFC 9110 8.3: a media type; the automatic one stands
      warn(source, "reply header " + quoted(name) + " dropped: its value is empty");
      return;
    }
    draft.has_content_type = true;
  }
  ipc::append_header_line(draft.header_block, name, value);
  ++draft.header_count;
}

// One header whose value is on top: a String as it is, anything else as JSON (server-details 9.4).
void JsReply::add_header(duk_context* js, std::string_view name, const ReplySource& source, Draft& draft) {
  std::string scratch;
  bool is_text = duk_is_string(js, -1) && !duk_is_symbol(js, -1);
  if (!is_text) {
    duk_dup_top(js);
    duk_json_encode(js, -1);
    duk_replace(js, -2);
  }
  if (!duk_is_string(js, -1)) return;  // undefined and functions have no JSON
  std::string_view value = utf8_view(engine_text(js, -1), scratch);
  if (equals_ignoring_case(name, "connection") && equals_ignoring_case(value, "close")) draft.flags |= ipc::kReplyClose;
  if (!is_framing_header(name)) add_header_line(name, value, source, draft);
}

void JsReply::read_headers(duk_context* js, duk_idx_t headers, const ReplySource& source, Draft& draft) {
  if (duk_is_undefined(js, headers)) return;
  if (!duk_is_object(js, headers) || duk_is_array(js, headers) || duk_is_function(js, headers) ||
      duk_is_buffer_data(js, headers)) {
    warn(source, "reply key \"headers\" is not an Object, ignored");
    return;
  }
  draft.has_headers = true;
  for_each_property(js, headers, DUK_ENUM_OWN_PROPERTIES_ONLY, [&] {
    std::string_view name = engine_text(js, -2);
    if (!is_token(name)) {
      warn(source, "reply header " + quoted(name) + " dropped: not a header name");
    } else if (duk_is_array(js, -1)) {
      duk_size_t length = duk_get_length(js, -1);
      for (duk_size_t i = 0; i < length && draft.header_count <= limits::kMaxReplyHeaders; ++i) {
        duk_get_prop_index(js, -1, static_cast<duk_uarridx_t>(i));
        add_header(js, name, source, draft);
        duk_pop(js);
      }
    } else {
      add_header(js, name, source, draft);
    }
    if (draft.header_count > limits::kMaxReplyHeaders - kOwnLines ||
        draft.header_block.size() > limits::kMaxReplyHeadBytes - kOwnLineBytes)
      throw_range_error(js, "the reply has too many headers");
  });
}

void JsReply::add_content_type(Draft& draft) {
  if (draft.has_content_type) return;
  constexpr std::string_view kName = "Content-Type";
  constexpr std::string_view kCharset = "; charset=";
  bool with_charset = !config_.default_charset.empty() && draft.type.starts_with("text/");
  size_t value_bytes = draft.type.size() + (with_charset ? kCharset.size() + config_.default_charset.size() : 0);
  ByteWriter writer(draft.header_block);  // as append_header_line, without putting the value together first
  writer.number(static_cast<uint32_t>(kName.size()));
  writer.number(static_cast<uint32_t>(value_bytes));
  writer.raw(kName);
  writer.raw(draft.type);
  if (with_charset) {
    writer.raw(kCharset);
    writer.raw(config_.default_charset);
  }
  ++draft.header_count;
}

// A file's reply is 200, and 206, 304 or 416 if the frontend finds so; only a status of 300 and more stands, and not
// with a Range (server-details 9.5).
void JsReply::use_file_status(const ReplySource& source, Draft& draft) const {
  bool stands = draft.status >= 300 && !has_header(source.fields.headers, "range");
  if (stands) return;
  draft.status = kDefaultStatus;
  if (draft.is_chunked) return;  // without Content-Length there are no ranges either
  draft.flags |= ipc::kReplyFile;
  if (!draft.has_range_cap) draft.flags |= ipc::kReplyNoRangeCap;
  if (!draft.has_accept_ranges || has_header(draft.header_block, "accept-ranges")) return;
  ipc::append_header_line(draft.header_block, "Accept-Ranges", "bytes");
  ++draft.header_count;
}

void JsReply::write_frame(const Draft& draft, ReplyBody& body, const ReplyTarget& target) {
  ipc::ReplyFields fields;
  fields.status = draft.status;
  fields.flags = draft.flags;
  fields.header_count = draft.header_count;
  fields.headers = draft.header_block;
  bool has_body = status_allows_body(draft.status);
  bool in_descriptor = has_body && body.descriptor;
  if (in_descriptor) {
    fields.body_bytes = body.descriptor_bytes;
  } else if (has_body) {
    fields.inline_body = body.inline_bytes;
  }
  ipc::FrameWriter frame(target.channel.out(), ipc::FrameType::kReply, target.slot, target.stream,
                         in_descriptor ? ipc::kFlagDescriptor : uint8_t{0});
  try {
    ipc::encode_reply(frame.payload(), fields, in_descriptor);
    frame.finish();
    if (in_descriptor) target.channel.attach(frame.start(), std::move(body.descriptor));
  } catch (const std::exception&) {  // no memory: half a frame must not stay in the channel
    frame.cancel();
    throw;
  }
}

// False: there is no room for it, which has been answered. That is no fault of the script's: not for notFoundFunc, nor
// a 404.
bool JsReply::store_large_body(const ReplySource& source, ReplyBody& body, const ReplyTarget& target) {
  Status moved = move_large_body(config_.spool_directory, body);
  if (moved) return true;
  log_line("error: " + request_line(source.fields) + ": cannot store the reply: " + moved.error().message);
  send_page(kStorageStatus, error_page(kStorageStatus, "The reply could not be stored."), target);
  return false;
}

JsReply::Verdict JsReply::send(duk_context* js, duk_idx_t index, const ReplySource& source, uint16_t default_status,
                               const ReplyTarget& target) {
  duk_require_stack(js, 16);
  index = duk_normalize_index(js, index);
  Draft draft;
  draft.header_block = std::move(spare_block_);
  draft.header_block.clear();
  draft.status = default_status;
  duk_idx_t slots = duk_get_top(js);
  for (duk_idx_t i = 0; i < kSlots; ++i) duk_push_undefined(js);
  if (duk_is_array(js, index) || duk_is_function(js, index)) {
    throw_type_error(js, "a handler may not return an Array or a Function");
  } else if (duk_is_object(js, index) && !duk_is_buffer_data(js, index)) {
    read_object(js, index, slots, source, draft);
    if (draft.is_deferred) {
      spare_block_ = std::move(draft.header_block);
      duk_set_top(js, slots + kDeferSlot + 1);
      duk_replace(js, slots);
      duk_set_top(js, slots + 1);
      return Verdict::kDeferred;
    }
    read_headers(js, slots + kHeadersSlot, source, draft);
    bool is_bare_404 = draft.has_status && draft.status == 404 && !draft.has_body_key && !draft.has_headers;
    if (is_bare_404 && source.output.empty()) {
      duk_set_top(js, slots);
      return Verdict::kNotFound;
    }
  } else {
    duk_dup(js, index);
    duk_replace(js, slots + kBodySlot);
  }
  if (draft.is_chunked) draft.flags |= ipc::kReplyStream;
  bool has_callback = draft.is_chunked && duk_is_function(js, slots + kBodySlot);
  ReplyBody body;
  read_reply_body(js, slots + kBodySlot, source.output, source.fields, body);
  if (body.is_missing) {
    duk_set_top(js, slots);
    return Verdict::kNotFound;
  }
  if (body.is_file) {
    use_file_status(source, draft);
  } else if (!store_large_body(source, body, target)) {
    spare_block_ = std::move(draft.header_block);
    duk_set_top(js, slots);
    return Verdict::kSent;
  }
  add_content_type(draft);
  write_frame(draft, body, target);
  spare_block_ = std::move(draft.header_block);
  if (has_callback && status_allows_body(draft.status) && source.fields.method != "HEAD") {
    chunk_delay_ms_ = draft.chunk_delay_ms;
    duk_set_top(js, slots + kBodySlot + 1);
    return Verdict::kStream;
  }
  if (draft.is_chunked) ipc::FrameWriter(target.channel.out(), ipc::FrameType::kEnd, 0, target.stream).finish();
  duk_set_top(js, slots);
  return Verdict::kSent;
}

void JsReply::send_page(uint16_t status, std::string_view html, const ReplyTarget& target) {
  Draft draft;
  draft.header_block = std::move(spare_block_);
  draft.header_block.clear();
  draft.status = status;
  draft.type = "text/html";
  add_content_type(draft);
  ReplyBody body;
  body.inline_bytes = html;
  Status moved = move_large_body(config_.spool_directory, body);
  if (!moved) {
    logf("alert: cannot store a page of %zu bytes: %s; sending its beginning", html.size(),
         moved.error().message.c_str());
    body.inline_bytes = html.substr(0, limits::kMaxInlineBody);
  }
  write_frame(draft, body, target);
  spare_block_ = std::move(draft.header_block);
}

}  // namespace ravelin::worker
