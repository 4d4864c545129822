// Regular expressions of ECMAScript 2018 to 2022 as objects of script: named groups, lookbehind, the flags d, s, u and
// y. The script engine has none of them, and asks here when an expression has any of these, or is one that it refuses
// (deploy/generate-duktape.sh edits it so): in literals, RegExp(), exec(), test() and the functions of String.
// Everything else stays with the engine and pays nothing. Not for: compiling and matching (regexp/engine.h). Main
// thread of any process that runs script.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Defines the accessors of RegExp.prototype that the engine lacks. Leaves the value stack as it was. install_library()
// calls it.
void install_regexps(duk_context* js);

}  // namespace ravelin::worker

// Called by the engine; see engine_extra.inc. All throw JavaScript errors.
extern "C" {

// [ pattern flags ] -> [ source program ] and true. False and an unchanged stack when the expression is the script
// engine's or, when that has `refused` it already, when it is none at all.
duk_bool_t ravelin_regexp_compile(duk_context* js, duk_bool_t refused);

enum RavelinMatch {
  kMatchExec = 0,
  kMatchFromLastIndex = 1,  // as with the flag g, and without y: for split()
  kMatchTest = 2,           // the result is a Boolean
};
// [ ... expression input program ] -> [ ... result ]
void ravelin_regexp_match(duk_context* js, duk_int_t mode);

// [ ... expression input bytecode source ] -> [ ... result ], for an expression of the script engine's own.
void ravelin_regexp_match_instead(duk_context* js, duk_int_t mode);

// [ expression replacement input ... program ] -> [ ... result ]
void ravelin_regexp_replace(duk_context* js);

// [ this ] -> [ this flags ] and true, for the accessor `flags`; false when it is a RegExp of the engine's own.
duk_bool_t ravelin_regexp_push_flags(duk_context* js);
}
