#include "worker/utils/process_pipe.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/limits.h"
#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/event_data.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_timers.h"
#include "worker/utils/arguments.h"
#include "worker/utils/waiting.h"

namespace ravelin::worker {
namespace {

constexpr char kPipeKey[] = DUK_HIDDEN_SYMBOL("pipe");
constexpr const char* kStore = "ravelinPipes";  // in the heap stash: callbacks of onRead() by number
constexpr size_t kReadStep = 64 * 1024;
constexpr int kMessagesPerTurn = 64;  // of one pipe: others want to be served, too

// On the way: the length of the CBOR in four bytes of this machine, then the CBOR (event_data.h).
using Length = uint32_t;

class Pipe {
 public:
  enum class Next { kMessage, kNeedMore, kEnd };

  Pipe(JsHeap& heap, UniqueFd own_end, UniqueFd other_end)
      : heap_(heap), pid_(getpid()), own_end_(std::move(own_end)), other_end_(std::move(other_end)) {}
  ~Pipe() {
    // A child that was not given the pipe has closed its descriptors: the numbers may be others' by now, and the event
    // lies in the base of the parent.
    if (pid_ != getpid()) {
      own_end_.release();
      other_end_.release();
    } else {
      stop_listening();
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  JsHeap& heap() const { return heap_; }
  bool is_of_this_process() const { return pid_ == getpid(); }
  bool has_both_ends() const { return static_cast<bool>(other_end_); }
  bool is_listening() const { return event_ != nullptr; }
  int child_end() const { return other_end_.get(); }
  int write_fd() const { return own_end_.get(); }
  int read_fd() const { return has_both_ends() ? other_end_.get() : own_end_.get(); }
  const std::string& error() const { return error_; }

  void leave_to_child() {
    const bool was_listening = is_listening();
    const event_callback_fn callback = was_listening ? event_get_callback(event_) : nullptr;
    void* argument = was_listening ? event_get_callback_arg(event_) : nullptr;
    event_base* base = was_listening ? event_get_base(event_) : nullptr;
    stop_listening();
    other_end_.reset();
    received_.clear();  // the child has it, too, and it is the child's: written by its parent
    if (was_listening) listen(base, callback, argument);
  }
  void take_from_parent() {
    pid_ = getpid();
    own_end_.release();
    own_end_ = std::move(other_end_);
    event_ = nullptr;
  }

  // Takes what has come; kEnd: nothing will come any more, see error().
  Next next(std::string& message) {
    for (;;) {
      if (received_.size() >= sizeof(Length)) {
        Length length = 0;
        memcpy(&length, received_.data(), sizeof length);
        if (length > limits::kMaxEventBytes) return fail("a message is too long");
        if (received_.size() >= sizeof length + length) {
          message.assign(received_, sizeof length, length);
          received_.erase(0, sizeof length + length);
          return Next::kMessage;
        }
      }
      char piece[kReadStep];
      const ssize_t count = recv(read_fd(), piece, sizeof piece, MSG_DONTWAIT);
      if (count > 0) {
        received_.append(piece, static_cast<size_t>(count));
      } else if (count == 0) {
        return fail("the other process has closed the pipe");
      } else if (errno == EAGAIN) {
        return Next::kNeedMore;
      } else if (errno != EINTR) {
        return fail(errno_text(errno));
      }
    }
  }

  bool listen(event_base* base, event_callback_fn callback, void* argument) {
    stop_listening();
    event_ = event_new(base, read_fd(), EV_READ | EV_PERSIST, callback, argument);
    return event_ && event_add(event_, nullptr) == 0;
  }
  // For messages that have been received with others: the descriptor will not tell of them.
  void wake_again() {
    if (event_) event_active(event_, EV_READ, 0);
  }
  void stop_listening() {
    if (event_) event_free(event_);
    event_ = nullptr;
  }

 private:
  Next fail(std::string error) {
    error_ = std::move(error);
    return Next::kEnd;
  }

  JsHeap& heap_;
  pid_t pid_;
  UniqueFd own_end_;
  UniqueFd other_end_;  // of the child to come; until then what is written comes out here
  event* event_ = nullptr;
  std::string received_;
  std::string error_;
};

// Never destroyed: at exit the event base may be gone before them.
std::map<uint32_t, std::unique_ptr<Pipe>>& pipes() {
  static auto& open_pipes = *new std::map<uint32_t, std::unique_ptr<Pipe>>;
  return open_pipes;
}

Pipe* find_pipe(uint32_t number) {
  const auto found = pipes().find(number);
  return found != pipes().end() && found->second->is_of_this_process() ? found->second.get() : nullptr;
}

// 0 when the value is no pipe.
uint32_t number_at(duk_context* ctx, duk_idx_t index) {
  if (!duk_is_object(ctx, index)) return 0;
  duk_get_prop_string(ctx, index, kPipeKey);
  const uint32_t number = duk_get_uint(ctx, -1);
  duk_pop(ctx);
  return number;
}

uint32_t number_of_this(duk_context* ctx, const char* function) {
  duk_push_this(ctx);
  const uint32_t number = number_at(ctx, -1);
  duk_pop(ctx);
  if (number == 0) throw_type_error(ctx, "pipe.%s(): not called on a pipe of rampart.utils.newPipe()", function);
  return number;
}

Pipe& open_pipe(duk_context* ctx, uint32_t number, const char* function) {
  Pipe* pipe = find_pipe(number);
  if (!pipe) throw_error(ctx, "pipe.%s(): the pipe is closed, or was not given to this process", function);
  return *pipe;
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

void close_pipe(duk_context* ctx, uint32_t number) {
  pipes().erase(number);
  push_store(ctx);
  duk_del_prop_index(ctx, -1, number);
  duk_pop(ctx);
}

// write(value)
duk_ret_t pipe_write(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const uint32_t number = number_of_this(ctx, "write");
  const std::string data = encode_event_data(ctx, 0);
  const auto length = static_cast<Length>(data.size());
  std::string message(reinterpret_cast<const char*>(&length), sizeof length);
  message += data;
  about_to_block();
  for (std::string_view rest = message; !rest.empty();) {
    Pipe& pipe = open_pipe(ctx, number, "write");
    const ssize_t sent = send(pipe.write_fd(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      rest.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      if (pipe.has_both_ends()) {
        close_pipe(ctx, number);  // a part of the message may be in it
        throw_error(ctx, "pipe.write(): the pipe is full, and no other process reads it");
      }
      // What cannot be completed would be the beginning of everything that follows.
      const int fd = pipe.write_fd();
      if (!run_protected(ctx, [fd](duk_context* inner) { wait_for_descriptor(inner, fd, POLLOUT); })) {
        if (rest.size() < message.size()) close_pipe(ctx, number);
        duk_throw(ctx);
      }
    } else if (errno != EINTR) {
      throw_error(ctx, "pipe.write(): %s", errno_text(errno).c_str());
    }
  }
  return 0;
}

// Pushes value and error, of which one is undefined.
void push_outcome(duk_context* ctx, const std::string* message, const std::string& error) {
  if (!message) {
    duk_push_undefined(ctx);
    push_text(ctx, error);
    return;
  }
  duk_push_undefined(ctx);
  const duk_idx_t slot = duk_get_top_index(ctx);
  const bool ok = run_protected(ctx, [message, slot](duk_context* inner) {
    push_event_data(inner, *message);
    duk_replace(inner, slot);
  });
  if (ok) {
    duk_push_undefined(ctx);
    return;
  }
  push_text(ctx, error_message(ctx, -1));
  duk_remove(ctx, -2);
}

// read([callback(value, error)])
duk_ret_t pipe_read(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const uint32_t number = number_of_this(ctx, "read");
  if (is_given(ctx, 0) && !duk_is_function(ctx, 0))
    throw_type_error(ctx, "pipe.read(): the callback must be a Function");
  std::string message;
  Pipe::Next next = open_pipe(ctx, number, "read").next(message);
  while (next == Pipe::Next::kNeedMore) {
    wait_for_descriptor(ctx, open_pipe(ctx, number, "read").read_fd(), POLLIN);
    next = open_pipe(ctx, number, "read").next(message);
  }
  const bool has_value = next == Pipe::Next::kMessage;
  const std::string error = has_value ? "" : open_pipe(ctx, number, "read").error();
  if (duk_is_function(ctx, 0)) {
    push_outcome(ctx, has_value ? &message : nullptr, error);
    duk_call(ctx, 2);
    return 0;
  }
  duk_push_object(ctx);
  push_outcome(ctx, has_value ? &message : nullptr, error);
  const bool failed = !duk_is_undefined(ctx, -1);
  duk_remove(ctx, failed ? -2 : -1);
  duk_put_prop_string(ctx, -2, failed ? "error" : "value");
  return 1;
}

// Calls the callback of onRead(). False when the pipe is closed, that is gone.
bool report(JsHeap& heap, uint32_t number, const std::string* message, const std::string& reason) {
  duk_context* js = heap.js();
  heap.timers->run_callback([&] {
    const bool ok = run_protected(js, [&](duk_context* inner) {
      push_store(inner);
      duk_get_prop_index(inner, -1, number);
      if (!duk_is_function(inner, -1)) return;
      push_outcome(inner, message, reason);
      duk_call(inner, 2);
    });
    if (ok) return;
    const std::string text = "Error in onRead callback:\n  " + error_text(js, -1) + "\n";
    duk_pop(js);
    about_to_block();
    [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  });
  return find_pipe(number) != nullptr;
}

void on_readable(evutil_socket_t, short, void* argument) {
  const auto number = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(argument));
  std::string message;
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    Pipe* pipe = find_pipe(number);
    if (!pipe || !pipe->is_listening()) return;
    const Pipe::Next next = pipe->next(message);
    if (next == Pipe::Next::kNeedMore) return;
    if (next == Pipe::Next::kEnd) {
      pipe->stop_listening();
      report(pipe->heap(), number, nullptr, std::string(pipe->error()));
      return;
    }
    if (!report(pipe->heap(), number, &message, "")) return;
  }
  if (Pipe* pipe = find_pipe(number)) pipe->wake_again();
}

// onRead(callback(value, error))
duk_ret_t pipe_on_read(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const uint32_t number = number_of_this(ctx, "onRead");
  if (!duk_is_function(ctx, 0)) throw_type_error(ctx, "pipe.onRead(): a callback Function is required");
  Pipe& pipe = open_pipe(ctx, number, "onRead");
  JsHeap& heap = JsHeap::of(ctx);
  event_base* base = heap.timers ? heap.timers->base() : nullptr;
  if (!base) throw_error(ctx, "pipe.onRead(): this process has no event loop");
  push_store(ctx);
  duk_dup(ctx, 0);
  duk_put_prop_index(ctx, -2, number);
  if (!pipe.listen(base, on_readable, reinterpret_cast<void*>(uintptr_t{number})))
    throw_error(ctx, "pipe.onRead(): out of memory");
  pipe.wake_again();
  return 0;
}

duk_ret_t pipe_close(duk_context* ctx) {
  close_pipe(ctx, number_of_this(ctx, "close"));
  return 0;
}

// A pipe whose object is gone can only be of use to its callback.
duk_ret_t finalize_pipe(duk_context* ctx) {
  duk_push_string(ctx, kPipeKey);
  duk_get_prop_desc(ctx, 0, 0);
  if (duk_is_undefined(ctx, -1)) return 0;  // an object that inherits from a pipe
  const uint32_t number = number_at(ctx, 0);
  const auto found = pipes().find(number);
  if (found != pipes().end() && !(found->second->is_of_this_process() && found->second->is_listening()))
    pipes().erase(found);
  return 0;
}

duk_ret_t utils_new_pipe(duk_context* ctx) {
  static constexpr FunctionEntry kMethods[] = {
      {"write", guarded<pipe_write>},
      {"read", guarded<pipe_read>},
      {"onRead", guarded<pipe_on_read>},
      {"close", guarded<pipe_close>},
  };
  auto ends = make_socketpair();
  if (!ends) throw_error(ctx, "newPipe(): %s", ends.error().message.c_str());
  static uint32_t last_number = 0;
  const uint32_t number = ++last_number;
  duk_push_object(ctx);
  put_functions(ctx, kMethods);
  duk_push_uint(ctx, number);
  duk_put_prop_string(ctx, -2, kPipeKey);
  duk_push_c_function(ctx, finalize_pipe, 1);
  duk_set_finalizer(ctx, -2);
  pipes().emplace(
      number, std::make_unique<Pipe>(JsHeap::of(ctx), std::move(ends.value().first), std::move(ends.value().second)));
  return 1;
}

}  // namespace

void put_pipe_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"newPipe", guarded<utils_new_pipe>}};
  put_functions(ctx, kFunctions);
}

std::vector<uint32_t> pipes_for_child(duk_context* ctx, const char* function) {
  std::vector<uint32_t> numbers;
  for (duk_idx_t i = 0; i < duk_get_top(ctx); ++i) {
    const uint32_t number = number_at(ctx, i);
    const Pipe* pipe = find_pipe(number);
    const char* problem = number == 0              ? "is no pipe of rampart.utils.newPipe()"
                          : !pipe                  ? "is closed"
                          : !pipe->has_both_ends() ? "belongs to another child"
                                                   : nullptr;
    if (problem) throw_error(ctx, "%s(): argument %d %s", function, i + 1, problem);
    if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
  }
  return numbers;
}

std::vector<int> child_ends(const std::vector<uint32_t>& numbers) {
  std::vector<int> ends;
  for (const uint32_t number : numbers) ends.push_back(pipes().at(number)->child_end());
  std::sort(ends.begin(), ends.end());
  return ends;
}

void leave_to_child(const std::vector<uint32_t>& numbers) {
  for (const uint32_t number : numbers) pipes().at(number)->leave_to_child();
}

void take_from_parent(const std::vector<uint32_t>& numbers) {
  for (const uint32_t number : numbers) pipes().at(number)->take_from_parent();
}

}  // namespace ravelin::worker
