// Compiling in a process of its own (DESIGN.md 6): TypeScript's compiler needs 60 MB that no launcher or worker shall
// keep, and a hang of it shall not be theirs. Each call starts a process, asks it once and ends it.
// Not for: what happens there (compile_process.h), the cache, which files need it (compile_source.h). Launcher and
// workers, main thread; blocks for some 200 ms.
#pragma once

#include <string>

#include "common/result.h"
#include "worker/compile_frames.h"

namespace ravelin::worker {

// The option with which this executable becomes a compile process.
inline constexpr char kCompileProcessOption[] = "--compile-process";
// Its descriptors: the socket is its standard input.
inline constexpr int kCompileSocket = 0;
inline constexpr int kCompileBytecode = 3;

struct CompileProgram {
  std::string executable = "/proc/self/exe";
  int bytecode_fd = -1;  // typescript.duk, open for reading
};

// An Error when there is no answer: the process could not be started, died, or took too long.
Result<Compiled> compile_in_process(const CompileProgram& program, const CompileRequest& request);

}  // namespace ravelin::worker
