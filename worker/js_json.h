// JSON.parse with the two extensions of runtime-api 1.4: it takes a Buffer, and `true` as second argument restores the
// references that sprintf("%!J") wrote as {"_cyclic_ref":"$.path"}.
// Not for: writing JSON (format_json.h). Called by install_globals(). Main thread of any process that runs script.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Replaces JSON.parse.
void install_json(duk_context* js);

}  // namespace ravelin::worker
