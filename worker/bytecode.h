// The form in which JavaScript that is part of Ravelin is kept: a magic line and Duktape's bytecode. The engine checks
// nothing in bytecode, so it may come from our own build only; the magic line tells a file of another version or of
// another engine configuration apart.
// Not for: running it (js_library.h, compile_process.h). Written by worker/bootstrap/dump_bytecode.cpp.
#pragma once

#include <duktape.h>

#include <string_view>

namespace ravelin::worker {

#define RAVELIN_BYTECODE_TEXT(number) #number
#define RAVELIN_BYTECODE_EXPANDED(number) RAVELIN_BYTECODE_TEXT(number)
inline constexpr std::string_view kBytecodeMagic =
    "ravelin bytecode 1, duktape " RAVELIN_BYTECODE_EXPANDED(DUK_VERSION) "\n";
#undef RAVELIN_BYTECODE_EXPANDED
#undef RAVELIN_BYTECODE_TEXT

}  // namespace ravelin::worker
