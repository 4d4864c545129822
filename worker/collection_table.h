// CollectionTable: the hash table behind Map and Set, in insertion order, with iterators that survive every change.
// Not for: the script functions (js_collections.h). Any process that runs script; used by js_collections only.
//
// A table is a plain JavaScript Array, so that the collector sees keys and values:
//   [0] index   plain buffer: Header, bucket heads, one Entry per slot (below)
//   [1] next    the table that took this one's place, for iterators that still stand in this one; else undefined
//   [2] removed plain buffer: ascending slots (uint32_t) that did not move to `next`; undefined: all of them, or none
//   [3 + 2 * slot], [4 + 2 * slot]   key and value of an entry; undefined once it is deleted
// Slots fill in order of insertion and are not used again: an iterator is a table and a slot. A table that is full of
// deleted slots, or cleared, is left behind as it is and a new one takes its place (V8's OrderedHashTable does the
// same).
#pragma once

#include <duktape.h>

#include <cstdint>

namespace ravelin::worker {

class CollectionTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Pushes a new, empty table.
  static void push_new(duk_context* js);

  // A view of the table at `table` (absolute index), valid until that table changes.
  CollectionTable(duk_context* js, duk_idx_t table);

  uint32_t live() const { return header_->live; }
  // One beyond the last slot in use.
  uint32_t end() const { return header_->used; }
  bool is_deleted(uint32_t slot) const { return entries_[slot].tag == kDeletedTag; }

  // The slot of the key at `key`, or kNone.
  uint32_t find(duk_idx_t key) const;
  // Deletes the entry; its key and value become collectable.
  void erase(uint32_t slot);
  // Pushes.
  void push_key(uint32_t slot) const;
  void push_value(uint32_t slot) const;
  // Takes the value from the stack top.
  void set_value(uint32_t slot);

  // Adds a key that is not there, with the value on the stack top, which is taken. The object that owns the table is
  // `owner`, its property `slot_name`: it gets a new table when this one is full. Invalidates all views.
  static void add(duk_context* js, duk_idx_t owner, const char* slot_name, duk_idx_t table, duk_idx_t key);
  // Gives `owner` an empty table; iterators of the old one begin there anew.
  static void clear(duk_context* js, duk_idx_t owner, const char* slot_name, duk_idx_t table);

  // For iterators: while the table at `table` has been replaced, puts its successor at that index and moves `slot`
  // along.
  static void follow(duk_context* js, duk_idx_t table, uint32_t& slot);

 private:
  struct Header {
    uint32_t live;
    uint32_t used;
    uint32_t capacity;  // slots and buckets: a power of two
    uint32_t is_cleared;
  };
  struct Entry {
    uint64_t identity;  // of the key, together with the tag
    uint32_t tag;
    uint32_t chain;  // next slot in the same bucket
  };
  struct Key {
    uint64_t identity;
    uint32_t tag;
    uint32_t hash() const;
  };
  static constexpr uint32_t kDeletedTag = UINT32_MAX;
  static constexpr uint32_t kFirstCapacity = 8;

  static Key key_at(duk_context* js, duk_idx_t index);
  static void push_index(duk_context* js, uint32_t capacity);
  static void push_compacted(duk_context* js, duk_idx_t table, uint32_t capacity);
  void link(uint32_t slot, const Key& key);
  void widen();

  duk_context* js_;
  duk_idx_t table_;
  Header* header_;
  uint32_t* buckets_;
  Entry* entries_;
};

}  // namespace ravelin::worker
