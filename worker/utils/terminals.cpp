#include "worker/utils/terminals.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_timers.h"
#include "worker/utils/arguments.h"
#include "worker/utils/program_arguments.h"
#include "worker/utils/terminal_process.h"
#include "worker/utils/waiting.h"

namespace ravelin::worker {
namespace {

constexpr char kTerminalKey[] = DUK_HIDDEN_SYMBOL("terminal");
constexpr const char* kStore = "ravelinTerminals";  // in the heap stash: {object, data, close} by number
constexpr size_t kStepBytes = 64 * 1024;            // of output in one call of the callback
constexpr size_t kMaxUnreadBytes = 64 * 1024 * 1024;
constexpr const char* kMethodNames[] = {"read", "write", "resize", "on"};

class Terminal {
 public:
  explicit Terminal(JsHeap& heap) : heap_(heap), owner_(getpid()) {}
  ~Terminal() {
    // In a child the events lie in the base of the parent, and the descriptors' numbers may be others' by now.
    if (!is_of_this_process()) {
      process_.forget();
      return;
    }
    if (readable_) event_free(readable_);
    if (ended_) event_free(ended_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool is_of_this_process() const { return owner_ == getpid(); }
  JsHeap& heap() { return heap_; }
  TerminalProcess& process() { return process_; }
  std::string& unread() { return unread_; }

  // Takes output that is there. False at its end.
  bool fill(size_t max) { return process_.take_output(unread_, max > unread_.size() ? max - unread_.size() : 0); }

  bool watch_end(event_base* base, event_callback_fn callback, void* number) {
    ended_ = event_new(base, process_.pidfd(), EV_READ, callback, number);
    return ended_ && event_add(ended_, nullptr) == 0;
  }
  bool watch_output(event_callback_fn callback, void* number) {
    if (readable_) return true;
    readable_ = event_new(event_get_base(ended_), process_.fd(), EV_READ | EV_PERSIST, callback, number);
    return readable_ && event_add(readable_, nullptr) == 0;
  }
  void hang_up() {
    if (readable_) event_free(readable_);
    readable_ = nullptr;
    process_.hang_up();
  }

  bool was_read = false;  // since the callback got its data

 private:
  JsHeap& heap_;
  pid_t owner_;
  TerminalProcess process_;
  std::string unread_;
  event* readable_ = nullptr;
  event* ended_ = nullptr;
};

// Never destroyed: at exit the event base may be gone before them.
std::map<uint32_t, std::unique_ptr<Terminal>>& terminals() {
  static auto& running = *new std::map<uint32_t, std::unique_ptr<Terminal>>;
  return running;
}

Terminal* find_terminal(uint32_t number) {
  const auto found = terminals().find(number);
  return found != terminals().end() && found->second->is_of_this_process() ? found->second.get() : nullptr;
}

void push_store(duk_context* ctx) {
  duk_push_heap_stash(ctx);
  if (!duk_get_prop_string(ctx, -1, kStore)) {
    duk_pop(ctx);
    duk_push_bare_object(ctx);
    duk_dup_top(ctx);
    duk_put_prop_string(ctx, -3, kStore);
  }
  duk_remove(ctx, -2);
}

uint32_t number_of_this(duk_context* ctx) {
  duk_push_this(ctx);
  if (!duk_is_object(ctx, -1)) return 0;
  duk_get_prop_string(ctx, -1, kTerminalKey);
  const uint32_t number = duk_get_uint(ctx, -1);
  duk_pop_2(ctx);
  return number;
}

Terminal& require_terminal(duk_context* ctx, uint32_t number, const char* function) {
  Terminal* terminal = find_terminal(number);
  if (!terminal || terminal->process().fd() < 0)
    throw_error(ctx, "forkpty.%s(): the program has ended, or is not of this process", function);
  return *terminal;
}

// The methods vanish.
void strip_object(duk_context* ctx, uint32_t number) {
  push_store(ctx);
  duk_get_prop_index(ctx, -1, number);
  if (duk_is_object(ctx, -1)) {
    duk_get_prop_literal(ctx, -1, "object");
    for (const char* name : kMethodNames) duk_del_prop_string(ctx, -1, name);
    duk_pop(ctx);
  }
  duk_pop_2(ctx);
}

// Calls the callback of that name, with the object as `this`, when there is one.
template <typename PushArgument>
void call_back(JsHeap& heap, uint32_t number, const char* name, PushArgument&& push_argument) {
  duk_context* js = heap.js();
  heap.timers->run_callback([&] {
    const bool ok = run_protected(js, [&](duk_context* inner) {
      push_store(inner);
      duk_get_prop_index(inner, -1, number);
      if (!duk_is_object(inner, -1)) return;
      duk_get_prop_string(inner, -1, name);
      if (!duk_is_function(inner, -1)) return;
      duk_get_prop_literal(inner, -2, "object");
      push_argument(inner);
      duk_call_method(inner, 1);
    });
    if (ok) return;
    const std::string text = std::string("Error in forkpty ") + name + " callback:\n  " + error_text(js, -1) + "\n";
    duk_pop(js);
    about_to_block();
    [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  });
}

// Gives what is unread to the callback. What it does not read() itself it has got as its argument.
void deliver(uint32_t number) {
  Terminal* terminal = find_terminal(number);
  if (!terminal || terminal->unread().empty()) return;
  terminal->was_read = false;
  const std::string output = terminal->unread();
  call_back(terminal->heap(), number, "data", [&output](duk_context* js) { push_buffer(js, output); });
  terminal = find_terminal(number);
  if (terminal && !terminal->was_read) terminal->unread().clear();
}

uint32_t number_of(void* argument) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(argument)); }

void strip_protected(JsHeap& heap, uint32_t number) {
  const bool ok = run_protected(heap.js(), [number](duk_context* js) { strip_object(js, number); });
  if (!ok) duk_pop(heap.js());
}

void on_output(evutil_socket_t, short, void* argument) {
  const uint32_t number = number_of(argument);
  Terminal* terminal = find_terminal(number);
  if (!terminal) return;
  const bool has_more = terminal->fill(std::max(kStepBytes, terminal->unread().size() + 1));
  deliver(number);
  terminal = find_terminal(number);
  if (has_more || !terminal) return;
  terminal->hang_up();
  strip_protected(terminal->heap(), number);
}

void on_end(evutil_socket_t, short, void* argument) {
  const uint32_t number = number_of(argument);
  // What it wrote before it ended; not what others write to its terminal for ever.
  for (size_t taken = 0; taken < kMaxUnreadBytes; taken += kStepBytes) {
    Terminal* terminal = find_terminal(number);
    if (!terminal) return;
    terminal->fill(kStepBytes);
    if (terminal->unread().empty()) break;
    deliver(number);
  }
  Terminal* terminal = find_terminal(number);
  if (!terminal) return;
  JsHeap& heap = terminal->heap();
  const int status = terminal->process().reap();
  terminals().erase(number);
  strip_protected(heap, number);
  call_back(heap, number, "close", [status](duk_context* js) { duk_push_int(js, status); });
  const bool ok = run_protected(heap.js(), [number](duk_context* js) {
    push_store(js);
    duk_del_prop_index(js, -1, number);
  });
  if (!ok) duk_pop(heap.js());
}

// read([size[, max]][, asString]): what is there, after waiting for the first byte; empty at the end. `size` bounds it
// when there is no `max`.
duk_ret_t terminal_read(duk_context* ctx) {
  bool as_string = false;
  size_t max = kMaxUnreadBytes;
  for (duk_idx_t i = 0; i < duk_get_top(ctx); ++i) {
    if (duk_is_boolean(ctx, i)) {
      as_string = duk_get_boolean(ctx, i) != 0;
    } else if (duk_is_number(ctx, i)) {
      const double wanted = duk_get_number(ctx, i);
      if (wanted >= 1) max = static_cast<size_t>(std::min(wanted, static_cast<double>(kMaxUnreadBytes)));
    } else if (is_given(ctx, i)) {
      throw_type_error(ctx, "forkpty.read(): Numbers and a Boolean are expected");
    }
  }
  const uint32_t number = number_of_this(ctx);
  for (;;) {
    Terminal& terminal = require_terminal(ctx, number, "read");
    const bool has_more = terminal.fill(max);
    if (!terminal.unread().empty()) break;
    if (!has_more) {
      terminal.hang_up();
      strip_object(ctx, number);
      break;
    }
    wait_for_descriptor(ctx, terminal.process().fd(), POLLIN);
  }
  Terminal* terminal = find_terminal(number);
  terminal->was_read = true;
  const std::string output = terminal->unread().substr(0, max);
  terminal->unread().erase(0, output.size());
  if (as_string) {
    push_text(ctx, output);
  } else {
    push_buffer(ctx, output);
  }
  return 1;
}

// write(data)
duk_ret_t terminal_write(duk_context* ctx) {
  duk_set_top(ctx, 1);
  std::string scratch;
  const std::string data(data_at(ctx, 0, scratch, "forkpty.write(): a String or Buffer is required"));
  const uint32_t number = number_of_this(ctx);
  about_to_block();
  size_t written = 0;
  while (written < data.size()) {
    Terminal& terminal = require_terminal(ctx, number, "write");
    const ssize_t count = terminal.process().write_some(std::string_view(data).substr(written));
    if (count >= 0) {
      written += static_cast<size_t>(count);
    } else if (errno == EIO && written > 0) {
      break;
    } else if (errno != EAGAIN) {
      throw_error(ctx, "forkpty.write(): %s", errno_text(errno).c_str());
    } else {
      // The program may not go on before its own output is taken.
      terminal.fill(kMaxUnreadBytes);
      if (terminal.unread().size() >= kMaxUnreadBytes)
        throw_error(ctx, "forkpty.write(): the program writes more than it reads, and nobody reads that");
      wait_for_descriptor(ctx, terminal.process().fd(), POLLIN | POLLOUT);
    }
  }
  duk_push_number(ctx, static_cast<double>(written));
  return 1;
}

unsigned short size_at(duk_context* ctx, duk_idx_t index) {
  const double size = duk_is_number(ctx, index) ? duk_get_number(ctx, index) : 0;
  if (!(size >= 1 && size <= UINT16_MAX))
    throw_type_error(ctx, "forkpty.resize(): width and height must be Numbers from 1 to %d", UINT16_MAX);
  return static_cast<unsigned short>(size);
}

// resize(width, height), in characters
duk_ret_t terminal_resize(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const unsigned short columns = size_at(ctx, 0);
  const unsigned short rows = size_at(ctx, 1);
  if (!require_terminal(ctx, number_of_this(ctx), "resize").process().resize(columns, rows))
    throw_error(ctx, "forkpty.resize(): %s", errno_text(errno).c_str());
  return 0;
}

// on("data" or "close", callback)
duk_ret_t terminal_on(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const std::string name = is_text(ctx, 0) ? text_at(ctx, 0) : "";
  if (name != "data" && name != "close")
    throw_type_error(ctx, "forkpty.on(): first argument must be \"data\" or \"close\"");
  if (!duk_is_function(ctx, 1)) throw_type_error(ctx, "forkpty.on(): second argument must be a Function");
  const uint32_t number = number_of_this(ctx);
  Terminal& terminal = require_terminal(ctx, number, "on");
  push_store(ctx);
  duk_get_prop_index(ctx, -1, number);
  duk_dup(ctx, 1);
  duk_put_prop_string(ctx, -2, name.c_str());
  if (name == "data" && !terminal.watch_output(on_output, reinterpret_cast<void*>(uintptr_t{number})))
    throw_error(ctx, "forkpty.on(): out of memory");
  duk_push_this(ctx);
  return 1;
}

// Pushes the object of the program and stores it.
void push_terminal(duk_context* ctx, uint32_t number, pid_t pid) {
  static constexpr FunctionEntry kMethods[] = {
      {"read", guarded<terminal_read>},
      {"write", guarded<terminal_write>},
      {"resize", guarded<terminal_resize>},
      {"on", guarded<terminal_on>},
  };
  push_store(ctx);
  duk_push_bare_object(ctx);
  duk_push_object(ctx);
  duk_push_int(ctx, pid);
  duk_put_prop_literal(ctx, -2, "pid");
  put_functions(ctx, kMethods);
  duk_push_uint(ctx, number);
  duk_put_prop_string(ctx, -2, kTerminalKey);
  duk_dup_top(ctx);
  duk_put_prop_literal(ctx, -3, "object");
  duk_insert(ctx, -3);
  duk_put_prop_index(ctx, -2, number);
  duk_pop(ctx);
}

// forkpty(command[, {env, appendEnv}][, args...])
duk_ret_t utils_forkpty(duk_context* ctx) {
  const duk_idx_t options = find_program_options(ctx);
  const duk_idx_t command = options == 0 ? 1 : 0;
  if (!is_text(ctx, command)) throw_error(ctx, "forkpty(): first argument must be a String (command to execute)");
  TerminalRequest request;
  request.program = program_word(ctx, command, "forkpty()", "command");
  request.arguments = {request.program};
  for (duk_idx_t i = command + 1; i < duk_get_top(ctx); ++i) {
    if (i != options) request.arguments.push_back(program_word(ctx, i, "forkpty()", "argument"));
  }
  if (options >= 0) read_environment(ctx, options, "forkpty()", request.environment);
  JsHeap& heap = JsHeap::of(ctx);
  event_base* base = heap.timers ? heap.timers->base() : nullptr;
  if (!base) throw_error(ctx, "forkpty(): this process has no event loop");

  static uint32_t last_number = 0;
  const uint32_t number = ++last_number;
  auto terminal = std::make_unique<Terminal>(heap);
  about_to_block();
  if (const int error = terminal->process().start(request); error != 0)
    throw_error(ctx, "forkpty(): could not execute %s: %s", request.program.c_str(), errno_text(error).c_str());
  const pid_t pid = terminal->process().pid();
  if (!terminal->watch_end(base, on_end, reinterpret_cast<void*>(uintptr_t{number})))
    throw_error(ctx, "forkpty(): out of memory");
  terminals().emplace(number, std::move(terminal));
  push_terminal(ctx, number, pid);
  return 1;
}

}  // namespace

void put_forkpty_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"forkpty", guarded<utils_forkpty>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
