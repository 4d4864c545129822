#include "worker/js_json.h"

#include <algorithm>
#include <string_view>

#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_iterators.h"

namespace ravelin::worker {

namespace {

constexpr const char* kOriginal = DUK_HIDDEN_SYMBOL("original");  // property of our parse: the engine's
constexpr const char* kReference = "_cyclic_ref";

// The end of a quoted key that starts at `path[begin]` == '"': the index behind the closing quote, or npos.
size_t end_of_quoted(std::string_view path, size_t begin) {
  for (size_t i = begin + 1; i < path.size(); ++i) {
    if (path[i] == '\\') {
      ++i;
    } else if (path[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// Takes the first step (".name", "[3]" or "[\"any name\"]") off the path and pushes its key. False: not a step.
bool push_step(duk_context* js, std::string_view& path) {
  size_t used;
  if (path.starts_with('.')) {
    used = std::min(path.find_first_of(".[", 1), path.size());
    duk_push_lstring(js, path.data() + 1, used - 1);
  } else if (path.starts_with("[\"")) {
    const size_t end = end_of_quoted(path, 1);
    if (end == std::string_view::npos || end >= path.size() || path[end] != ']') return false;
    duk_push_lstring(js, path.data() + 1, end - 1);
    duk_json_decode(js, -1);
    used = end + 1;
  } else {
    const size_t end = path.find(']');
    if (!path.starts_with('[') || end == std::string_view::npos) return false;
    duk_push_lstring(js, path.data() + 1, end - 1);
    used = end + 1;
  }
  path.remove_prefix(used);
  return true;
}

// Pushes the value at `path` below the value at `root`. False and nothing pushed: there is none.
bool push_at_path(duk_context* js, duk_idx_t root, std::string_view path) {
  if (!path.starts_with('$')) return false;
  path.remove_prefix(1);
  duk_dup(js, root);
  while (!path.empty()) {
    if (!duk_is_object(js, -1) || !push_step(js, path)) {
      duk_pop(js);
      return false;
    }
    duk_get_prop(js, -2);
    duk_remove(js, -2);
  }
  if (!duk_is_undefined(js, -1)) return true;
  duk_pop(js);
  return false;
}

bool has_one_key(duk_context* js, duk_idx_t object) {
  duk_enum(js, object, DUK_ENUM_OWN_PROPERTIES_ONLY);
  int count = 0;
  while (count < 2 && duk_next(js, -1, 0)) {
    duk_pop(js);
    ++count;
  }
  duk_pop(js);
  return count == 1;
}

// If the object on top is a reference, with that key alone, and leads somewhere, replaces it by what it names.
bool replace_reference(duk_context* js, duk_idx_t root) {
  duk_get_prop_string(js, -1, kReference);
  if (duk_is_string(js, -1) && has_one_key(js, -2) && push_at_path(js, root, engine_text(js, -1))) {
    duk_replace(js, -3);
    duk_pop(js);
    return true;
  }
  duk_pop(js);
  return false;
}

// Depth is bounded by the parser's own limit (DUK_USE_JSON_DEC_RECLIMIT, 1000).
void restore_references(duk_context* js, duk_idx_t root, duk_idx_t object) {
  duk_require_stack(js, 8);
  duk_enum(js, object, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(js, -1, 1)) {
    // [ ... enum key value ]
    if (!duk_is_object(js, -1)) {
      duk_pop_2(js);
    } else if (replace_reference(js, root)) {
      duk_put_prop(js, object);
    } else {
      restore_references(js, root, duk_get_top_index(js));
      duk_pop_2(js);
    }
  }
  duk_pop(js);
}

void bytes_to_text(duk_context* js, duk_idx_t index) {
  if (!duk_is_buffer_data(js, index)) return;
  duk_size_t length = 0;
  const void* bytes = duk_get_buffer_data(js, index, &length);
  push_text(js, std::string_view(static_cast<const char*>(bytes), length));
  duk_replace(js, index);
}

duk_ret_t native_parse(duk_context* js) {
  bytes_to_text(js, 0);
  if (duk_is_function(js, 1)) {
    duk_push_current_function(js);
    duk_get_prop_string(js, -1, kOriginal);
    duk_replace(js, -2);
    duk_insert(js, 0);
    duk_call(js, 2);
    return 1;
  }
  const bool restores = duk_is_boolean(js, 1) && duk_get_boolean(js, 1);
  duk_set_top(js, 1);
  duk_json_decode(js, 0);
  if (restores && duk_is_object(js, 0)) restore_references(js, 0, 0);
  return 1;
}

}  // namespace

void install_json(duk_context* js) {
  StackGuard guard(js);
  duk_get_global_literal(js, "JSON");
  duk_get_prop_literal(js, -1, "parse");
  duk_dup(js, -2);
  define_method(js, "parse", guarded<native_parse>, 2);
  duk_get_prop_literal(js, -1, "parse");
  duk_dup(js, -3);
  duk_put_prop_string(js, -2, kOriginal);
}

}  // namespace ravelin::worker
