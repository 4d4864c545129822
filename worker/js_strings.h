// Standard functions on Strings that the engine has with a fault. Those that read a String character by character throw
// "internal error" at a raw byte (runtime-api 7.1): ours leave such bytes as they are and hand what stands between them
// to the engine's. And errors that name the function and what is wrong with its argument. The case of ASCII text, which
// needs no table, is changed here: that is faster.
// Not for: the functions of rampart.utils, regular expressions. Any process that runs script; install_globals() calls
// it.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

// Replaces toUpperCase, toLowerCase, their locale forms, trim and repeat of String.prototype, String.fromCodePoint,
// encodeURI, encodeURIComponent, decodeURI, decodeURIComponent, escape, and TextEncoder.prototype.encode. Leaves the
// value stack as it was.
void install_strings(duk_context* js);

}  // namespace ravelin::worker
