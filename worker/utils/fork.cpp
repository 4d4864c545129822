#include "worker/utils/fork.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <vector>

#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/utils/arguments.h"
#include "worker/utils/process_pipe.h"

namespace ravelin::worker {
namespace {

enum Kind : duk_int_t { kFork, kDaemon };

// A copy would have the memory of the other threads, their locks included, but not the threads.
bool has_threads() {
  struct stat tasks;
  return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 3;  // "." and ".." and one for each
}

// fork([pipe, ...]), daemon([pipe, ...]). Magic: Kind.
duk_ret_t fork_script(duk_context* ctx) {
  const bool detaches = duk_get_current_magic(ctx) == kDaemon;
  const char* function = detaches ? "daemon" : "fork";
  const auto& fork_hook = JsHeap::of(ctx).fork_hook;
  if (!fork_hook) throw_error(ctx, "%s(): not possible in a worker, nor while a server runs", function);
  if (has_threads()) throw_error(ctx, "%s(): not possible while threads run", function);
  const std::vector<uint32_t> pipes = pipes_for_child(ctx, function);
  const pid_t pid = fork_hook(detaches, child_ends(pipes));
  if (pid == 0) take_from_parent(pipes);
  if (pid > 0) leave_to_child(pipes);
  duk_push_int(ctx, pid);
  return 1;
}

}  // namespace

void put_fork_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"fork", guarded<fork_script>}, {"daemon", guarded<fork_script>}};
  put_functions(ctx, kFunctions);
  duk_get_prop_literal(ctx, -1, "daemon");
  duk_set_magic(ctx, -1, kDaemon);
  duk_pop(ctx);
}

}  // namespace ravelin::worker
