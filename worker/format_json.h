// JSON text of the printf codes J and s (runtime-api 7.1.5): JSON.stringify for what has no cycles, the safe form "%!J"
// with path references for the rest. %J of a request is what handlers print while they are written, and a benchmark, so
// the common case costs one call of JSON.stringify and no walk before it.
// Not for: parsing (JSON.parse resolves the references, js_globals). Runs inside a Duktape call; toJSON may run script.
#pragma once

#include <duktape.h>

#include <string>

namespace ravelin::worker {

// Pushes JSON.stringify(value, null, indent) as it was when the heap was made, whatever scripts did to JSON since: a
// String, or undefined for what JSON cannot show. A value that contains itself gives its safe form.
void push_json(duk_context* ctx, duk_idx_t index, int indent);

// push_json appended as UTF-8; "undefined" stands for undefined.
void append_json(std::string& out, duk_context* ctx, duk_idx_t index, int indent);

// The safe form. Separators are ", " and ":". An object that was printed before becomes {"_cyclic_ref": "PATH"}: PATH
// begins with $, then .name, [number] or ["any name"]. Functions show their kind and name, Dates their ISO text. With
// an indent the text is parsed and printed again as JSON.stringify would.
void append_safe_json(std::string& out, duk_context* ctx, duk_idx_t index, int indent);

// `prepare(ctx, index)` is called before a value is printed as JSON. The engine's fast encoder gives up at an accessor,
// which costs five times as much, so JsRequest turns those of req into plain values here. Null removes it.
void set_json_preparation(void (*prepare)(duk_context* ctx, duk_idx_t index));

// Remembers the engine's JSON.stringify in the heap stash; push_json does it by itself when nobody has before.
void keep_json_stringify(duk_context* ctx);

}  // namespace ravelin::worker
