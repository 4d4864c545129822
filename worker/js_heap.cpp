#include "worker/js_heap.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/random.h>

#include <bit>
#include <new>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "worker/engine_extra.h"
#include "worker/regexp/engine.h"

namespace ravelin::worker {

namespace {

// Duktape 2.7 tries an allocation once and then after each of ten collections (DUK_HEAP_ALLOC_FAIL_MARKANDSWEEP_LIMIT).
// Only the eleventh refusal in a row means that the script gets the error.
constexpr size_t kEngineAttempts = 11;

// A full heap could not even hold the error that says so. After a failure this many allocations may reach so far beyond
// the limit: enough for the error object and its text, too little for a script that goes on to matter.
constexpr size_t kReserveBytes = 256 * 1024;
constexpr size_t kReserveAllocations = 200;

void on_fatal_error(void*, const char* message) {
  logf("script engine: fatal error: %s; the process aborts", message ? message : "no message");
  abort();
}

}  // namespace

JsHeap::JsHeap() {
  reseed_random();
  js_ = duk_create_heap(allocate, reallocate, release, this, on_fatal_error);
  if (!js_) throw std::bad_alloc();
}

JsHeap::~JsHeap() {
  // Finalizers run during destruction; they are bounded neither by a deadline nor by a refused allocation.
  disarm_deadline();
  interrupt_hook_ = nullptr;
  max_bytes_ = 0;
  duk_destroy_heap(js_);
  regexps.reset();  // finalizers may have used it, and its memory comes from this allocator
}

JsHeap& JsHeap::of(duk_context* js) {
  duk_memory_functions functions;
  duk_get_memory_functions(js, &functions);
  return *static_cast<JsHeap*>(functions.udata);
}

void JsHeap::refuse(size_t size) {
  refusals_ = size == refused_size_ ? refusals_ + 1 : 1;
  refused_size_ = size;
  if (refusals_ >= kEngineAttempts) {
    memory_limit_hit_ = true;
    open_reserve();
    refused_size_ = refusals_ = 0;
  }
}

bool JsHeap::take_room_for(size_t more_bytes) {
  if (max_bytes_ == 0 || used_bytes_ + more_bytes <= max_bytes_) return true;
  if (reserve_allocations_ == 0 || used_bytes_ + more_bytes > max_bytes_ + kReserveBytes) return false;
  --reserve_allocations_;
  return true;
}

void JsHeap::open_reserve() { reserve_allocations_ = kReserveAllocations; }

void* JsHeap::allocate(void* heap, duk_size_t size) {
  JsHeap& self = *static_cast<JsHeap*>(heap);
  if (size == 0) return nullptr;
  void* block = nullptr;
  if (self.take_room_for(size)) block = malloc(size);
  if (!block) {
    self.refuse(size);
    return nullptr;
  }
  self.used_bytes_ += malloc_usable_size(block);
  self.note_success(size);
  return block;
}

void* JsHeap::reallocate(void* heap, void* block, duk_size_t size) {
  JsHeap& self = *static_cast<JsHeap*>(heap);
  if (!block) return allocate(heap, size);
  if (size == 0) {
    release(heap, block);
    return nullptr;
  }
  const size_t old_bytes = malloc_usable_size(block);
  const bool is_allowed = size <= old_bytes || self.take_room_for(size - old_bytes);
  void* moved = is_allowed ? realloc(block, size) : nullptr;
  if (!moved) {
    self.refuse(size);
    return nullptr;
  }
  self.used_bytes_ += malloc_usable_size(moved);
  self.used_bytes_ -= old_bytes;
  self.note_success(size);
  return moved;
}

void JsHeap::release(void* heap, void* block) {
  if (!block) return;
  static_cast<JsHeap*>(heap)->used_bytes_ -= malloc_usable_size(block);
  free(block);
}

void JsHeap::arm_deadline(uint64_t deadline_ns) {
  deadline_ns_ = deadline_ns;
  deadline_passed_ = false;
}

void JsHeap::disarm_deadline() {
  deadline_ns_ = UINT64_MAX;
  deadline_passed_ = false;
}

void JsHeap::set_interrupt_hook(void (*hook)(void*), void* argument) {
  interrupt_hook_ = hook;
  interrupt_argument_ = argument;
}

bool JsHeap::check_interrupt() {
  if (interrupt_hook_) interrupt_hook_(interrupt_argument_);
  if (deadline_passed_) return true;
  if (deadline_ns_ == UINT64_MAX || monotonic_ns() < deadline_ns_) return false;
  deadline_passed_ = true;
  note_running_functions();
  return true;
}

void JsHeap::note_running_functions() noexcept {
  constexpr duk_size_t kMostFrames = 10;  // as many as an error of the engine remembers
  const auto add_frame = [](void* text, const char* name, duk_size_t name_length, const char* file,
                            duk_size_t file_length, duk_uint32_t line) {
    std::string& frames = *static_cast<std::string*>(text);
    frames.append("    at ");
    name_length > 0 ? frames.append(name, name_length) : frames.append("[anon]");
    frames.append(" (").append(file, file_length).append(":").append(std::to_string(line)).append(")\n");
  };
  try {
    timeout_frames_.clear();
    ravelin_visit_running_functions(js_, kMostFrames, add_frame, &timeout_frames_);
  } catch (const std::bad_alloc&) {  // the engine must not see it; the error has a stack of its own, often the same
    timeout_frames_.clear();
  }
}

void JsHeap::reseed_random() {
  do {
    // 32 bytes never come short once the kernel's pool is ready (getrandom(2)).
    CHECK(getrandom(random_state_, sizeof random_state_, 0) == static_cast<ssize_t>(sizeof random_state_));
  } while ((random_state_[0] | random_state_[1] | random_state_[2] | random_state_[3]) == 0);  // its one fixed point
}

// xoshiro256++ 1.0 (Blackman and Vigna, public domain).
double JsHeap::random_double() {
  uint64_t* s = random_state_;
  const uint64_t result = std::rotl(s[0] + s[3], 23) + s[0];
  const uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = std::rotl(s[3], 45);
  return static_cast<double>(result >> 11) * 0x1.0p-53;
}

}  // namespace ravelin::worker

extern "C" duk_bool_t ravelin_exec_timeout_check(void* heap) {
  return static_cast<ravelin::worker::JsHeap*>(heap)->check_interrupt() ? 1 : 0;
}

extern "C" duk_double_t ravelin_random_double(void* heap) {
  return static_cast<ravelin::worker::JsHeap*>(heap)->random_double();
}
