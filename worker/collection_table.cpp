#include "worker/collection_table.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "worker/engine_extra.h"
#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

constexpr duk_uarridx_t kIndexPlace = 0;
constexpr duk_uarridx_t kNextPlace = 1;
constexpr duk_uarridx_t kRemovedPlace = 2;
constexpr uint32_t kMaxCapacity = 1u << 26;  // its index alone has 1.3 GB

duk_uarridx_t key_place(uint32_t slot) { return 3 + 2 * slot; }
duk_uarridx_t value_place(uint32_t slot) { return 4 + 2 * slot; }

// Script's finalizers run wherever the engine allocates or lets go, and may change the very table that is being
// changed.
class FinalizerPause {
 public:
  explicit FinalizerPause(duk_context* js) : js_(js) { ravelin_pause_finalizers(js); }
  ~FinalizerPause() { ravelin_resume_finalizers(js_); }
  FinalizerPause(const FinalizerPause&) = delete;
  FinalizerPause& operator=(const FinalizerPause&) = delete;

 private:
  duk_context* js_;
};

uint64_t pointer_bits(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace

uint32_t CollectionTable::Key::hash() const {
  uint64_t mixed = (identity ^ tag) * 0x9E3779B97F4A7C15u;  // Fibonacci hashing: pointers differ in their middle bits
  return static_cast<uint32_t>(mixed >> 32);
}

// SameValueZero (ECMAScript 7.2.11): NaN equals NaN, 0 equals -0. Strings are interned and objects do not move, so
// their address is their identity.
CollectionTable::Key CollectionTable::key_at(duk_context* js, duk_idx_t index) {
  const auto tag = static_cast<uint32_t>(duk_get_type(js, index));
  switch (tag) {
    case DUK_TYPE_NUMBER: {
      double number = duk_get_number(js, index);
      if (number == 0) number = 0;
      if (std::isnan(number)) number = NAN;
      return {std::bit_cast<uint64_t>(number), tag};
    }
    case DUK_TYPE_BOOLEAN:
      return {duk_get_boolean(js, index), tag};
    case DUK_TYPE_POINTER:
      return {pointer_bits(duk_get_pointer(js, index)), tag};
    case DUK_TYPE_LIGHTFUNC:
      return {pointer_bits(reinterpret_cast<void*>(duk_get_c_function(js, index))) ^
                  (static_cast<uint64_t>(static_cast<uint16_t>(duk_get_magic(js, index))) << 48),
              tag};
    default:
      return {pointer_bits(duk_get_heapptr(js, index)), tag};  // undefined and null: 0
  }
}

void CollectionTable::push_index(duk_context* js, uint32_t capacity) {
  const size_t size = sizeof(Header) + capacity * (sizeof(Entry) + sizeof(uint32_t));
  auto* header = static_cast<Header*>(duk_push_fixed_buffer(js, size));
  *header = {0, 0, capacity, 0};
  auto* entries = reinterpret_cast<Entry*>(header + 1);
  memset(reinterpret_cast<void*>(entries + capacity), 0xFF, capacity * sizeof(uint32_t));  // kNone
}

void CollectionTable::push_new(duk_context* js) {
  duk_push_bare_array(js);  // nothing that a script puts on Array.prototype may reach it
  push_index(js, kFirstCapacity);
  duk_put_prop_index(js, -2, kIndexPlace);
  duk_push_undefined(js);
  duk_put_prop_index(js, -2, kNextPlace);
  duk_push_undefined(js);
  duk_put_prop_index(js, -2, kRemovedPlace);
}

CollectionTable::CollectionTable(duk_context* js, duk_idx_t table) : js_(js), table_(table) {
  duk_get_prop_index(js, table, kIndexPlace);
  header_ = static_cast<Header*>(duk_require_buffer(js, -1, nullptr));
  duk_pop(js);
  entries_ = reinterpret_cast<Entry*>(header_ + 1);
  buckets_ = reinterpret_cast<uint32_t*>(entries_ + header_->capacity);
}

uint32_t CollectionTable::find(duk_idx_t key_index) const {
  const Key key = key_at(js_, key_index);
  uint32_t slot = buckets_[key.hash() & (header_->capacity - 1)];
  while (slot != kNone && (entries_[slot].identity != key.identity || entries_[slot].tag != key.tag))
    slot = entries_[slot].chain;
  return slot;
}

void CollectionTable::link(uint32_t slot, const Key& key) {
  uint32_t& bucket = buckets_[key.hash() & (header_->capacity - 1)];
  entries_[slot] = {key.identity, key.tag, bucket};
  bucket = slot;
}

void CollectionTable::erase(uint32_t slot) {
  const FinalizerPause pause(js_);
  const Key key{entries_[slot].identity, entries_[slot].tag};
  uint32_t* link_to_slot = &buckets_[key.hash() & (header_->capacity - 1)];
  while (*link_to_slot != slot) link_to_slot = &entries_[*link_to_slot].chain;
  *link_to_slot = entries_[slot].chain;
  entries_[slot].tag = kDeletedTag;
  --header_->live;
  duk_push_undefined(js_);
  duk_put_prop_index(js_, table_, key_place(slot));
  duk_push_undefined(js_);
  duk_put_prop_index(js_, table_, value_place(slot));
}

void CollectionTable::push_key(uint32_t slot) const { duk_get_prop_index(js_, table_, key_place(slot)); }
void CollectionTable::push_value(uint32_t slot) const { duk_get_prop_index(js_, table_, value_place(slot)); }
void CollectionTable::set_value(uint32_t slot) { duk_put_prop_index(js_, table_, value_place(slot)); }

// Twice the slots for the same entries in the same slots: iterators need not notice.
void CollectionTable::widen() {
  const Header old_header = *header_;
  const Entry* old_entries = entries_;
  duk_get_prop_index(js_, table_, kIndexPlace);  // keeps the old index alive
  push_index(js_, old_header.capacity * 2);
  duk_dup_top(js_);
  duk_put_prop_index(js_, table_, kIndexPlace);
  *this = CollectionTable(js_, table_);
  header_->live = old_header.live;
  header_->used = old_header.used;
  for (uint32_t slot = 0; slot < old_header.used; ++slot)
    link(slot, {old_entries[slot].identity, old_entries[slot].tag});
  duk_pop_2(js_);
}

// Pushes a table with the live entries of the one at `table`, which gets it as its successor.
void CollectionTable::push_compacted(duk_context* js, duk_idx_t table, uint32_t capacity) {
  CollectionTable from(js, table);
  push_new(js);
  const duk_idx_t target = duk_get_top_index(js);
  push_index(js, capacity);
  duk_put_prop_index(js, target, kIndexPlace);
  CollectionTable to(js, target);
  auto* removed = static_cast<uint32_t*>(duk_push_fixed_buffer(js, (from.end() - from.live()) * sizeof(uint32_t)));
  for (uint32_t slot = 0; slot < from.end(); ++slot) {
    if (from.is_deleted(slot)) {
      *removed++ = slot;
      continue;
    }
    from.push_key(slot);
    duk_put_prop_index(js, target, key_place(to.end()));
    from.push_value(slot);
    duk_put_prop_index(js, target, value_place(to.end()));
    to.link(to.end(), {from.entries_[slot].identity, from.entries_[slot].tag});
    ++to.header_->used;
    ++to.header_->live;
  }
  duk_put_prop_index(js, table, kRemovedPlace);
  duk_dup(js, target);
  duk_put_prop_index(js, table, kNextPlace);
}

void CollectionTable::add(duk_context* js, duk_idx_t owner, const char* slot_name, duk_idx_t table, duk_idx_t key) {
  const FinalizerPause pause(js);
  CollectionTable view(js, table);
  if (view.end() == view.header_->capacity) {
    const uint32_t capacity = view.header_->capacity;
    if (capacity >= kMaxCapacity) throw_range_error(js, "a Map or Set cannot hold more entries");
    if (view.live() == view.end()) {
      view.widen();
    } else {
      // At least half of the new slots are free, or a few more deletions would bring us here again.
      push_compacted(js, table, view.live() * 2 > capacity ? capacity * 2 : capacity);
      duk_dup_top(js);
      duk_put_prop_string(js, owner, slot_name);
      duk_replace(js, table);
      view = CollectionTable(js, table);
    }
  }
  const uint32_t slot = view.end();
  duk_put_prop_index(js, table, value_place(slot));
  duk_dup(js, key);
  if (duk_is_number(js, -1) && duk_get_number(js, -1) == 0) {
    duk_push_int(js, 0);  // -0 becomes 0
    duk_replace(js, -2);
  }
  duk_put_prop_index(js, table, key_place(slot));
  view.link(slot, key_at(js, key));
  ++view.header_->used;
  ++view.header_->live;
}

void CollectionTable::clear(duk_context* js, duk_idx_t owner, const char* slot_name, duk_idx_t table) {
  const FinalizerPause pause(js);
  push_new(js);
  duk_dup_top(js);
  duk_put_prop_string(js, owner, slot_name);
  duk_put_prop_index(js, table, kNextPlace);
  CollectionTable(js, table).header_->is_cleared = 1;
  duk_set_length(js, table, key_place(0));  // the entries themselves can go
}

void CollectionTable::follow(duk_context* js, duk_idx_t table, uint32_t& slot) {
  for (;;) {
    duk_get_prop_index(js, table, kNextPlace);
    if (duk_is_undefined(js, -1)) {
      duk_pop(js);
      return;
    }
    if (CollectionTable(js, table).header_->is_cleared) {
      slot = 0;
    } else {
      duk_get_prop_index(js, table, kRemovedPlace);
      duk_size_t size = 0;
      const auto* removed = static_cast<const uint32_t*>(duk_require_buffer(js, -1, &size));
      uint32_t before = 0;
      while (before < size / sizeof(uint32_t) && removed[before] < slot) ++before;
      slot -= before;
      duk_pop(js);
    }
    duk_replace(js, table);
  }
}

}  // namespace ravelin::worker
