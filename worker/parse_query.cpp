#include "worker/parse_query.h"

#include "common/limits.h"
#include "common/log.h"
#include "common/text.h"
#include "worker/js_error.h"
#include "worker/network_string.h"

namespace ravelin::worker {
namespace {

// A failed parse costs a thousand times what a piece costs. After so many, values that look like JSON stay Strings.
constexpr size_t kMaxJsonFailures = 32;

bool needs_decoding(std::string_view text) { return text.find_first_of("%+") != std::string_view::npos; }

// The decoded form of `text`: itself, or `scratch`.
std::string_view decoded(std::string_view text, std::string& scratch) {
  if (!needs_decoding(text)) return text;
  scratch.clear();
  append_percent_decoded(scratch, text, true);
  return scratch;
}

bool looks_like_json(std::string_view value) {
  return value.size() >= 2 &&
         ((value.front() == '{' && value.back() == '}') || (value.front() == '[' && value.back() == ']'));
}

duk_ret_t decode_json(duk_context* js, void*) {
  duk_json_decode(js, -1);
  return 1;
}

// Replaces the String on top by the value it stands for; false, and it stays, when it is no JSON.
bool parse_json_value(duk_context* js) {
  duk_dup_top(js);
  if (duk_safe_call(js, decode_json, nullptr, 1, 1) == DUK_EXEC_SUCCESS) {
    duk_replace(js, -2);
    return true;
  }
  duk_pop(js);
  return false;
}

}  // namespace

FieldCollector::FieldCollector(duk_context* js) : js_(js), object_(duk_get_top(js)) {
  duk_require_stack(js, 16);
  duk_push_bare_object(js);
}

void FieldCollector::finish() {
  for (void* nested : nested_) {
    duk_push_heapptr(js_, nested);
    finish_plain_object(js_, -1);
    duk_pop(js_);
  }
  finish_plain_object(js_, object_);
}

// [ ... ] -> true, [ ... value ]; false, [ ... ]
bool FieldCollector::push_existing(std::string_view name) {
  push_network_string(js_, name);
  if (duk_get_prop(js_, object_)) return true;
  duk_pop(js_);
  return false;
}

void FieldCollector::push_next_free_key(duk_idx_t target) {
  target = duk_normalize_index(js_, target);
  void* object = duk_get_heapptr(js_, target);
  if (object != numbered_) {
    numbered_ = object;
    next_number_ = 0;
  }
  while (duk_has_prop_index(js_, target, next_number_)) ++next_number_;
  duk_push_uint(js_, next_number_);
  duk_to_string(js_, -1);
}

// [ ... value ] -> [ ... ], with the value added to what `name` holds.
void FieldCollector::grow(std::string_view name, bool always_array) {
  if (!push_existing(name)) {
    if (always_array) {
      duk_push_array(js_);
      duk_swap_top(js_, -2);
      duk_put_prop_index(js_, -2, 0);
    }
    put_network_key(js_, object_, name);
    return;
  }
  if (duk_is_array(js_, -1)) {  // [ value array ]
    duk_swap_top(js_, -2);
    duk_put_prop_index(js_, -2, static_cast<duk_uarridx_t>(duk_get_length(js_, -2)));
    duk_pop(js_);
  } else if (duk_is_object(js_, -1) && !duk_is_buffer_data(js_, -1)) {
    duk_pop(js_);
    to_bare_object(name);  // [ value object ]
    push_next_free_key(-1);
    duk_dup(js_, -3);
    duk_put_prop(js_, -3);
    duk_pop_2(js_);
  } else if (duk_is_boolean(js_, -1) && duk_is_boolean(js_, -2)) {  // a repeated flag stays true
    duk_pop_2(js_);
  } else {  // [ value old ]
    duk_push_array(js_);
    duk_swap_top(js_, -2);
    duk_put_prop_index(js_, -2, 0);
    duk_swap_top(js_, -2);
    duk_put_prop_index(js_, -2, 1);
    put_network_key(js_, object_, name);
  }
}

// [ ... ] -> [ ... object ]: what `name` holds becomes, or is, an Object without prototype, until finish().
void FieldCollector::to_bare_object(std::string_view name) {
  bool exists = push_existing(name);
  if (exists && duk_is_object(js_, -1) && !duk_is_array(js_, -1) && !duk_is_buffer_data(js_, -1)) {
    duk_get_prototype(js_, -1);
    bool is_bare = duk_is_undefined(js_, -1);
    duk_pop(js_);
    if (is_bare) return;
    duk_push_undefined(js_);  // an Object that a JSON value brought
    duk_set_prototype(js_, -2);
    nested_.push_back(duk_get_heapptr(js_, -1));
    return;
  }
  duk_push_bare_object(js_);
  if (exists) {
    duk_swap_top(js_, -2);  // [ object old ]
    if (duk_is_array(js_, -1)) {
      auto length = static_cast<duk_uarridx_t>(duk_get_length(js_, -1));
      for (duk_uarridx_t i = 0; i < length; ++i) {
        duk_get_prop_index(js_, -1, i);
        duk_put_prop_index(js_, -3, i);
      }
      duk_pop(js_);
    } else {
      duk_put_prop_index(js_, -2, 0);
    }
  }
  nested_.push_back(duk_get_heapptr(js_, -1));
  duk_dup_top(js_);
  put_network_key(js_, object_, name);
}

void FieldCollector::add_plain(std::string_view name) { grow(name, false); }

void FieldCollector::add_element(std::string_view name) { grow(name, true); }

void FieldCollector::add_member(std::string_view name, std::string_view key) {
  to_bare_object(name);  // [ value object ]
  push_network_string(js_, key);
  if (duk_has_prop(js_, -2)) {  // the same key again: its value grows like a plain one
    push_network_string(js_, key);
    duk_get_prop(js_, -2);  // [ value object old ]
    if (!duk_is_array(js_, -1)) {
      duk_push_array(js_);
      duk_swap_top(js_, -2);
      duk_put_prop_index(js_, -2, 0);
    }
    duk_dup(js_, -3);
    duk_put_prop_index(js_, -2, static_cast<duk_uarridx_t>(duk_get_length(js_, -2)));
  } else {
    duk_dup(js_, -2);
  }
  put_network_key(js_, -2, key);
  duk_pop_2(js_);
}

void FieldCollector::add(std::string_view name) {
  size_t open = name.ends_with(']') ? name.rfind('[') : std::string_view::npos;
  if (open == std::string_view::npos) return add_plain(name);
  std::string_view key = name.substr(open + 1, name.size() - open - 2);
  if (key.empty()) return add_element(name.substr(0, open));
  add_member(name.substr(0, open), key);
}

void add_query(FieldCollector& fields, duk_context* js, std::string_view query) {
  std::string name_scratch;
  std::string value_scratch;
  size_t pieces = 0;
  size_t json_failures = 0;
  while (!query.empty() && pieces < limits::kMaxQueryPieces) {
    size_t end = query.find('&');
    std::string_view piece = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (piece.empty()) continue;
    ++pieces;
    size_t equals = piece.find('=');
    std::string_view name = decoded(piece.substr(0, equals), name_scratch);
    if (equals == std::string_view::npos) {
      duk_push_true(js);
    } else {
      std::string_view value = decoded(piece.substr(equals + 1), value_scratch);
      push_network_string(js, value);
      if (looks_like_json(value) && json_failures < kMaxJsonFailures && !parse_json_value(js)) ++json_failures;
    }
    fields.add(name);
  }
  if (!query.empty())
    logf("warning: a query or form has more than %zu fields; the rest is ignored", limits::kMaxQueryPieces);
}

void push_query_object(duk_context* js, std::string_view query) {
  if (query.empty()) {
    duk_push_object(js);
    return;
  }
  FieldCollector fields(js);
  add_query(fields, js, query);
  fields.finish();
}

}  // namespace ravelin::worker
