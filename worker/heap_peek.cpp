#include "worker/heap_peek.h"

#include <cstring>

namespace ravelin::worker {
namespace {

uint32_t reference_count(const void* heap_pointer) {
  uint32_t count;
  memcpy(&count, static_cast<const char*>(heap_pointer) + sizeof(uint32_t), sizeof count);
  return count;
}

}  // namespace

void HeapPeek::probe(duk_context* js) {
  duk_idx_t object = duk_push_bare_object(js);
  const void* pointer = duk_get_heapptr(js, object);
  is_reliable_ = true;
  for (uint32_t expected = 1; expected <= 4; ++expected) {
    if (reference_count(pointer) != expected) is_reliable_ = false;
    duk_dup(js, object);
  }
  duk_set_top(js, object);
}

bool HeapPeek::is_held_elsewhere(const void* heap_pointer, uint32_t own_references) const {
  return !is_reliable_ || reference_count(heap_pointer) > own_references;
}

}  // namespace ravelin::worker
