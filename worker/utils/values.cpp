#include "worker/utils/values.h"

#include <cmath>
#include <string_view>
#include <unordered_map>

#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_handle.h"

namespace ravelin::worker {
namespace {

constexpr size_t kMaxDepth = 1000;  // deepCopy recurses on the C stack

const char* type_name(duk_context* ctx, duk_idx_t index) {
  if (duk_is_symbol(ctx, index)) return "Symbol";
  switch (duk_get_type(ctx, index)) {
    case DUK_TYPE_NONE:
    case DUK_TYPE_UNDEFINED:
      return "Undefined";
    case DUK_TYPE_NULL:
      return "Null";
    case DUK_TYPE_BOOLEAN:
      return "Boolean";
    case DUK_TYPE_NUMBER:
      return std::isnan(duk_get_number(ctx, index)) ? "Nan" : "Number";
    case DUK_TYPE_STRING:
      return "String";
    default:
      break;
  }
  if (duk_is_buffer_data(ctx, index)) return "Buffer";
  if (duk_is_array(ctx, index)) return "Array";
  if (duk_is_function(ctx, index)) return "Function";
  if (file_handle_at(ctx, index)) return "Filehandle";
  return is_instance_of(ctx, index, "Date") ? "Date" : "Object";
}

duk_ret_t utils_get_type(duk_context* ctx) {
  duk_push_string(ctx, type_name(ctx, 0));
  return 1;
}

class DeepCopier {
 public:
  DeepCopier(duk_context* ctx, bool appends, bool copies_buffers)
      : ctx_(ctx), appends_(appends), copies_buffers_(copies_buffers), kept_index_(duk_push_array(ctx)) {}

  // Both indexes from the bottom.
  void merge(duk_idx_t target, duk_idx_t source) {
    remember(source, target);
    merge_properties(target, source);
  }

 private:
  // Notes that the copy of the object at `source` is the one at `copy`; keeps both alive while the copier lives.
  void remember(duk_idx_t source, duk_idx_t copy) {
    duk_uarridx_t slot = static_cast<duk_uarridx_t>(copies_.size());
    duk_idx_t top = duk_get_top(ctx_);
    duk_dup(ctx_, source);
    duk_dup(ctx_, copy);
    duk_put_prop_index(ctx_, kept_index_, 2 * slot);
    duk_put_prop_index(ctx_, kept_index_, 2 * slot + 1);
    duk_set_top(ctx_, top);
    copies_[duk_get_heapptr(ctx_, source)] = 2 * slot;
  }

  // Pushes the copy made earlier of the object at `source`.
  bool push_known(duk_idx_t source) {
    auto found = copies_.find(duk_get_heapptr(ctx_, source));
    if (found == copies_.end()) return false;
    duk_get_prop_index(ctx_, kept_index_, found->second);
    return true;
  }

  void merge_properties(duk_idx_t target, duk_idx_t source) {
    duk_require_stack(ctx_, 16);
    if (++depth_ > kMaxDepth) throw_range_error(ctx_, "deepCopy: objects are nested more than %zu deep", kMaxDepth);
    duk_enum(ctx_, source, DUK_ENUM_OWN_PROPERTIES_ONLY);
    while (duk_next(ctx_, -1, 1)) {
      duk_idx_t value = duk_get_top_index(ctx_);
      if (!merge_into_existing(target, value)) {
        duk_dup(ctx_, value - 1);
        push_copy(value);
        // Defined, not assigned: a source with an own "__proto__" must not change the prototype of the target.
        duk_def_prop(ctx_, target, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC | DUK_DEFPROP_FORCE);
      }
      duk_pop_2(ctx_);
    }
    duk_pop(ctx_);
    --depth_;
  }

  // [ ... key value ]: true when the value was merged into, or appended to, what the target holds under the key.
  bool merge_into_existing(duk_idx_t target, duk_idx_t value) {
    bool is_array = appends_ && duk_is_array(ctx_, value);
    if ((!is_array && !is_plain_object(ctx_, value)) || engine_text(ctx_, value - 1) == "__proto__") return false;
    duk_dup(ctx_, value - 1);
    duk_get_prop(ctx_, target);
    duk_idx_t existing = duk_get_top_index(ctx_);
    bool merges = is_array ? duk_is_array(ctx_, existing) : is_plain_object(ctx_, existing);
    if (merges && is_array) {
      append_elements(existing, value);
    } else if (merges && !push_known(value)) {
      remember(value, existing);
      merge_properties(existing, value);
    }
    duk_set_top(ctx_, existing);
    return merges;
  }

  void append_elements(duk_idx_t target, duk_idx_t source) {
    duk_size_t offset = duk_get_length(ctx_, target);
    duk_size_t length = duk_get_length(ctx_, source);
    for (duk_size_t i = 0; i < length; ++i) {
      duk_get_prop_index(ctx_, source, static_cast<duk_uarridx_t>(i));
      push_copy(duk_get_top_index(ctx_));
      duk_put_prop_index(ctx_, target, static_cast<duk_uarridx_t>(offset + i));
      duk_pop(ctx_);
    }
  }

  void push_copy(duk_idx_t value) {
    duk_require_stack(ctx_, 16);
    if (duk_is_buffer_data(ctx_, value)) {
      push_buffer_copy(value);
    } else if (duk_is_array(ctx_, value)) {
      if (push_known(value)) return;
      if (++depth_ > kMaxDepth) throw_range_error(ctx_, "deepCopy: objects are nested more than %zu deep", kMaxDepth);
      duk_idx_t copy = duk_push_array(ctx_);
      remember(value, copy);
      append_elements(copy, value);
      --depth_;
    } else if (is_plain_object(ctx_, value)) {
      if (push_known(value)) return;
      duk_idx_t copy = duk_push_object(ctx_);
      remember(value, copy);
      merge_properties(copy, value);
    } else {
      duk_dup(ctx_, value);
    }
  }

  void push_buffer_copy(duk_idx_t value) {
    std::string_view bytes;
    get_bytes(ctx_, value, bytes);
    if (!copies_buffers_ || is_instance_of(ctx_, value, "DataView")) {
      duk_dup(ctx_, value);
    } else if (duk_is_buffer(ctx_, value)) {
      push_buffer(ctx_, bytes);
    } else if (is_instance_of(ctx_, value, "ArrayBuffer")) {
      push_buffer(ctx_, bytes);
      duk_push_buffer_object(ctx_, -1, 0, bytes.size(), DUK_BUFOBJ_ARRAYBUFFER);
      duk_remove(ctx_, -2);
    } else {
      duk_get_prop_string(ctx_, value, "constructor");
      duk_dup(ctx_, value);
      duk_new(ctx_, 1);
    }
  }

  duk_context* ctx_;
  bool appends_;
  bool copies_buffers_;
  duk_idx_t kept_index_;
  size_t depth_ = 0;
  std::unordered_map<void*, duk_uarridx_t> copies_;
};

// deepCopy([append[, copyBuffers]], target, source...)
duk_ret_t utils_deep_copy(duk_context* ctx) {
  drop_undefined(ctx);
  duk_idx_t target = 0;
  bool appends = false;
  bool copies_buffers = true;
  if (duk_is_boolean(ctx, target)) appends = duk_get_boolean(ctx, target++);
  if (target == 1 && duk_is_boolean(ctx, target)) copies_buffers = duk_get_boolean(ctx, target++);
  duk_idx_t end = duk_get_top(ctx);
  if (target >= end) throw_error(ctx, "deepCopy: arguments must be plain Objects");
  for (duk_idx_t i = target; i < end; ++i) {
    if (!is_plain_object(ctx, i)) throw_error(ctx, "deepCopy: arguments must be plain Objects");
  }
  DeepCopier copier(ctx, appends, copies_buffers);
  for (duk_idx_t source = target + 1; source < end; ++source) copier.merge(target, source);
  duk_dup(ctx, target);
  return 1;
}

}  // namespace

bool is_instance_of(duk_context* ctx, duk_idx_t index, const char* constructor) {
  if (!duk_is_object(ctx, index)) return false;
  index = duk_normalize_index(ctx, index);
  duk_get_global_string(ctx, constructor);
  bool is_instance = duk_is_function(ctx, -1) && duk_instanceof(ctx, index, -1);
  duk_pop(ctx);
  return is_instance;
}

void put_value_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"getType", guarded<utils_get_type>},
      {"deepCopy", guarded<utils_deep_copy>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
