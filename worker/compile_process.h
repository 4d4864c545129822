// The compile process: this executable, started by compile_client with --compile-process. It loads TypeScript's
// compiler from bytecode into a heap of its own, reads one request to the end of its socket, stores the result in the
// cache, answers and ends. Not for: looking into the cache, template extensions: the caller has done that. main() calls
// it before anything else.
#pragma once

#include <string_view>

namespace ravelin::worker {

// The whole life of a compile process. Returns its exit status.
int run_compile_process();

// The bytecode of the script that drives the compiler: part of what a result depends on.
std::string_view compiler_host_bytecode();

}  // namespace ravelin::worker
