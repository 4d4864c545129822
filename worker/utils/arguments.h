// What the functions of rampart.utils share: reading their arguments, and throwing for a failed system call.
// Not for: anything with a meaning of its own. Inside Duktape calls only.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>

namespace ravelin::worker {

// An argument that is missing or undefined counts as not given.
bool is_given(duk_context* ctx, duk_idx_t index);

// A String that is no symbol.
bool is_text(duk_context* ctx, duk_idx_t index);

// An object that is no Array, function or Buffer: where options are expected.
bool is_options(duk_context* ctx, duk_idx_t index);

// An object literal, or what JSON.parse makes: its prototype is Object.prototype or none.
bool is_plain_object(duk_context* ctx, duk_idx_t index);

// Removes the arguments that are undefined, for functions that tell their arguments apart by type or count them.
void drop_undefined(duk_context* ctx);

// Text as UTF-8. The value must be a String (is_text).
std::string text_at(duk_context* ctx, duk_idx_t index);

// The String at `index` as a path; throws "<function>: <what> must be a String" for anything else, and for a NUL
// inside, which the system would take for the end of the name.
std::string path_at(duk_context* ctx, duk_idx_t index, const char* function, const char* what = "path");

// The bytes of a String or Buffer; throws `message` for other values. Views `scratch` or the value.
std::string_view data_at(duk_context* ctx, duk_idx_t index, std::string& scratch, const char* message);

// A mode given as Number or as octal String; `fallback` when not given, -1 when it is neither.
long mode_at(duk_context* ctx, duk_idx_t index, long fallback);

// Pushes the property of the options object at `object` and tells whether it is there and not undefined. Always pushes.
bool push_option(duk_context* ctx, duk_idx_t object, const char* name);

// Pushes a fixed plain Buffer with a copy of the bytes.
void push_buffer(duk_context* ctx, std::string_view bytes);

// Adds functions to the object on top of the stack. Every function gets DUK_VARARGS.
struct FunctionEntry {
  const char* name;
  duk_c_function function;
};
template <size_t kCount>
void put_functions(duk_context* ctx, const FunctionEntry (&entries)[kCount]) {
  for (const FunctionEntry& entry : entries) {
    duk_push_c_function(ctx, entry.function, DUK_VARARGS);
    duk_push_string(ctx, "name");
    duk_push_string(ctx, entry.name);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_FORCE);
    duk_put_prop_string(ctx, -2, entry.name);
  }
}

}  // namespace ravelin::worker
