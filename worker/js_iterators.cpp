#include "worker/js_iterators.h"

#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

// Hidden properties. An iterator of an Array or a String: its state, [target or undefined when done, index, kind].
constexpr const char* kState = DUK_HIDDEN_SYMBOL("iteration");
// In the heap stash: %IteratorPrototype%, the prototypes of Array and String iterators, the function
// Array.prototype.values.
constexpr const char* kStore = "ravelinIterators";

duk_ret_t native_self(duk_context* js) {
  duk_push_this(js);
  return 1;
}

void push_stored(duk_context* js, const char* name) {
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, kStore);
  duk_get_prop_string(js, -1, name);
  duk_replace(js, -3);
  duk_pop(js);
}

// [ ... value ] -> [ ... ]
void store(duk_context* js, const char* name) {
  duk_push_heap_stash(js);
  if (!duk_get_prop_string(js, -1, kStore)) {
    duk_pop(js);
    duk_push_bare_object(js);
    duk_dup_top(js);
    duk_put_prop_string(js, -3, kStore);
  }
  duk_pull(js, -3);
  duk_put_prop_string(js, -2, name);
  duk_pop_2(js);
}

// [ ... target ] -> [ ... iterator ]
void make_iterator(duk_context* js, const char* prototype, duk_int_t kind) {
  duk_push_object(js);
  push_stored(js, prototype);
  duk_set_prototype(js, -2);
  duk_push_bare_array(js);
  duk_pull(js, -3);
  duk_put_prop_index(js, -2, 0);
  duk_push_int(js, 0);
  duk_put_prop_index(js, -2, 1);
  duk_push_int(js, kind);
  duk_put_prop_index(js, -2, 2);
  duk_put_prop_string(js, -2, kState);
}

duk_ret_t native_array_iterator(duk_context* js) {
  duk_push_this(js);
  duk_to_object(js, -1);
  make_iterator(js, "array", duk_get_current_magic(js));
  return 1;
}

duk_ret_t native_string_iterator(duk_context* js) {
  duk_push_this(js);
  if (duk_is_null_or_undefined(js, -1)) throw_type_error(js, "String iterator: this is null or undefined");
  duk_to_string(js, -1);
  make_iterator(js, "string", 0);
  return 1;
}

// Pushes state and target of the iterator `this`; false, with nothing pushed, when it has ended.
bool push_iteration(duk_context* js) {
  duk_push_this(js);
  if (!duk_is_object(js, -1) || !duk_get_prop_string(js, -1, kState)) throw_type_error(js, "not an iterator");
  duk_remove(js, -2);
  duk_get_prop_index(js, -1, 0);
  if (!duk_is_undefined(js, -1)) return true;
  duk_pop_2(js);
  return false;
}

// [ ... state target ] -> {value: undefined, done: true}
duk_ret_t end_iteration(duk_context* js) {
  duk_push_undefined(js);
  duk_put_prop_index(js, -3, 0);
  duk_push_undefined(js);
  wrap_iteration_result(js, true);
  return 1;
}

duk_ret_t native_array_next(duk_context* js) {
  if (!push_iteration(js)) {
    duk_push_undefined(js);
    wrap_iteration_result(js, true);
    return 1;
  }
  duk_get_prop_index(js, -2, 1);
  const duk_uarridx_t index = duk_get_uint(js, -1);
  duk_pop(js);
  if (index >= duk_get_length(js, -1)) return end_iteration(js);
  duk_push_uint(js, index + 1);
  duk_put_prop_index(js, -3, 1);
  duk_get_prop_index(js, -2, 2);
  const auto kind = static_cast<IterationKind>(duk_get_int(js, -1));
  duk_pop(js);
  if (kind == IterationKind::kKeys) {
    duk_push_uint(js, index);
  } else if (kind == IterationKind::kValues) {
    duk_get_prop_index(js, -1, index);
  } else {
    duk_push_array(js);
    duk_push_uint(js, index);
    duk_put_prop_index(js, -2, 0);
    duk_get_prop_index(js, -2, index);
    duk_put_prop_index(js, -2, 1);
  }
  wrap_iteration_result(js, false);
  return 1;
}

bool is_surrogate_pair(duk_context* js, duk_idx_t text, duk_size_t offset) {
  const duk_codepoint_t high = duk_char_code_at(js, text, offset);
  if (high < 0xD800 || high > 0xDBFF) return false;
  const duk_codepoint_t low = duk_char_code_at(js, text, offset + 1);  // 0 beyond the end
  return low >= 0xDC00 && low <= 0xDFFF;
}

duk_ret_t native_string_next(duk_context* js) {
  if (!push_iteration(js)) {
    duk_push_undefined(js);
    wrap_iteration_result(js, true);
    return 1;
  }
  duk_get_prop_index(js, -2, 1);
  const duk_uint_t index = duk_get_uint(js, -1);
  duk_pop(js);
  if (index >= duk_get_length(js, -1)) return end_iteration(js);
  const duk_uint_t next = index + (is_surrogate_pair(js, -1, index) ? 2 : 1);
  duk_push_uint(js, next);
  duk_put_prop_index(js, -3, 1);
  duk_substring(js, -1, index, next);
  wrap_iteration_result(js, false);
  return 1;
}

// The prototype of all typed arrays, which has no name of its own.
void push_typed_array_prototype(duk_context* js) {
  duk_get_global_literal(js, "Uint8Array");
  duk_get_prop_literal(js, -1, "prototype");
  duk_get_prototype(js, -1);
  duk_replace(js, -3);
  duk_pop(js);
}

// The prototype is on top.
void define_array_iteration(duk_context* js) {
  define_method(js, "keys", native_array_iterator, 0, static_cast<duk_int_t>(IterationKind::kKeys));
  define_method(js, "entries", native_array_iterator, 0, static_cast<duk_int_t>(IterationKind::kEntries));
  define_method(js, "values", native_array_iterator, 0, static_cast<duk_int_t>(IterationKind::kValues));
  push_well_known_symbol(js, "iterator");
  duk_get_prop_literal(js, -2, "values");
  define_hidden(js);
}

// True when walking the Array at `index` by its elements shows the same as its iterator would.
bool is_plain_array(duk_context* js, duk_idx_t index) {
  if (!duk_is_array(js, index)) return false;
  push_well_known_symbol(js, "iterator");
  duk_get_prop(js, index);
  push_stored(js, "values");
  const bool is_plain = duk_strict_equals(js, -1, -2);
  duk_pop_2(js);
  return is_plain;
}

void close_iterator(duk_context* js, duk_idx_t iterator) {
  if (!duk_get_prop_literal(js, iterator, "return")) {
    duk_pop(js);
    return;
  }
  duk_dup(js, iterator);
  duk_pcall_method(js, 0);  // the error that closes the iterator comes first
  duk_pop(js);
}

}  // namespace

void push_iterator_prototype(duk_context* js, duk_c_function next, const char* tag) {
  duk_push_object(js);
  push_stored(js, "base");
  duk_set_prototype(js, -2);
  define_method(js, "next", next, 0);
  push_well_known_symbol(js, "toStringTag");
  duk_push_string(js, tag);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
}

void wrap_iteration_result(duk_context* js, bool done) {
  duk_push_object(js);
  duk_pull(js, -2);
  duk_put_prop_literal(js, -2, "value");
  duk_push_boolean(js, done);
  duk_put_prop_literal(js, -2, "done");
}

void push_well_known_symbol(duk_context* js, const char* name) {
  duk_get_global_literal(js, "Symbol");
  duk_get_prop_string(js, -1, name);
  duk_replace(js, -2);
}

void define_hidden(duk_context* js) {
  duk_def_prop(
      js, -3,
      DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
}

void define_method(duk_context* js, const char* name, duk_c_function function, duk_idx_t argument_count,
                   duk_int_t magic) {
  duk_push_string(js, name);
  duk_push_c_function(js, function, argument_count);
  duk_set_magic(js, -1, magic);
  duk_push_literal(js, "name");
  duk_push_string(js, name);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
  define_hidden(js);
}

void push_native_class(duk_context* js, const char* name, duk_c_function constructor, duk_int_t length,
                       duk_int_t magic) {
  duk_push_c_function(js, constructor, 1);
  duk_set_magic(js, -1, magic);
  duk_push_literal(js, "length");
  duk_push_int(js, length);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
  duk_push_literal(js, "name");
  duk_push_string(js, name);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
  duk_push_object(js);
  duk_push_literal(js, "constructor");
  duk_dup(js, -3);
  define_hidden(js);
  push_well_known_symbol(js, "toStringTag");
  duk_push_string(js, name);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
  duk_push_literal(js, "prototype");
  duk_dup(js, -2);
  duk_def_prop(js, -4, DUK_DEFPROP_HAVE_VALUE);
}

void define_global_class(duk_context* js, const char* name) {
  duk_pop(js);
  duk_push_global_object(js);
  duk_push_string(js, name);
  duk_pull(js, -3);
  define_hidden(js);
  duk_pop(js);
}

void replace_method(duk_context* js, const char* name, duk_c_function function, duk_idx_t argument_count,
                    duk_int_t magic) {
  duk_get_prop_string(js, -1, name);
  duk_swap_top(js, -2);  // [ ... original object ]
  define_method(js, name, function, argument_count, magic);
  duk_get_prop_string(js, -1, name);
  duk_dup(js, -3);
  duk_put_prop_string(js, -2, kOriginalKey);
  duk_push_literal(js, "length");
  duk_get_prop_literal(js, -4, "length");
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
  duk_pop(js);
  duk_remove(js, -2);
}

void push_original(duk_context* js) {
  duk_push_current_function(js);
  duk_get_prop_string(js, -1, kOriginalKey);
  duk_remove(js, -2);
}

void for_each_of(duk_context* js, duk_idx_t index, const std::function<void()>& visit) {
  index = duk_require_normalize_index(js, index);
  if (is_plain_array(js, index)) {
    for (duk_uarridx_t i = 0; i < duk_get_length(js, index); ++i) {
      duk_get_prop_index(js, index, i);
      visit();
      duk_pop(js);
    }
    return;
  }
  const duk_idx_t iterator = duk_get_top(js);
  push_well_known_symbol(js, "iterator");
  if (!duk_is_null_or_undefined(js, index)) duk_get_prop(js, index);
  if (!duk_is_function(js, -1)) throw_type_error(js, "%s is not iterable", duk_safe_to_string(js, index));
  duk_dup(js, index);
  duk_call_method(js, 0);
  duk_get_prop_literal(js, iterator, "next");
  for (;;) {
    duk_dup(js, iterator + 1);
    duk_dup(js, iterator);
    duk_call_method(js, 0);
    if (!duk_is_object(js, -1)) throw_type_error(js, "an iterator's next() must return an Object");
    duk_get_prop_literal(js, -1, "done");
    if (duk_to_boolean(js, -1)) break;
    duk_get_prop_literal(js, -2, "value");
    const bool ok = run_protected(js, [&](duk_context* inner) {
      duk_dup(inner, iterator + 4);
      visit();
      duk_pop(inner);
    });
    if (!ok) {
      close_iterator(js, iterator);
      duk_throw(js);
    }
    duk_set_top(js, iterator + 2);
  }
  duk_set_top(js, iterator);
}

void install_iterators(duk_context* js) {
  StackGuard guard(js);
  duk_push_object(js);
  push_well_known_symbol(js, "iterator");
  duk_push_c_function(js, native_self, 0);
  define_hidden(js);
  store(js, "base");
  push_iterator_prototype(js, native_array_next, "Array Iterator");
  store(js, "array");
  push_iterator_prototype(js, native_string_next, "String Iterator");
  store(js, "string");

  duk_get_global_literal(js, "Array");
  duk_get_prop_literal(js, -1, "prototype");
  define_array_iteration(js);
  duk_get_prop_literal(js, -1, "values");
  store(js, "values");
  push_typed_array_prototype(js);
  define_array_iteration(js);
  duk_get_global_literal(js, "String");
  duk_get_prop_literal(js, -1, "prototype");
  push_well_known_symbol(js, "iterator");
  duk_push_c_function(js, native_string_iterator, 0);
  define_hidden(js);
}

}  // namespace ravelin::worker
