#include "worker/utils/minify.h"

#include <cstdint>
#include <memory>
#include <string>

#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_library.h"
#include "worker/utils/arguments.h"

// UglifyJS and worker/bootstrap/minifier_host.js as bytecode: see the Makefile.
extern "C" const char ravelin_minifier[];
extern "C" const uint64_t ravelin_minifier_size;

namespace ravelin::worker {
namespace {

constexpr size_t kMaxHeapBytes = 512ull * 1024 * 1024;  // 300 KB of source need some 200 MB

// The error's text; empty when all is well.
std::string run_minifier(JsHeap& heap, const std::string& source, std::string& result) {
  const bool ok = run_protected(heap.js(), [&](duk_context* js) {
    install_library(js);
    push_bytecode(js, ravelin_minifier, ravelin_minifier_size);
    duk_call(js, 0);
    if (!duk_is_function(js, -1)) throw_error(js, "Ravelin was built without UglifyJS");
    push_text(js, source);
    duk_call(js, 1);
    append_utf8(result, engine_text(js, -1));
  });
  if (ok) return "";
  std::string message = error_message(heap.js(), -1);
  duk_pop(heap.js());
  return message;
}

// minify(source)
duk_ret_t utils_minify(duk_context* ctx) {
  if (!is_text(ctx, 0)) throw_type_error(ctx, "minify(): a String (JavaScript source) is required");
  JsHeap& caller = JsHeap::of(ctx);
  about_to_block();
  auto heap = std::make_unique<JsHeap>();
  heap->set_max_bytes(kMaxHeapBytes);
  heap->arm_deadline(caller.deadline_ns());
  // A launcher goes on supervising, a worker hears of its deadline.
  heap->set_interrupt_hook([](void* other) { static_cast<JsHeap*>(other)->check_interrupt(); }, &caller);
  std::string result;
  const std::string error = run_minifier(*heap, text_at(ctx, 0), result);
  if (heap->deadline_passed() && caller.check_interrupt()) {
    // Taking a large heap apart would take the rest of the worker's time, and it ends now.
    static_cast<void>(heap.release());
    throw_range_error(ctx, "execution timeout");
  }
  heap.reset();
  if (!error.empty()) throw_error(ctx, "minify(): %s", error.c_str());
  push_text(ctx, result);
  return 1;
}

}  // namespace

void put_minify_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"minify", guarded<utils_minify>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
