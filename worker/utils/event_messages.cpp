#include "worker/utils/event_messages.h"

#include <event2/event.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

constexpr const char* kStore = "ravelinEventCallback";  // in the heap stash
constexpr size_t kMaxWaiting = 100;                     // messages; more say nothing new

struct Message {
  int level;
  std::string text;
};

JsHeap* receiver = nullptr;  // whose callback it is
std::vector<Message>& waiting() {
  static auto& messages = *new std::vector<Message>;
  return messages;
}

void deliver(duk_context* ctx) {
  for (const Message& message : std::exchange(waiting(), {})) {
    const bool ok = run_protected(ctx, [&message](duk_context* js) {
      duk_push_heap_stash(js);
      duk_get_prop_string(js, -1, kStore);
      if (!duk_is_function(js, -1)) return;
      duk_push_int(js, message.level);
      push_text(js, message.text);
      duk_call(js, 2);
    });
    if (ok) continue;
    const std::string text = "Error in eventCallback callback:\n  " + error_text(ctx, -1) + "\n";
    duk_pop(ctx);
    about_to_block();
    [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  }
}

void on_message(int level, const char* text) {
  if (!receiver || waiting().size() >= kMaxWaiting) return;
  waiting().push_back({level, text});
  receiver->native_microtask = deliver;
  receiver->has_microtasks = true;
}

// eventCallback(callback(level, message)); null or nothing: stderr again
duk_ret_t utils_event_callback(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const bool is_off = !is_given(ctx, 0) || duk_is_null(ctx, 0);
  if (!is_off && !duk_is_function(ctx, 0)) throw_type_error(ctx, "eventCallback(): a callback Function is required");
  duk_push_heap_stash(ctx);
  duk_dup(ctx, 0);
  duk_put_prop_string(ctx, -2, kStore);
  receiver = is_off ? nullptr : &JsHeap::of(ctx);
  event_set_log_callback(is_off ? nullptr : on_message);
  return 0;
}

}  // namespace

void put_event_callback_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"eventCallback", guarded<utils_event_callback>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
