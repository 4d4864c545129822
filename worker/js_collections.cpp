#include "worker/js_collections.h"

#include <cstdio>

#include "worker/collection_table.h"
#include "worker/js_error.h"
#include "worker/js_iterators.h"

namespace ravelin::worker {

namespace {

// Hidden properties. Of a Map or Set its table, of an iterator its state: [table or undefined when done, slot, kind],
// of a WeakMap or WeakSet the name of the hidden property that its keys have.
constexpr const char* kMapTable = DUK_HIDDEN_SYMBOL("map");
constexpr const char* kSetTable = DUK_HIDDEN_SYMBOL("set");
constexpr const char* kIteration = DUK_HIDDEN_SYMBOL("collectionIteration");
constexpr const char* kWeakName = DUK_HIDDEN_SYMBOL("weak");
// In the heap stash.
constexpr const char* kMapIterator = "ravelinMapIterator";
constexpr const char* kSetIterator = "ravelinSetIterator";
constexpr const char* kWeakCounter = "ravelinWeakCounter";

enum Collection : duk_int_t { kMap = 0, kSet = 1 };

const char* table_name(Collection collection) { return collection == kMap ? kMapTable : kSetTable; }
const char* name_of(Collection collection) { return collection == kMap ? "Map" : "Set"; }

// ---- Map and Set

// Pushes `this` and its table.
void push_this_table(duk_context* js, Collection collection) {
  duk_push_this(js);
  if (duk_is_object(js, -1) && duk_get_prop_string(js, -1, table_name(collection))) return;
  throw_type_error(js, "this is not a %s", name_of(collection));
}

// [ ... this table ] with key and value at absolute indexes; the stack stays as it was.
void put(duk_context* js, Collection collection, duk_idx_t key, duk_idx_t value) {
  const duk_idx_t table = duk_get_top_index(js);
  CollectionTable view(js, table);
  const uint32_t slot = view.find(key);
  if (slot != CollectionTable::kNone && collection == kSet) return;
  if (collection == kMap) {
    duk_dup(js, value);
  } else {
    duk_push_undefined(js);
  }
  if (slot != CollectionTable::kNone) {
    view.set_value(slot);
  } else {
    CollectionTable::add(js, table - 1, table_name(collection), table, key);
  }
}

// [ ... entry ] -> [ ... entry key value ]
void push_entry_parts(duk_context* js) {
  if (!duk_is_object(js, -1)) throw_type_error(js, "Map: an entry must be an Array of key and value");
  duk_get_prop_index(js, -1, 0);
  duk_get_prop_index(js, -2, 1);
}

void fill_from(duk_context* js, Collection collection, duk_idx_t iterable) {
  const duk_idx_t self = duk_get_top(js) - 2;
  for_each_of(js, iterable, [&] {
    const duk_idx_t item = duk_get_top_index(js);
    if (collection == kMap) push_entry_parts(js);
    duk_dup(js, self);
    duk_get_prop_string(js, -1, table_name(collection));
    put(js, collection, collection == kMap ? item + 1 : item, item + 2);
    duk_set_top(js, item + 1);
  });
}

duk_ret_t native_constructor(duk_context* js) {
  const auto collection = static_cast<Collection>(duk_get_current_magic(js));
  if (!duk_is_constructor_call(js)) throw_type_error(js, "%s must be called with new", name_of(collection));
  duk_push_this(js);
  CollectionTable::push_new(js);
  duk_dup_top(js);
  duk_put_prop_string(js, -3, table_name(collection));
  if (!duk_is_null_or_undefined(js, 0)) fill_from(js, collection, 0);
  return 0;
}

duk_ret_t native_get(duk_context* js) {
  push_this_table(js, kMap);
  const CollectionTable table(js, 2);
  const uint32_t slot = table.find(0);
  if (slot == CollectionTable::kNone) return 0;
  table.push_value(slot);
  return 1;
}

duk_ret_t native_has(duk_context* js) {
  push_this_table(js, static_cast<Collection>(duk_get_current_magic(js)));
  duk_push_boolean(js, CollectionTable(js, 2).find(0) != CollectionTable::kNone);
  return 1;
}

duk_ret_t native_set(duk_context* js) {  // key, value
  push_this_table(js, kMap);
  put(js, kMap, 0, 1);
  duk_pop(js);
  return 1;
}

duk_ret_t native_add(duk_context* js) {
  push_this_table(js, kSet);
  put(js, kSet, 0, 0);
  duk_pop(js);
  return 1;
}

duk_ret_t native_delete(duk_context* js) {
  push_this_table(js, static_cast<Collection>(duk_get_current_magic(js)));
  CollectionTable table(js, 2);
  const uint32_t slot = table.find(0);
  if (slot != CollectionTable::kNone) table.erase(slot);
  duk_push_boolean(js, slot != CollectionTable::kNone);
  return 1;
}

duk_ret_t native_clear(duk_context* js) {
  const auto collection = static_cast<Collection>(duk_get_current_magic(js));
  push_this_table(js, collection);
  CollectionTable::clear(js, 0, table_name(collection), 1);
  return 0;
}

duk_ret_t native_size(duk_context* js) {
  push_this_table(js, static_cast<Collection>(duk_get_current_magic(js)));
  duk_push_uint(js, CollectionTable(js, -1 + duk_get_top(js)).live());
  return 1;
}

// The next entry from `slot` on; follows the table at `table` when it was replaced. kNone at the end.
uint32_t next_slot(duk_context* js, duk_idx_t table, uint32_t slot) {
  CollectionTable::follow(js, table, slot);
  const CollectionTable view(js, table);
  while (slot < view.end() && view.is_deleted(slot)) ++slot;
  return slot < view.end() ? slot : CollectionTable::kNone;
}

duk_ret_t native_for_each(duk_context* js) {  // callback, this
  const auto collection = static_cast<Collection>(duk_get_current_magic(js));
  push_this_table(js, collection);
  if (!duk_is_function(js, 0)) throw_type_error(js, "%s.forEach: callback must be a Function", name_of(collection));
  for (uint32_t slot = next_slot(js, 3, 0); slot != CollectionTable::kNone; slot = next_slot(js, 3, slot + 1)) {
    const CollectionTable table(js, 3);
    duk_dup(js, 0);
    duk_dup(js, 1);
    if (collection == kMap) {
      table.push_value(slot);
    } else {
      table.push_key(slot);
    }
    table.push_key(slot);
    duk_dup(js, 2);
    duk_call_method(js, 3);
    duk_pop(js);
  }
  return 0;
}

// ---- their iterators

constexpr duk_int_t iterator_magic(Collection collection, IterationKind kind) {
  return static_cast<duk_int_t>(kind) * 2 + collection;
}

duk_ret_t native_iterator(duk_context* js) {
  const duk_int_t magic = duk_get_current_magic(js);
  const auto collection = static_cast<Collection>(magic & 1);
  push_this_table(js, collection);
  duk_push_object(js);
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, collection == kMap ? kMapIterator : kSetIterator);
  duk_set_prototype(js, -3);
  duk_pop(js);
  duk_push_bare_array(js);
  duk_dup(js, 1);
  duk_put_prop_index(js, -2, 0);
  duk_push_uint(js, 0);
  duk_put_prop_index(js, -2, 1);
  duk_push_int(js, magic);
  duk_put_prop_index(js, -2, 2);
  duk_put_prop_string(js, -2, kIteration);
  return 1;
}

// Pushes what the iterator shows for the entry.
void push_shown(duk_context* js, const CollectionTable& table, uint32_t slot, duk_int_t magic) {
  const auto collection = static_cast<Collection>(magic & 1);
  const auto kind = static_cast<IterationKind>(magic / 2);
  if (kind == IterationKind::kKeys || (collection == kSet && kind == IterationKind::kValues)) {
    table.push_key(slot);
  } else if (kind == IterationKind::kValues) {
    table.push_value(slot);
  } else {
    duk_push_array(js);
    table.push_key(slot);
    duk_put_prop_index(js, -2, 0);
    if (collection == kMap) {
      table.push_value(slot);
    } else {
      table.push_key(slot);
    }
    duk_put_prop_index(js, -2, 1);
  }
}

duk_ret_t native_next(duk_context* js) {
  duk_push_this(js);
  if (!duk_is_object(js, 0) || !duk_get_prop_string(js, 0, kIteration))
    throw_type_error(js, "this is not an iterator of a Map or Set");
  duk_get_prop_index(js, 1, 2);
  const duk_int_t magic = duk_get_int(js, -1);
  duk_get_prop_index(js, 1, 1);
  uint32_t slot = duk_get_uint(js, -1);
  duk_set_top(js, 2);
  duk_get_prop_index(js, 1, 0);
  if (!duk_is_undefined(js, 2)) {
    slot = next_slot(js, 2, slot);
    if (slot != CollectionTable::kNone) {
      push_shown(js, CollectionTable(js, 2), slot, magic);
      duk_dup(js, 2);
      duk_put_prop_index(js, 1, 0);
      duk_push_uint(js, slot + 1);
      duk_put_prop_index(js, 1, 1);
      wrap_iteration_result(js, false);
      return 1;
    }
    duk_push_undefined(js);
    duk_put_prop_index(js, 1, 0);
  }
  duk_push_undefined(js);
  wrap_iteration_result(js, true);
  return 1;
}

// ---- WeakMap and WeakSet
//
// The engine has no weak references, so the value hangs on its key: a hidden property of the key, named after the
// WeakMap, holds [address of the key, value]. It lives as long as the key does. The address tells a key's own property
// from one that it inherits.

// Pushes `this`'s property name. The key is the first argument.
void push_weak_name(duk_context* js) {
  duk_push_this(js);
  if (!duk_is_object(js, -1) || !duk_get_prop_string(js, -1, kWeakName))
    throw_type_error(js, "this is not a WeakMap or WeakSet");
  duk_remove(js, -2);
}

// Pushes the entry [address, value] of the key; false, with nothing pushed, when it has none.
bool push_weak_entry(duk_context* js) {
  if (!duk_is_object(js, 0)) return false;
  push_weak_name(js);
  duk_get_prop(js, 0);
  if (duk_is_object(js, -1)) {
    duk_get_prop_index(js, -1, 0);
    const void* address = duk_get_pointer(js, -1);
    duk_pop(js);
    if (address == duk_get_heapptr(js, 0)) return true;
  }
  duk_pop(js);
  return false;
}

// The key is at 0, the value at `value`.
void put_weak(duk_context* js, duk_idx_t value) {
  if (!duk_is_object(js, 0)) throw_type_error(js, "a WeakMap or WeakSet takes Objects only as keys");
  if (push_weak_entry(js)) {
    duk_dup(js, value);
    duk_put_prop_index(js, -2, 1);
    duk_pop(js);
    return;
  }
  push_weak_name(js);
  duk_push_bare_array(js);
  duk_push_pointer(js, duk_get_heapptr(js, 0));
  duk_put_prop_index(js, -2, 0);
  duk_dup(js, value);
  duk_put_prop_index(js, -2, 1);
  // Frozen objects can be keys too.
  duk_def_prop(js, 0,
               DUK_DEFPROP_FORCE | DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE |
                   DUK_DEFPROP_CLEAR_ENUMERABLE);
}

duk_ret_t native_weak_constructor(duk_context* js) {
  const auto collection = static_cast<Collection>(duk_get_current_magic(js));
  if (!duk_is_constructor_call(js)) throw_type_error(js, "Weak%s must be called with new", name_of(collection));
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, kWeakCounter);
  const double number = duk_get_number_default(js, -1, 0) + 1;
  duk_push_number(js, number);
  duk_put_prop_string(js, -3, kWeakCounter);
  char name[40];
  snprintf(name, sizeof name, DUK_HIDDEN_SYMBOL("weak%.0f"), number);
  duk_push_this(js);
  duk_push_string(js, name);
  duk_put_prop_string(js, -2, kWeakName);
  if (duk_is_null_or_undefined(js, 0)) return 0;
  const char* adder = collection == kMap ? "set" : "add";
  for_each_of(js, 0, [&] {
    const duk_idx_t item = duk_get_top_index(js);
    duk_push_this(js);
    duk_push_string(js, adder);
    if (collection == kMap) {
      duk_dup(js, item);
      push_entry_parts(js);
      duk_remove(js, -3);
    } else {
      duk_dup(js, item);
    }
    duk_call_prop(js, item + 1, collection == kMap ? 2 : 1);
    duk_set_top(js, item + 1);
  });
  return 0;
}

duk_ret_t native_weak_get(duk_context* js) {
  if (!push_weak_entry(js)) return 0;
  duk_get_prop_index(js, -1, 1);
  return 1;
}

duk_ret_t native_weak_has(duk_context* js) {
  duk_push_boolean(js, push_weak_entry(js));
  return 1;
}

duk_ret_t native_weak_set(duk_context* js) {
  put_weak(js, 1);
  duk_push_this(js);
  return 1;
}

duk_ret_t native_weak_add(duk_context* js) {
  duk_push_true(js);
  put_weak(js, 1);
  duk_push_this(js);
  return 1;
}

duk_ret_t native_weak_delete(duk_context* js) {
  const bool existed = push_weak_entry(js);
  if (existed) {
    push_weak_name(js);
    duk_del_prop(js, 0);
  }
  duk_push_boolean(js, existed);
  return 1;
}

// ---- installation

void install_collection(duk_context* js, Collection collection) {
  const char* name = name_of(collection);
  push_native_class(js, name, guarded<native_constructor>, 0, collection);
  define_method(js, "has", native_has, 1, collection);
  define_method(js, "delete", native_delete, 1, collection);
  define_method(js, "clear", native_clear, 0, collection);
  define_method(js, "forEach", native_for_each, 2, collection);
  if (collection == kMap) {
    define_method(js, "get", native_get, 1);
    define_method(js, "set", native_set, 2);
  } else {
    define_method(js, "add", native_add, 1);
  }
  duk_push_literal(js, "size");
  duk_push_c_function(js, native_size, 0);
  duk_set_magic(js, -1, collection);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  define_method(js, "values", native_iterator, 0, iterator_magic(collection, IterationKind::kValues));
  define_method(js, "keys", native_iterator, 0, iterator_magic(collection, IterationKind::kKeys));
  define_method(js, "entries", native_iterator, 0, iterator_magic(collection, IterationKind::kEntries));
  push_well_known_symbol(js, "iterator");
  duk_get_prop_string(js, -2, collection == kMap ? "entries" : "values");
  define_hidden(js);
  define_global_class(js, name);

  duk_push_heap_stash(js);
  push_iterator_prototype(js, native_next, collection == kMap ? "Map Iterator" : "Set Iterator");
  duk_put_prop_string(js, -2, collection == kMap ? kMapIterator : kSetIterator);
  duk_pop(js);
}

void install_weak_collection(duk_context* js, Collection collection) {
  const char* name = collection == kMap ? "WeakMap" : "WeakSet";
  push_native_class(js, name, guarded<native_weak_constructor>, 0, collection);
  define_method(js, "has", native_weak_has, 1);
  define_method(js, "delete", native_weak_delete, 1);
  if (collection == kMap) {
    define_method(js, "get", native_weak_get, 1);
    define_method(js, "set", native_weak_set, 2);
  } else {
    define_method(js, "add", native_weak_add, 1);
  }
  define_global_class(js, name);
}

}  // namespace

void install_collections(duk_context* js) {
  StackGuard guard(js);
  install_collection(js, kMap);
  install_collection(js, kSet);
  install_weak_collection(js, kMap);
  install_weak_collection(js, kSet);
}

}  // namespace ravelin::worker
