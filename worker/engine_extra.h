// Operations on the engine's objects that its API lacks: a fast copy of a prepared object, a walk over the properties
// of a plain one and how many references a value has, which each request needs, a new variable in a running function
// (rampart.localize), the variables in sight of one, how many arguments a built-in function gets, what a RegExp was
// compiled to, a pause of finalizers while native code changes several things at once, where the text of a function
// stands and where script was when its time was over, and modern syntax for eval() and Function(). Compiled inside the
// engine (engine_extra.inc is appended to Duktape's source by deploy/generate-duktape.sh), since they use its
// internals. Not for: anything the public API can do well enough. Main thread of launcher and workers.
#pragma once

#include <duktape.h>

extern "C" {

// Pushes a new object with the own properties (values, accessors, attributes, order) and the prototype of the plain
// object at `source`. The source must be an extensible ordinary object without an array part that no script can reach.
// Costs one allocation and a copy of the table instead of a property definition each. Throws when memory runs out.
void ravelin_push_object_copy(duk_context* js, void* source);

// True for an ordinary object whose enumerable properties, inherited ones included, are own data properties with names
// that are not array indices: ravelin_next_property() then sees what duk_enum() would, in the same order.
duk_bool_t ravelin_has_plain_properties(duk_context* js, duk_idx_t index);

// Pushes name and value of the next enumerable property of such an object and returns 1, or returns 0 at the end. *at
// is 0 at first. Runs no script and allocates nothing; safe if the object changes in between.
duk_bool_t ravelin_next_property(duk_context* js, duk_idx_t index, duk_uint32_t* at);

// References to the value at this heap pointer, those of the value stack included.
duk_size_t ravelin_reference_count(const void* heap_pointer);

// For a C function that script has called directly: declares the String below the top as a variable of the calling
// function, with the value on top (both stay), or with `checks_only` tells what would come of it. The engine knows a
// function's parameters and variables by name only where the function contains ".localize" (generate-duktape.sh).
enum RavelinScope {
  kScopeDeclared,
  kScopeConflict,  // the function has a variable or parameter of that name
  kScopeGlobal,    // not called from a function but from global code: nothing was done
};
int ravelin_declare_in_caller(duk_context* js, int checks_only);

// For a C function that script has called directly: pushes an Array of what the calling function sees, from the inside
// to the outside: [scope, object, scope, object, ...]. Objects are copies of variables, or those of `with` and the
// global one themselves. Names are known of functions that contain "getScopeVars", and of functions around others.
enum RavelinScopeKind { kScopeLocal, kScopeClosure, kScopeWith, kScopeOfGlobals };
void ravelin_push_scopes(duk_context* js);

// Makes the C function at `index` take this many arguments, whatever its `length` says.
void ravelin_set_argument_count(duk_context* js, duk_idx_t index, duk_idx_t count);

// Pushes the program of the RegExp at `index` (worker/regexp/program.h, or the engine's own) and returns 1; 0 for any
// other value.
duk_bool_t ravelin_regexp_push_program(duk_context* js, duk_idx_t index);

// Between the two no finalizer runs, whatever is allocated or let go; calls nest. The second runs those that have
// become due. It may be called while an error is on its way: the engine then runs none until the error has been caught.
void ravelin_pause_finalizers(duk_context* js);
void ravelin_resume_finalizers(duk_context* js);

// The functions of the next text that is compiled, by whatever call, will know the number `source` (not 0) and where
// they stand in the text (function_sources.h).
void ravelin_set_source(duk_uint32_t source);
// Of the function at `index`: source, offset of its first token (of the name, for a method) and of its closing brace,
// in bytes of the compiled text. False when it was compiled without a source, or is no compiled function.
duk_bool_t ravelin_function_place(duk_context* js, duk_idx_t index, duk_uint32_t place[3]);

// The same question for the function that has called the running C function.
duk_bool_t ravelin_caller_has_place(duk_context* js);

duk_bool_t ravelin_is_proxy(duk_context* js, duk_idx_t index);

// Called by the engine's eval() and Function(), see worker/compiled_text.cpp. The stack is [ ... text, file name,
// compiled function or error ]. The first tells whether the text needs compiling to ES5, the second pushes the result
// or throws.
duk_bool_t ravelin_wants_modern(duk_context* js, duk_bool_t is_compiled);
void ravelin_push_modern(duk_context* js, duk_bool_t is_function);

// Calls visit() for the script functions that run now in the heap of `js`, innermost first, at most `most`: name and
// file in the engine's encoding, either may be empty; line 0: not known. Reads only, so it may be called where the
// engine must not be: from ravelin_exec_timeout_check().
typedef void (*RavelinFunctionVisitor)(void* argument, const char* name, duk_size_t name_length, const char* file,
                                       duk_size_t file_length, duk_uint32_t line);
void ravelin_visit_running_functions(duk_context* js, duk_size_t most, RavelinFunctionVisitor visit, void* argument);
}
