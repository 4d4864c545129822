// JsHeap: one JavaScript heap (a Duktape heap and its main thread) with what a server needs around it: a counted and
// limited allocator, a deadline for the running script, a hook that runs now and then while script runs, and random
// numbers that differ between forked processes.
// Not for: globals (js_globals.h), modules, timers, error text. Any process that runs script (launcher, zygote,
// worker), main thread only. Everything in worker/ that holds only a duk_context* gets back to its heap by
// JsHeap::of().
#pragma once

#include <duktape.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/function_sources.h"
#include "worker/line_maps.h"
#include "worker/stack_display.h"

namespace ravelin::worker {

namespace regexp {
class Engine;
}

class JsEvents;
class JsModules;
class JsTimers;

class JsHeap {
 public:
  // Creates the heap without limits. Throws std::bad_alloc when there is no memory for it.
  JsHeap();
  ~JsHeap();
  JsHeap(const JsHeap&) = delete;
  JsHeap& operator=(const JsHeap&) = delete;

  // The heap that a context (main thread or coroutine) belongs to. Cheap: a few loads.
  static JsHeap& of(duk_context* js);

  // The main thread of the heap.
  duk_context* js() const { return js_; }

  // --- memory

  // Bytes that the heap may hold; 0 = no limit. A limit below used_bytes() only stops further growth. A script that
  // asks for more gets a JavaScript Error ("alloc failed") after the collector has tried to make room.
  void set_max_bytes(size_t max_bytes) { max_bytes_ = max_bytes; }
  size_t used_bytes() const { return used_bytes_; }

  // True since an allocation failed for good (limit or malloc), whether or not the script caught the error.
  bool memory_limit_hit() const { return memory_limit_hit_; }
  void clear_memory_limit_hit() { memory_limit_hit_ = false; }

  // Lets the next few allocations reach a little beyond the limit: for describing an error in a full heap.
  void open_reserve();

  // --- deadline

  // From `deadline_ns` (monotonic_ns(), common/clock.h) on, running script gets a RangeError "execution timeout" again
  // and again until disarm_deadline(), so that no try/catch in the script can swallow it. Only bytecode is interrupted:
  // native code runs on, and the frontend's hard deadline is the promise (DESIGN.md 3).
  void arm_deadline(uint64_t deadline_ns);
  void disarm_deadline();
  // The armed deadline, or UINT64_MAX: for native code that can stop waiting by itself.
  uint64_t deadline_ns() const { return deadline_ns_; }

  // True when the armed deadline has interrupted a script, until the next arm or disarm.
  bool deadline_passed() const { return deadline_passed_; }
  // For native code that knows that it cannot end before the deadline: as if that had passed.
  void pass_deadline() {
    deadline_passed_ = deadline_ns_ != UINT64_MAX;
    if (deadline_passed_) note_running_functions();
  }
  // With deadline_passed(): where the script was by then, as lines "    at name (file:line)" of the engine's encoding.
  // The error that arrives may come from elsewhere: whoever catches one is interrupted in its turn.
  const std::string& timeout_frames() const { return timeout_frames_; }

  // `hook(argument)` runs about every 16 K bytecode instructions while script runs. It must not touch the heap and must
  // not throw. Null to remove.
  void set_interrupt_hook(void (*hook)(void*), void* argument);

  // --- random numbers

  // New seed for Math.random() from the kernel. To be called in the child after each fork.
  void reseed_random();
  // Uniform in [0, 1), 53 bits.
  double random_double();

  // --- the parts around the heap

  // Set by the constructors of these classes and cleared by their destructors; null when the heap has none.
  JsTimers* timers = nullptr;
  JsEvents* events = nullptr;
  JsModules* modules = nullptr;

  // Microtasks or reports of rejected promises wait / are at work (js_microtasks.h). Fields of the heap, so that the
  // question costs nothing after each request.
  bool has_microtasks = false;
  bool is_draining_microtasks = false;
  // Runs once with the next microtasks, when it is set (together with has_microtasks). It must not throw.
  void (*native_microtask)(duk_context* js) = nullptr;

  // Made at the first expression that the script engine does not know (js_regexp.h).
  std::unique_ptr<regexp::Engine> regexps;
  // WeakRefs keep objects until the microtasks have run (js_weak.h).
  bool has_kept_objects = false;

  // Original lines of the files that came through the compiler.
  LineMaps line_maps;
  // The texts of their functions.
  FunctionSources function_sources;

  // How the stacks of errors look.
  StackDisplay stack_display;

  // An error with the hidden property kErrorOfReply was described for the log; its value is the argument.
  std::function<void(uint64_t)> on_reply_error_reported;

  // What process.exit(code) does, set by the launcher or worker; `code` is 0 to 255. It should not return. Unset, or
  // when it returns: flush stdio and _exit(code).
  std::function<void(int)> exit_hook;

  // Set in a launcher that has no server: forks this process, for fork() and daemon() of scripts, and detaches the
  // child when asked to. The child has its stdio, the files of its script and the descriptors to `keep` (ascending),
  // and an event loop of its own. Gives the child's pid, 0 in the child, -1 when the system refuses.
  std::function<int(bool detaches, const std::vector<int>& keep)> fork_hook;

  // Used by the C hooks that duk_config.h names, and by native code that waited until deadline_ns(). True when the
  // script must be stopped.
  bool check_interrupt();

 private:
  static void* allocate(void* heap, duk_size_t size);
  static void* reallocate(void* heap, void* block, duk_size_t size);
  static void release(void* heap, void* block);
  bool take_room_for(size_t more_bytes);
  void note_running_functions() noexcept;
  void refuse(size_t size);
  void note_success(size_t size) {
    if (size == refused_size_) refused_size_ = refusals_ = 0;
  }

  duk_context* js_ = nullptr;
  size_t used_bytes_ = 0;  // sum of malloc_usable_size() of all live blocks
  size_t max_bytes_ = 0;
  size_t refused_size_ = 0;  // the request that the engine is retrying between collections, and how often it failed
  size_t refusals_ = 0;
  size_t reserve_allocations_ = 0;
  bool memory_limit_hit_ = false;
  bool deadline_passed_ = false;
  std::string timeout_frames_;
  uint64_t deadline_ns_ = UINT64_MAX;
  void (*interrupt_hook_)(void*) = nullptr;
  void* interrupt_argument_ = nullptr;
  uint64_t random_state_[4] = {};  // xoshiro256++
};

}  // namespace ravelin::worker

// Named by the generated duk_config.h (deploy/generate-duktape.sh); `heap` is the JsHeap.
extern "C" duk_bool_t ravelin_exec_timeout_check(void* heap);
extern "C" duk_double_t ravelin_random_double(void* heap);
