// Query strings and urlencoded bodies to a JavaScript object (server-details 8.1): req.query, postData.content and
// rampart.utils.queryToObject share it. FieldCollector is the rule for names with brackets and repeated names;
// multipart bodies use it too (8.5). Not for: percent-decoding of paths. Any process that runs script, inside a Duktape
// call.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

// Pushes a plain Object with the names and values of `query` (without '?'). Pieces beyond limits::kMaxQueryPieces are
// ignored. Names are ordinary own properties whatever they are ("__proto__" included); text goes through
// push_network_string. Throws only for lack of memory.
void push_query_object(duk_context* js, std::string_view query);

// Builds one Object from named values. Each add function takes the value on the stack top and pops it.
class FieldCollector {
 public:
  // Pushes the Object, without prototype until finish(), so that no name can reach a setter. It must stay where it is
  // on the stack. At finish() it remains as the plain Object.
  explicit FieldCollector(duk_context* js);
  void finish();
  duk_idx_t object() const { return object_; }

  // "a", "a[]", "a[key]": the last bracket counts. `name` is decoded.
  void add(std::string_view name);
  // A repeated name makes an Array; after an Object the value gets the next free integer key.
  void add_plain(std::string_view name);
  // name[]: an Array even of one.
  void add_element(std::string_view name);
  // name[key]: an Object; what was plain before gets integer keys.
  void add_member(std::string_view name, std::string_view key);

 private:
  bool push_existing(std::string_view name);
  void grow(std::string_view name, bool always_array);
  void push_next_free_key(duk_idx_t target);
  void to_bare_object(std::string_view name);

  duk_context* js_;
  duk_idx_t object_;
  std::vector<void*> nested_;  // Objects made without prototype; finish() gives them theirs
  void* numbered_ = nullptr;   // where push_next_free_key looked last, and the key to try next
  duk_uarridx_t next_number_ = 0;
};

// Adds the pieces of a query, as push_query_object does.
void add_query(FieldCollector& fields, duk_context* js, std::string_view query);

}  // namespace ravelin::worker
