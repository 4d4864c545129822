#include "worker/js_weak.h"

#include <algorithm>

#include "worker/engine_extra.h"
#include "worker/js_error.h"
#include "worker/js_iterators.h"
#include "worker/js_timers.h"

namespace ravelin::worker {

namespace {

// Hidden properties of a WeakRef: the address of its object, the token that it shares with it, and the object itself as
// long as it must not go.
constexpr const char* kAddress = DUK_HIDDEN_SYMBOL("weakAddress");
constexpr const char* kToken = DUK_HIDDEN_SYMBOL("weakToken");
constexpr const char* kKept = DUK_HIDDEN_SYMBOL("weakKept");
// Hidden properties of an object that somebody refers to weakly or watches. Both are lists (below).
constexpr const char* kTokens = DUK_HIDDEN_SYMBOL("weakTokens");
constexpr const char* kCells = DUK_HIDDEN_SYMBOL("weakCells");
// In the heap stash: the WeakRefs with a kKept.
constexpr const char* kKeepers = "ravelinWeakKeepers";

// A list is an Array: [address of its object, size at which it is cleaned up next, item, item, ...]. The address tells
// an object's own list from one that it inherits.
constexpr duk_uarridx_t kListAddress = 0;
constexpr duk_uarridx_t kListLimit = 1;
constexpr duk_uarridx_t kListHead = 2;
constexpr duk_uarridx_t kFirstLimit = kListHead + 16;

constexpr const char* kIsActive = "isActive";

// References to a token that is on the value stack: from there, from its object's list, and from its WeakRef.
constexpr duk_size_t kReferencesOfLiving = 3;

bool is_list_of(duk_context* js, duk_idx_t list, const void* object) {
  if (!duk_is_object(js, list)) return false;
  duk_get_prop_index(js, list, kListAddress);
  const bool is_own = duk_get_pointer(js, -1) == object;
  duk_pop(js);
  return is_own;
}

// Pushes the list of the object at `object` (absolute index), a new one when it has none. True: it is new.
bool push_list(duk_context* js, duk_idx_t object, const char* name) {
  void* address = duk_get_heapptr(js, object);
  duk_get_prop_string(js, object, name);
  if (is_list_of(js, -1, address)) return false;
  duk_pop(js);
  duk_push_bare_array(js);
  duk_push_pointer(js, address);
  duk_put_prop_index(js, -2, kListAddress);
  duk_push_uint(js, kFirstLimit);
  duk_put_prop_index(js, -2, kListLimit);
  duk_push_string(js, name);
  duk_dup(js, -2);
  // Frozen objects too, and they stay it: nothing of the property ever changes.
  duk_def_prop(js, object,
               DUK_DEFPROP_FORCE | DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_CLEAR_WRITABLE |
                   DUK_DEFPROP_CLEAR_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  return true;
}

// The token on top is in a WeakRef still.
bool is_token_in_use(duk_context* js) {
  return ravelin_reference_count(duk_get_heapptr(js, -1)) >= kReferencesOfLiving;
}

bool is_cell_in_use(duk_context* js) {
  duk_get_prop_string(js, -1, kIsActive);
  const bool is_active = duk_to_boolean(js, -1) != 0;
  duk_pop(js);
  return is_active;
}

// [ ... list item ] -> [ ... list ]. A list that has reached its limit loses the items that are not in use any more,
// and gets a limit of twice the rest: so a list is never longer than twice what it is needed for.
void append_item(duk_context* js, bool (*is_in_use)(duk_context*)) {
  const duk_idx_t list = duk_get_top_index(js) - 1;
  auto end = static_cast<duk_uarridx_t>(duk_get_length(js, list));
  duk_get_prop_index(js, list, kListLimit);
  const duk_uarridx_t limit = duk_get_uint(js, -1);
  duk_pop(js);
  if (end >= limit) {
    duk_uarridx_t used = kListHead;
    for (duk_uarridx_t i = kListHead; i < end; ++i) {
      duk_get_prop_index(js, list, i);
      if (is_in_use(js)) {
        duk_put_prop_index(js, list, used++);
      } else {
        duk_pop(js);
      }
    }
    end = used;
    duk_set_length(js, list, end);
    duk_push_uint(js, std::max(kFirstLimit, 2 * end));
    duk_put_prop_index(js, list, kListLimit);
  }
  duk_put_prop_index(js, list, end);
}

// Nothing can be hung on these; proxies have no properties of their own.
bool can_only_be_kept(duk_context* js, duk_idx_t index) {
  return ravelin_is_proxy(js, index) || duk_is_buffer(js, index) || duk_is_lightfunc(js, index) ||
         duk_is_pointer(js, index);
}

// [ ... weakref object ] -> [ ... weakref ]: the object stays until release_kept_objects().
void keep(duk_context* js) {
  duk_put_prop_string(js, -2, kKept);
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, kKeepers);
  duk_dup(js, -3);
  duk_put_prop_index(js, -2, static_cast<duk_uarridx_t>(duk_get_length(js, -2)));
  duk_pop_2(js);
  JsHeap& heap = JsHeap::of(js);
  heap.has_kept_objects = heap.has_microtasks = true;
}

duk_ret_t native_weak_ref(duk_context* js) {  // object
  if (!duk_is_constructor_call(js)) throw_type_error(js, "WeakRef must be called with new");
  if (!duk_is_object(js, 0)) throw_type_error(js, "WeakRef: the target must be an Object");
  duk_push_this(js);
  if (can_only_be_kept(js, 0)) {
    duk_dup(js, 0);
    duk_put_prop_string(js, 1, kKept);
    return 0;
  }
  duk_push_pointer(js, duk_get_heapptr(js, 0));
  duk_put_prop_string(js, 1, kAddress);
  push_list(js, 0, kTokens);
  duk_push_bare_object(js);
  duk_dup_top(js);
  duk_put_prop_string(js, 1, kToken);
  append_item(js, is_token_in_use);
  duk_pop(js);
  duk_dup(js, 0);
  keep(js);
  return 0;
}

duk_ret_t native_deref(duk_context* js) {
  duk_push_this(js);
  if (!duk_is_object(js, 0)) throw_type_error(js, "this is not a WeakRef");
  if (duk_get_prop_string(js, 0, kKept)) return 1;
  if (!duk_get_prop_string(js, 0, kAddress)) throw_type_error(js, "this is not a WeakRef");
  void* address = duk_get_pointer(js, -1);
  duk_set_top(js, 1);
  if (!duk_get_prop_string(js, 0, kToken)) return 0;
  if (ravelin_reference_count(duk_get_heapptr(js, 1)) < kReferencesOfLiving) {
    duk_del_prop_string(js, 0, kToken);
    return 0;
  }
  duk_push_heapptr(js, address);
  duk_dup(js, 0);
  duk_dup(js, 2);
  keep(js);
  duk_pop(js);
  return 1;
}

// ---- the death watch

duk_ret_t queue_cells(duk_context* js, void*) {  // list
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, JsTimers::kSetImmediateName);
  const duk_idx_t set_immediate = duk_get_top_index(js);
  if (!duk_is_function(js, set_immediate)) return 0;
  const auto end = static_cast<duk_uarridx_t>(duk_get_length(js, 0));
  for (duk_uarridx_t i = kListHead; i < end; ++i) {
    duk_dup(js, set_immediate);
    duk_get_prop_index(js, 0, i);
    if (is_cell_in_use(js)) {
      duk_get_prop_literal(js, -1, "run");
      duk_insert(js, -2);
      duk_call(js, 2);
    }
    duk_set_top(js, set_immediate + 1);
  }
  return 0;
}

// Runs where the object's last reference went, in the midst of other code: no script runs here.
duk_ret_t native_object_is_gone(duk_context* js) {  // list, heap is being destroyed
  if (duk_to_boolean(js, 1)) return 0;
  duk_set_top(js, 1);
  duk_safe_call(js, queue_cells, nullptr, 1, 1);  // fails only when memory has run out: then nobody is told
  return 0;
}

duk_ret_t native_watch(duk_context* js) {  // object, cell
  if (can_only_be_kept(js, 0)) return 0;   // it never goes
  if (push_list(js, 0, kCells)) {
    duk_push_c_function(js, native_object_is_gone, 2);
    duk_set_finalizer(js, 2);
  }
  duk_dup(js, 1);
  append_item(js, is_cell_in_use);
  return 0;
}

}  // namespace

void install_weak_references(duk_context* js) {
  StackGuard guard(js);
  duk_push_heap_stash(js);
  duk_push_bare_array(js);
  duk_put_prop_string(js, -2, kKeepers);
  push_native_class(js, "WeakRef", guarded<native_weak_ref>, 1);
  define_method(js, "deref", native_deref, 0);
  define_global_class(js, "WeakRef");
}

void push_death_watch(duk_context* js) { duk_push_c_function(js, native_watch, 2); }

void release_kept_objects(duk_context* js) {
  JsHeap& heap = JsHeap::of(js);
  if (!heap.has_kept_objects) return;
  heap.has_kept_objects = false;
  duk_push_heap_stash(js);
  duk_get_prop_string(js, -1, kKeepers);
  duk_push_bare_array(js);
  duk_put_prop_string(js, -3, kKeepers);
  const auto end = static_cast<duk_uarridx_t>(duk_get_length(js, -1));
  for (duk_uarridx_t i = 0; i < end; ++i) {
    duk_get_prop_index(js, -1, i);
    duk_del_prop_string(js, -1, kKept);
    duk_pop(js);
  }
  duk_pop_2(js);
}

}  // namespace ravelin::worker
