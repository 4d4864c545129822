// Compiling in a process of its own (DESIGN.md 6): TypeScript's compiler needs 60 MB that no launcher or worker shall
// keep, and a hang of it shall not be theirs. Each call starts a process, asks it once and ends it. A process that may
// store its result is in a group of its own, so that it outlives a worker whose time is over: the next one that wants
// the file finds it in the cache, however long it took.
// Not for: what happens there (compile_process.h), the cache, which files need it (compile_source.h). Launcher and
// workers, main thread; blocks for some 200 ms.
#pragma once

#include <string>

#include "common/result.h"
#include "worker/compile_frames.h"

namespace ravelin::worker {

// The option with which this executable becomes a compile process.
inline constexpr char kCompileProcessOption[] = "--compile-process";
// Its descriptors: the socket is its standard input; it holds the lock of the cache for as long as it lives.
inline constexpr int kCompileSocket = 0;
inline constexpr int kCompileBytecode = 3;
inline constexpr int kCompileLock = 4;

struct CompileProgram {
  std::string executable = "/proc/self/exe";
  int bytecode_fd = -1;  // typescript.duk, open for reading
};

// The Error of a compilation whose script ran out of time.
Error compile_deadline_passed();

// An Error when there is no answer: the process could not be started, died, or took longer than
// limits::kCompileTimeoutMs. So it is at `deadline_ms` (monotonic_ms()), but a process that can store its result goes
// on then. `lock_fd`: see CompileCache::lock(); -1 without one.
Result<CompileReply> compile_in_process(const CompileProgram& program, const CompileRequest& request, int lock_fd,
                                        uint64_t deadline_ms);

}  // namespace ravelin::worker
