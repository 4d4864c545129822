// Bytes of a client to JavaScript Strings. The one door for text from the network: what comes out is always well formed
// and can never be one of the engine's symbols (first byte 80 to 82 or FF), which name hidden properties.
// The rule is that of the WHATWG decoder: UTF-8, every maximal ill-formed piece becomes one U+FFFD; characters beyond
// U+FFFF become the surrogate pairs that the engine wants. The exact bytes are in req.body, which is a Buffer.
// Not for: Strings that scripts make (format_utf8.h, js_text.h), which may carry raw bytes. Pure functions.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>

namespace ravelin::worker {

void push_network_string(duk_context* js, std::string_view bytes);

// Puts the value at the stack top, popping it, as own property `name` of the object at `object`. The object must have
// no setter of that name in its prototype chain: make it with duk_push_bare_object and call finish_plain_object() when
// full. So "__proto__" becomes an ordinary property.
void put_network_key(duk_context* js, duk_idx_t object, std::string_view name);

// Gives the bare object at `object` the usual prototype.
void finish_plain_object(duk_context* js, duk_idx_t object);

// Appends the engine's form of `bytes` to `out`, as push_network_string would make it.
void append_engine_text(std::string& out, std::string_view bytes);

}  // namespace ravelin::worker
