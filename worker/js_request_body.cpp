#include "worker/js_request_body.h"

#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "worker/format_utf8.h"
#include "worker/js_request.h"
#include "worker/network_string.h"
#include "worker/parse_cookies.h"
#include "worker/parse_multipart.h"
#include "worker/parse_query.h"

namespace ravelin::worker {
namespace {

constexpr char kFormType[] = "application/x-www-form-urlencoded";
constexpr char kMultipartType[] = "multipart/form-data";
constexpr char kJsonType[] = "application/json";
constexpr char kJsonErrorKey[] = "error parsing JSON content";

enum class BodyKind { kNone, kForm, kMultipart, kJson, kOther };

BodyKind kind_of(std::string_view type) {
  if (type.empty()) return BodyKind::kNone;
  if (equals_ignoring_case(type, kFormType)) return BodyKind::kForm;
  if (equals_ignoring_case(type, kMultipartType)) return BodyKind::kMultipart;
  if (equals_ignoring_case(type, kJsonType)) return BodyKind::kJson;
  return BodyKind::kOther;
}

duk_ret_t decode_json(duk_context* js, void*) {
  duk_json_decode(js, -1);
  return 1;
}

// Any JSON value, or an Object that says why it is none.
void push_json_content(duk_context* js, std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF"))
    body.remove_prefix(3);  // a byte order mark is no part of JSON, yet some send it
  push_network_string(js, body);
  if (duk_safe_call(js, decode_json, nullptr, 1, 1) == DUK_EXEC_SUCCESS) return;
  duk_push_object(js);
  duk_swap_top(js, -2);
  duk_get_prop_literal(js, -1, "message");
  duk_remove(js, -2);
  duk_put_prop_literal(js, -2, kJsonErrorKey);
}

// `content` lies within the body. Parts of a mapped body are views of it; others are small and become Buffers of their
// own.
void push_part_content(duk_context* js, const RequestSource& source, std::string_view content) {
  if (source.running == nullptr || source.fields.inline_body.data() == source.body.data()) {
    void* copy = duk_push_fixed_buffer(js, content.size());
    content.copy(static_cast<char*>(copy), content.size());
    return;
  }
  source.running->push_body(js);
  duk_push_buffer_object(js, -1, static_cast<duk_size_t>(content.data() - source.body.data()), content.size(),
                         DUK_BUFOBJ_UINT8ARRAY);
  duk_remove(js, -2);
}

void push_part(duk_context* js, const RequestSource& source, const Part& part) {
  duk_idx_t object = duk_push_bare_object(js);
  for (const PartHeader& header : part.headers) {
    push_network_string(js, header.content.value);
    put_network_key(js, object, header.name);
    for (const auto& [name, value] : header.content.parameters) {
      push_network_string(js, value);
      put_network_key(js, object, name);
    }
  }
  push_part_content(js, source, part.content);
  duk_put_prop_literal(js, object, "content");
  finish_plain_object(js, object);
}

void push_multipart_content(duk_context* js, const RequestSource& source, const std::vector<Part>& parts) {
  duk_idx_t array = duk_push_array(js);
  for (size_t i = 0; i < parts.size(); ++i) {
    push_part(js, source, parts[i]);
    duk_put_prop_index(js, array, static_cast<duk_uarridx_t>(i));
  }
}

// server-details 8.5: a file goes by its file name, inside brackets if its field has any.
void add_part(FieldCollector& fields, std::string_view name, const std::string* filename) {
  bool is_file = filename != nullptr && !filename->empty();  // an empty name: a file field left empty
  if (!is_file) {
    fields.add(name);
  } else if (name.ends_with("[]")) {
    fields.add_member(name.substr(0, name.size() - 2), *filename);
  } else if (name.ends_with(']') && name.find('[') != std::string_view::npos) {
    fields.add(name);
  } else {
    fields.add_plain(*filename);
  }
}

void add_parts(duk_context* js, FieldCollector& fields, const std::vector<Part>& parts, duk_idx_t content) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string* name = parts[i].name();
    if (name == nullptr) continue;
    duk_get_prop_index(js, content, static_cast<duk_uarridx_t>(i));
    duk_get_prop_literal(js, -1, "content");
    duk_remove(js, -2);
    add_part(fields, *name, parts[i].filename());
  }
}

// Copies the own properties of the value on top, popping it, if it is a plain Object.
void merge_top(duk_context* js, duk_idx_t target) {
  if (duk_is_object(js, -1) && !duk_is_array(js, -1) && !duk_is_buffer_data(js, -1)) {
    duk_enum(js, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
    while (duk_next(js, -1, 1)) duk_put_prop(js, target);
    duk_pop(js);
  }
  duk_pop(js);
}

// Cookies and headers: each beats what is there.
void put_head(duk_context* js, duk_idx_t target, const RequestSource& source) {
  put_cookies(js, target, source.headers.find("cookie"));
  put_headers(js, target, source.headers);
}

struct BodyType {
  BodyKind kind = BodyKind::kNone;
  std::string_view as_sent;
  HeaderWithParameters parsed;

  explicit BodyType(std::string_view content_type) : as_sent(content_type) {
    if (content_type.empty()) return;
    parsed = parse_header_parameters(content_type);
    kind = kind_of(parsed.value);
  }
  std::string_view shown() const {
    switch (kind) {
      case BodyKind::kForm:
        return kFormType;
      case BodyKind::kMultipart:
        return kMultipartType;
      case BodyKind::kJson:
        return kJsonType;
      default:
        return as_sent;
    }
  }
};

// Pushes what postData.content is; false, with nothing pushed, when there is none.
bool push_content(duk_context* js, const RequestSource& source, const BodyType& type, const std::vector<Part>& parts) {
  switch (type.kind) {
    case BodyKind::kNone:
      return false;
    case BodyKind::kForm:
      push_query_object(js, source.body);
      return true;
    case BodyKind::kMultipart:
      push_multipart_content(js, source, parts);
      return true;
    case BodyKind::kJson:
      if (source.body.empty()) return false;  // a request without body, whatever its type: nothing failed to parse
      push_json_content(js, source.body);
      return true;
    case BodyKind::kOther:
      push_body_buffer(js, source);
      return true;
  }
  return false;
}

std::vector<Part> parts_of(const RequestSource& source, const BodyType& type) {
  if (type.kind != BodyKind::kMultipart) return {};
  const std::string* boundary = type.parsed.find("boundary");
  return boundary == nullptr ? std::vector<Part>() : parse_multipart(source.body, *boundary);
}

void push_post_data_of(duk_context* js, const RequestSource& source, const BodyType& type,
                       const std::vector<Part>& parts) {
  duk_idx_t object = duk_push_object(js);
  push_network_string(js, type.shown());
  duk_put_prop_literal(js, object, "Content-Type");
  if (push_content(js, source, type, parts)) duk_put_prop_literal(js, object, "content");
}

}  // namespace

void push_post_data_and_params(duk_context* js, const RequestSource& source) {
  duk_require_stack(js, 32);
  BodyType type(source.headers.find("content-type"));
  std::vector<Part> parts = parts_of(source, type);
  push_post_data_of(js, source, type, parts);
  duk_get_prop_literal(js, -1, "content");  // [ postData content ]
  duk_idx_t content = duk_get_top_index(js);
  FieldCollector params(js);
  if (type.kind == BodyKind::kMultipart) {
    add_parts(js, params, parts, content);
  } else {
    duk_dup(js, content);
    merge_top(js, params.object());
  }
  if (!source.fields.query.empty()) {
    push_query_object(js, source.fields.query);
    merge_top(js, params.object());
  }
  put_head(js, params.object(), source);
  params.finish();
  duk_remove(js, content);
}

void push_post_data(duk_context* js, const RequestSource& source) {
  push_post_data_of(js, source, BodyType(source.headers.find("content-type")), {});
}

void push_params(duk_context* js, const RequestSource& source) {
  FieldCollector params(js);
  add_query(params, js, source.fields.query);  // nothing was posted, so the query's own object can grow into params
  put_head(js, params.object(), source);
  params.finish();
}

void push_body_buffer(duk_context* js, const RequestSource& source) {
  if (source.running != nullptr) {
    source.running->push_body(js);
    return;
  }
  void* copy = duk_push_fixed_buffer(js, source.body.size());
  source.body.copy(static_cast<char*>(copy), source.body.size());
}

}  // namespace ravelin::worker
