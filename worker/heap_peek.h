// How many references a value of the engine has. The engine counts them for its own use and offers no cheap way to ask; the
// worker asks once per request whether a script still holds `req`, so it reads the count where the engine keeps it.
// Not for: anything where a wrong answer would be unsafe: without a readable count every value seems to be held.
// Main thread of workers.
#pragma once

#include <duktape.h>

#include <cstdint>

namespace ravelin::worker {

class HeapPeek {
 public:
  // Tries on a value of its own whether the count is where it is expected (the second 32-bit word of Duktape 2.7's heap
  // header with DUK_USE_REFCOUNT32). Until then every value seems
  // to be held. Leaves the stack as it was; may throw for lack of memory.
  void probe(duk_context* js);

  bool is_reliable() const { return is_reliable_; }

  // True when somebody besides the `own_references` that the caller knows of holds the value at `heap_pointer`.
  bool is_held_elsewhere(const void* heap_pointer, uint32_t own_references) const;

 private:
  bool is_reliable_ = false;
};

}  // namespace ravelin::worker
