// What Node's Buffer and the Encoding Standard have and the engine lacks (runtime-api 1.1, 1.3): Buffer.from, alloc and
// their kin, encodings by name, searching, swapping; TextDecoder's other encodings; a monotonic performance.now().
// Not for: typed arrays' functions (js_library), the encodings (text_encodings.h). install_globals() calls it.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Leaves the value stack as it was.
void install_buffers(duk_context* js);

}  // namespace ravelin::worker
