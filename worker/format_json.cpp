#include "worker/format_json.h"

#include <string_view>
#include <unordered_map>
#include <vector>

#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {
namespace {

constexpr char kStringifyKey[] = "jsonStringify";
constexpr size_t kMaxDepth = 1000;  // as the engine's JSON encoder; the writer recurses on the C stack

void (*json_preparation)(duk_context*, duk_idx_t) = nullptr;

void push_stringify(duk_context* ctx) {
  duk_push_heap_stash(ctx);
  if (!duk_get_prop_string(ctx, -1, kStringifyKey)) {
    duk_pop_2(ctx);
    keep_json_stringify(ctx);
    duk_push_heap_stash(ctx);
    duk_get_prop_string(ctx, -1, kStringifyKey);
  }
  duk_remove(ctx, -2);
}

// [ ... error ]: true for the engine's complaint about a cycle.
bool is_cycle_error(duk_context* ctx) {
  if (duk_get_error_code(ctx, -1) != DUK_ERR_TYPE_ERROR) return false;
  duk_get_prop_string(ctx, -1, "message");
  bool is_cycle = duk_is_string(ctx, -1) && engine_text(ctx, -1) == "cyclic input";
  duk_pop(ctx);
  return is_cycle;
}

bool is_identifier(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name) {
    bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
                   static_cast<unsigned char>(c) >= 0x80;
    if (!is_word) return false;
  }
  return true;
}

class SafeJsonWriter {
 public:
  SafeJsonWriter(duk_context* ctx, std::string& out) : ctx_(ctx), out_(out) {}

  void write_root(duk_idx_t index) {
    index = duk_require_normalize_index(ctx_, index);
    kept_index_ = duk_push_array(ctx_);
    duk_dup(ctx_, index);
    write_top(add_place(0, "$"));
    duk_pop(ctx_);
  }

 private:
  // Where an object was found: one step, and the place of the object that holds it. Paths are put together only when an
  // object turns up again, so deep data does not cost a path per level.
  struct Place {
    size_t parent;
    std::string step;
  };

  size_t add_place(size_t parent, std::string step) {
    places_.push_back({parent, std::move(step)});
    return places_.size() - 1;
  }
  std::string path_of(size_t place) const;
  std::string step_of(std::string_view key);

  // Writes the value on top of the stack and pops it. `place` is its own if it is an object.
  void write_top(size_t place);
  void write_engine_json();
  void write_function();
  bool is_date();
  void write_object(size_t place);
  void write_array(size_t place);
  void write_properties(size_t place);
  void write_reference(size_t place);
  void write_quoted(std::string_view text);

  duk_context* ctx_;
  std::string& out_;
  size_t depth_ = 0;
  std::vector<Place> places_;
  std::unordered_map<void*, size_t> seen_;  // place of each object printed so far
  duk_idx_t kept_index_ = 0;                // array of the same objects: one made by a getter must keep its address
};

std::string SafeJsonWriter::path_of(size_t place) const {
  std::string path = places_[place].step;
  while (place != 0) {
    place = places_[place].parent;
    path.insert(0, places_[place].step);
  }
  return path;
}

std::string SafeJsonWriter::step_of(std::string_view key) {
  if (is_identifier(key)) return "." + std::string(key);
  duk_push_lstring(ctx_, key.data(), key.size());
  duk_json_encode(ctx_, -1);
  std::string step = "[" + std::string(engine_text(ctx_, -1)) + "]";
  duk_pop(ctx_);
  return step;
}

void SafeJsonWriter::write_quoted(std::string_view text) {
  duk_push_lstring(ctx_, text.data(), text.size());
  write_engine_json();
}

void SafeJsonWriter::write_engine_json() {
  duk_json_encode(ctx_, -1);
  append_utf8(out_, duk_is_string(ctx_, -1) ? engine_text(ctx_, -1) : std::string_view("null"));
  duk_pop(ctx_);
}

void SafeJsonWriter::write_function() {
  out_ += duk_is_bound_function(ctx_, -1) ? "{\"_bound_ecmascript_func\""
          : duk_is_c_function(ctx_, -1)   ? "{\"_c_func\""
                                          : "{\"_ecmascript_func\"";
  out_ += ": true ,\"name\": ";
  duk_get_prop_string(ctx_, -1, "name");
  duk_safe_to_string(ctx_, -1);
  write_engine_json();
  duk_enum(ctx_, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(ctx_, -1, 1)) {
    duk_safe_to_string(ctx_, -1);
    duk_swap_top(ctx_, -2);
    out_ += " ,";
    write_engine_json();
    out_ += ": ";
    write_engine_json();
  }
  duk_pop_2(ctx_);
  out_ += '}';
}

bool SafeJsonWriter::is_date() {
  duk_get_global_string(ctx_, "Date");
  bool is_date = duk_is_function(ctx_, -1) && duk_instanceof(ctx_, -2, -1);
  duk_pop(ctx_);
  return is_date;
}

void SafeJsonWriter::write_top(size_t place) {
  duk_require_stack(ctx_, 8);
  if (duk_is_undefined(ctx_, -1) || duk_is_pointer(ctx_, -1) || duk_is_symbol(ctx_, -1)) {
    duk_pop(ctx_);
    out_ += "null";
  } else if (duk_is_function(ctx_, -1)) {
    write_function();
  } else if (!duk_is_object(ctx_, -1) || duk_is_buffer_data(ctx_, -1) || is_date()) {
    write_engine_json();
  } else {
    write_object(place);
  }
}

void SafeJsonWriter::write_reference(size_t place) {
  out_ += "{\"_cyclic_ref\": ";
  write_quoted(path_of(place));
  out_ += '}';
}

void SafeJsonWriter::write_object(size_t place) {
  auto [seen, is_new] = seen_.emplace(duk_get_heapptr(ctx_, -1), place);
  if (!is_new) {
    duk_pop(ctx_);
    write_reference(seen->second);
    return;
  }
  duk_dup_top(ctx_);
  duk_put_prop_index(ctx_, kept_index_, static_cast<duk_uarridx_t>(seen_.size() - 1));
  if (++depth_ > kMaxDepth) throw_range_error(ctx_, "%%!J: objects are nested more than %zu deep", kMaxDepth);
  if (duk_is_array(ctx_, -1)) {
    write_array(place);
  } else {
    write_properties(place);
  }
  --depth_;
  duk_pop(ctx_);
}

void SafeJsonWriter::write_array(size_t place) {
  out_ += '[';
  duk_size_t length = duk_get_length(ctx_, -1);
  for (duk_size_t i = 0; i < length; ++i) {
    if (i > 0) out_ += ", ";
    duk_get_prop_index(ctx_, -1, static_cast<duk_uarridx_t>(i));
    write_top(duk_is_object(ctx_, -1) ? add_place(place, "[" + std::to_string(i) + "]") : place);
  }
  out_ += ']';
}

void SafeJsonWriter::write_properties(size_t place) {
  out_ += '{';
  const char* separator = "";
  duk_enum(ctx_, -1, 0);
  while (duk_next(ctx_, -1, 1)) {
    out_ += separator;
    separator = ", ";
    std::string key(engine_text(ctx_, -2));
    write_quoted(key);
    out_ += ':';
    write_top(duk_is_object(ctx_, -1) ? add_place(place, step_of(key)) : place);
    duk_pop(ctx_);  // the key
  }
  duk_pop(ctx_);
  out_ += '}';
}

}  // namespace

void set_json_preparation(void (*prepare)(duk_context* ctx, duk_idx_t index)) { json_preparation = prepare; }

void keep_json_stringify(duk_context* ctx) {
  duk_push_heap_stash(ctx);
  duk_get_global_string(ctx, "JSON");
  duk_get_prop_string(ctx, -1, "stringify");
  duk_remove(ctx, -2);
  duk_put_prop_string(ctx, -2, kStringifyKey);
  duk_pop(ctx);
}

void push_json(duk_context* ctx, duk_idx_t index, int indent) {
  index = duk_require_normalize_index(ctx, index);
  if (json_preparation) json_preparation(ctx, index);
  push_stringify(ctx);
  duk_dup(ctx, index);
  duk_push_null(ctx);
  duk_push_int(ctx, indent);
  if (duk_pcall(ctx, 3) == DUK_EXEC_SUCCESS) return;
  if (!is_cycle_error(ctx)) duk_throw(ctx);
  duk_pop(ctx);
  std::string text;
  append_safe_json(text, ctx, index, indent);
  push_text(ctx, text);
}

void append_json(std::string& out, duk_context* ctx, duk_idx_t index, int indent) {
  push_json(ctx, index, indent);
  append_utf8(out, duk_is_string(ctx, -1) ? engine_text(ctx, -1) : std::string_view("undefined"));
  duk_pop(ctx);
}

void append_safe_json(std::string& out, duk_context* ctx, duk_idx_t index, int indent) {
  if (indent == 0) {
    SafeJsonWriter(ctx, out).write_root(index);
    return;
  }
  std::string text;
  SafeJsonWriter(ctx, text).write_root(index);
  push_text(ctx, text);
  duk_json_decode(ctx, -1);
  append_json(out, ctx, -1, indent);
  duk_pop(ctx);
}

}  // namespace ravelin::worker
