// A walk over the enumerable properties of a script's object. Not for: objects whose order of changes matters while
// they are walked. Main thread of launcher and workers.
#pragma once

#include <duktape.h>

#include "worker/engine_extra.h"

namespace ravelin::worker {

// Calls visit() for each enumerable property of the object at `index` with its name (-2) and value (-1) on the stack,
// which it leaves there. `flags` as for duk_enum(), DUK_ENUM_OWN_PROPERTIES_ONLY or 0. Throws what getters and visit()
// throw. A plain object, which nearly all are, costs no enumerator: that was two fifths of a small reply.
template <typename Visit>
void for_each_property(duk_context* js, duk_idx_t index, duk_uint_t flags, Visit visit) {
  if (ravelin_has_plain_properties(js, index)) {
    for (duk_uint32_t at = 0; ravelin_next_property(js, index, &at); duk_pop_2(js)) visit();
    return;
  }
  duk_enum(js, index, flags);
  for (; duk_next(js, -1, 1); duk_pop_2(js)) visit();
  duk_pop(js);
}

}  // namespace ravelin::worker
