// Texts that scripts compile while they run: what the engine's eval() and Function() call when they meet a text that
// the engine does not take as it is (engine_extra.h). It goes through the compiler, as files do, whatever the calling
// script is written in; plain ES5 never comes here. Functions of such texts have no source for toString(). Any process
// that runs script; the functions are declared in engine_extra.h.
#pragma once

namespace ravelin::worker {

// The name of these texts in stacks and errors.
inline constexpr char kCompiledTextName[] = "eval";

}  // namespace ravelin::worker
