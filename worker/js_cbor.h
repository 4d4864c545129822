// The global CBOR: the engine's encoder and decoder with text as the rest of the world writes it. The engine makes byte
// strings of Strings with characters beyond U+FFFF, and keeps 4-byte sequences of what it reads as characters of no
// kind. Also a plain Buffer for the result (runtime-api 0).
// Not for: the data of events (event_data.h). Any process that runs script; install_buffers() calls it.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Replaces CBOR.encode and CBOR.decode. Leaves the value stack as it was.
void install_cbor(duk_context* js);

}  // namespace ravelin::worker
