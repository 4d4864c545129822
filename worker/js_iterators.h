// Iterators (ECMAScript 7.4, 22.1.5, 23.1.5): %IteratorPrototype%, the native iterators of Array, typed arrays, String,
// Map and Set, and walking through any iterable from C++.
// Not for: generators, which compiled code brings along. Any process that runs script; js_library installs them.
#pragma once

#include <duktape.h>

#include <functional>

namespace ravelin::worker {

// Arrays, typed arrays and Strings get Symbol.iterator, the first two also keys, values, entries. Leaves the value
// stack as it was.
void install_iterators(duk_context* js);

enum class IterationKind : duk_int_t { kKeys, kValues, kEntries };

// Pushes a new object that inherits from %IteratorPrototype% and has `next` and the tag Symbol.toStringTag.
void push_iterator_prototype(duk_context* js, duk_c_function next, const char* tag);

// [ ... value ] -> [ ... {value: value, done: done} ].
void wrap_iteration_result(duk_context* js, bool done);

// Pushes Symbol[name] (a well-known symbol).
void push_well_known_symbol(duk_context* js, const char* name);

// Defines the property [ ... object key value ] -> [ ... object ], writable and configurable, not enumerable.
void define_hidden(duk_context* js);
// The same for a native function called `name`. `object` on top.
void define_method(duk_context* js, const char* name, duk_c_function function, duk_idx_t argument_count,
                   duk_int_t magic = 0);
// Puts a native function in the place of the one called `name` of the object on top, whose `length` it keeps. Ours
// finds that one, its original, with push_original(); other code as the property kOriginalKey of ours.
inline constexpr const char* kOriginalKey = DUK_HIDDEN_SYMBOL("original");
void replace_method(duk_context* js, const char* name, duk_c_function function, duk_idx_t argument_count,
                    duk_int_t magic = 0);
// In a function that replace_method() has put somewhere.
void push_original(duk_context* js);

// Pushes a constructor that takes one argument, and its prototype, linked; the prototype has its tag.
void push_native_class(duk_context* js, const char* name, duk_c_function constructor, duk_int_t length,
                       duk_int_t magic = 0);
// Makes it a global: [ ... constructor prototype ] -> [ ... ].
void define_global_class(duk_context* js, const char* name);

// Calls `visit` with each value of the iterable at `index` on the stack top; it must leave the top as it was. Closes
// the iterator when `visit` throws. Throws TypeError when the value is not iterable.
void for_each_of(duk_context* js, duk_idx_t index, const std::function<void()>& visit);

}  // namespace ravelin::worker
