#include "worker/js_events.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sys.h"
#include "ipc/event_frames.h"
#include "worker/block_hook.h"
#include "worker/event_data.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_modules.h"

namespace ravelin::worker {

namespace {

constexpr const char* kStore = "ravelinEvents";  // in the heap stash: listener id -> [callback, userVar]
constexpr char kScopeMark = '\xFF';              // begins no String of a script

void push_store(duk_context* js) {
  duk_push_heap_stash(js);
  if (!duk_get_prop_string(js, -1, kStore)) {
    duk_pop(js);
    duk_push_bare_object(js);
    duk_dup_top(js);
    duk_put_prop_string(js, -3, kStore);
  }
  duk_remove(js, -2);
}

void delete_entry(duk_context* js, uint64_t id) {
  StackGuard guard(js);
  push_store(js);
  duk_push_number(js, static_cast<double>(id));
  duk_del_prop(js, -2);
}

bool is_text(duk_context* js, duk_idx_t index) { return duk_is_string(js, index) && !duk_is_symbol(js, index); }

bool is_given(duk_context* js, duk_idx_t index) { return duk_get_top(js) > index && !duk_is_undefined(js, index); }

}  // namespace

JsEvents::JsEvents(event_base* base, duk_context* js) : js_(js) {
  CHECK(!JsHeap::of(js).events);
  JsHeap::of(js).events = this;
  abandon_after_fork(base);
}

JsEvents::~JsEvents() {
  if (event_) event_free(event_);
  JsHeap::of(js_).events = nullptr;
}

void JsEvents::install() {
  constexpr duk_function_list_entry kFunctions[] = {
      {"on", guarded<native_on>, DUK_VARARGS},
      {"trigger", guarded<native_trigger>, DUK_VARARGS},
      {"off", guarded<native_off>, DUK_VARARGS},
      {"remove", guarded<native_remove>, DUK_VARARGS},
      {"scopeToModule", guarded<native_scope_to_module>, 0},
      {nullptr, nullptr, 0},
  };
  StackGuard guard(js_);
  duk_get_global_literal(js_, "rampart");
  duk_push_object(js_);
  duk_put_function_list(js_, -1, kFunctions);
  duk_put_prop_literal(js_, -2, "event");
}

void JsEvents::move_after_fork(event_base* fresh_base) {
  // A removal ends listeners here as it does there.
  std::erase_if(queue_, [](const Queued& item) { return item.kind == Kind::kTrigger; });
  queued_bytes_ = received_bytes_ = 0;
  for (Queued& item : queue_) {
    item.is_received = false;
    queued_bytes_ += item.cost();
  }
  reading_stopped_ = is_armed_ = unsynced_ = is_waiting_ = false;
  uplink_ = nullptr;
  base_ = fresh_base;
  event_ = nullptr;  // the old one lies in the parent's base: freeing it would touch that base
  if (base_) {
    event_ = evtimer_new(base_, on_event, this);
    CHECK(event_);
  }
  if (!queue_.empty()) arm();
}

void JsEvents::abandon_after_fork(event_base* fresh_base) {
  queue_.clear();
  move_after_fork(fresh_base);
  events_.clear();
  name_bytes_ = 0;
  const bool ok = run_protected(js_, [](duk_context* js) {
    duk_push_heap_stash(js);
    duk_del_prop_string(js, -1, kStore);
  });
  if (!ok) duk_pop(js_);
}

// --- what scripts call

JsEvents& JsEvents::of(duk_context* js) {
  JsEvents* self = JsHeap::of(js).events;
  if (!self) throw_error(js, "rampart.event: this context has no event loop");
  return *self;
}

// Whether scopeToModule() was called, in whatever context: it cannot be undone.
bool JsEvents::is_scoped() {
  if (!scope_to_module_ && uplink_) scope_to_module_ = uplink_->words().scoped.load(std::memory_order_acquire) != 0;
  return scope_to_module_;
}

// The name under which an event is known everywhere (runtime-api 4.6).
std::string JsEvents::scoped(duk_context* js, std::string_view event) {
  std::string name;
  if (JsModules* modules = JsHeap::of(js).modules; modules && is_scoped()) {
    const std::string_view module = modules->calling_module(js);
    if (!module.empty()) name.append(1, kScopeMark).append(module).append(1, '\0');
  }
  return name.append(event);
}

std::string JsEvents::name_argument(duk_context* js, duk_idx_t index, const char* error) const {
  if (duk_get_top(js) <= index || !is_text(js, index)) throw_error(js, "%s", error);
  return std::string(engine_text(js, index));
}

// Strictly ascending monotonic time, so that a removal and a registration are never of the same time.
uint64_t JsEvents::stamp() { return last_stamp_ = std::max(last_stamp_ + 1, monotonic_ns()); }

void JsEvents::check_room_for_event(duk_context* js, std::string_view event) const {
  if (events_.size() >= limits::kMaxEventsPerContext || name_bytes_ + event.size() > limits::kMaxEventNamesBytes)
    throw_range_error(js, "event.on: this context listens to too many events");
}

duk_ret_t JsEvents::native_on(duk_context* js) {
  JsEvents& self = of(js);
  duk_idx_t callback = -1, texts[2] = {-1, -1};
  int text_count = 0;
  for (duk_idx_t i = 0; i < std::min<duk_idx_t>(duk_get_top(js), 3); ++i) {
    if (duk_is_function(js, i)) {
      callback = i;
    } else if (is_text(js, i) && text_count < 2) {
      texts[text_count++] = i;
    }
  }
  if (callback < 0 || text_count < 2) {
    throw_error(js,
                "event.on: parameters must be a string (event name), a second string(function name) and a "
                "function(callback)");
  }
  std::string event = self.scoped(js, engine_text(js, texts[0]));
  std::string name(engine_text(js, texts[1]));
  if (event.size() > limits::kMaxEventNameBytes || name.size() > limits::kMaxEventNameBytes)
    throw_range_error(js, "event.on: a name has more than %zu bytes", limits::kMaxEventNameBytes);
  if (!self.events_.contains(event)) self.check_room_for_event(js, event);

  // What can fail, or run a finalizer that registers too, comes first; the listener exists when all is stored.
  const uint64_t id = self.next_id_++;
  const bool has_variable = duk_get_top(js) > 3;
  push_store(js);
  duk_push_number(js, static_cast<double>(id));
  duk_push_array(js);
  void* entry = duk_get_heapptr(js, -1);
  duk_dup(js, callback);
  duk_put_prop_index(js, -2, 0);
  has_variable ? duk_dup(js, 3) : duk_push_undefined(js);
  duk_put_prop_index(js, -2, 1);
  duk_put_prop(js, -3);
  const uint64_t replaced = self.add(std::move(event), Listener{std::move(name), entry, id, self.stamp()});
  if (replaced != 0) delete_entry(js, replaced);
  return 0;
}

// The id of the listener of the same name whose place it takes, or 0.
uint64_t JsEvents::add(std::string event, Listener listener) {
  auto found = events_.find(event);
  if (found == events_.end()) {
    // Each step may find no memory: none leaves an event without a listener, or one that the hub does not know.
    Listeners listeners;
    listeners.push_back(std::move(listener));
    send_on(event);
    found = events_.emplace(std::move(event), std::move(listeners)).first;
    name_bytes_ += found->first.size();
    return 0;
  }
  for (Listener& old : found->second) {
    if (old.name != listener.name) continue;
    const uint64_t replaced = old.id;
    old = std::move(listener);  // it keeps its place in the order
    return replaced;
  }
  found->second.push_back(std::move(listener));
  return 0;
}

duk_ret_t JsEvents::native_trigger(duk_context* js) {
  JsEvents& self = of(js);
  const std::string event =
      self.scoped(js, self.name_argument(js, 0, "event.trigger: parameter must be a string (event name)"));
  if (event.size() > limits::kMaxEventNameBytes)
    throw_range_error(js, "event.trigger: the name has more than %zu bytes", limits::kMaxEventNameBytes);
  std::string data;
  if (is_given(js, 1)) data = encode_event_data(js, 1);
  const bool is_heard_here = self.events_.contains(event);
  if (is_heard_here) self.check_queue(js);
  self.send_trigger(js, event, data);
  if (is_heard_here) self.queue({Kind::kTrigger, false, 0, event, std::move(data), UniqueFd(), 0});
  return 0;
}

duk_ret_t JsEvents::native_off(duk_context* js) {
  JsEvents& self = of(js);
  std::string event = self.scoped(js, self.name_argument(js, 0, "event.off: parameter must be a string (event name)"));
  std::string name = self.name_argument(js, 1, "event.off: second parameter must be a string (function name)");
  if (event.size() > limits::kMaxEventNameBytes || name.size() > limits::kMaxEventNameBytes) return 0;  // is unknown
  const bool is_heard_here = self.events_.contains(event);
  if (is_heard_here) self.check_queue(js);
  const uint64_t now = self.stamp();
  self.send_end(js, Kind::kOff, event, name, now);
  if (is_heard_here) self.queue({Kind::kOff, false, now, std::move(event), std::move(name), UniqueFd(), 0});
  return 0;
}

duk_ret_t JsEvents::native_remove(duk_context* js) {
  JsEvents& self = of(js);
  std::string event =
      self.scoped(js, self.name_argument(js, 0, "event.remove: parameter must be a string (event name)"));
  if (event.size() > limits::kMaxEventNameBytes) return 0;
  const bool is_heard_here = self.events_.contains(event);
  if (is_heard_here) self.check_queue(js);
  const uint64_t now = self.stamp();
  self.send_end(js, Kind::kRemove, event, {}, now);
  if (is_heard_here) self.queue({Kind::kRemove, false, now, std::move(event), {}, UniqueFd(), 0});
  return 0;
}

duk_ret_t JsEvents::native_scope_to_module(duk_context* js) {
  JsEvents& self = of(js);
  if (self.is_scoped()) return 0;
  self.scope_to_module_ = true;
  self.send_scope();
  return 0;
}

// --- the queue and the callbacks

// What is queued runs only when the script returns: one that triggers for ever would fill the memory.
void JsEvents::check_queue(duk_context* js) const {
  if (queued_bytes_ <= limits::kEventQueueBytes) return;
  throw_range_error(js, "rampart.event: more than %zu MB of events wait for this context's own listeners",
                    limits::kEventQueueBytes >> 20);
}

void JsEvents::queue(Queued item) {
  queued_bytes_ += item.cost();
  if (item.is_received) received_bytes_ += item.cost();
  queue_.push_back(std::move(item));
  arm();
}

// Through a timer, which the loop looks at once per turn: an active event would run within the same turn, and one that
// triggers itself would leave no room for I/O.
void JsEvents::arm() {
  if (is_armed_ || !event_) return;
  is_armed_ = true;
  const timeval at_once{0, 0};
  CHECK(event_add(event_, &at_once) == 0);
}

void JsEvents::on_event(evutil_socket_t, short, void* self) { static_cast<JsEvents*>(self)->run_round(); }

void JsEvents::run_round() {
  is_armed_ = false;
  if (uplink_) uplink_->flush();
  // What callbacks trigger waits for the next round.
  const uint64_t end_ns = monotonic_ns() + limits::kEventRoundNs;
  for (size_t left = queue_.size(); left > 0 && !queue_.empty(); --left) {
    Queued item = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= item.cost();
    if (item.is_received) received_bytes_ -= item.cost();
    run(item);
    if (monotonic_ns() >= end_ns) break;
  }
  if (!queue_.empty()) arm();
  if (uplink_) uplink_->flush();
  if (reading_stopped_ && received_bytes_ <= limits::kEventInboxBytes / 2) {
    reading_stopped_ = false;
    if (uplink_) uplink_->resume_reading();
  }
}

void JsEvents::run(Queued& item) {
  if (item.kind == Kind::kTrigger) return deliver(item);
  end_listeners(item);
}

// A removal ends what was registered when it was issued; what came later stays (runtime-api 4.4).
void JsEvents::end_listeners(const Queued& item) {
  auto found = events_.find(item.event);
  if (found == events_.end()) return;
  std::vector<uint64_t> ended;
  std::erase_if(found->second, [&](const Listener& listener) {
    const bool is_meant = item.kind == Kind::kRemove || listener.name == item.text;
    if (!is_meant || listener.registered_ns >= item.issued_ns) return false;
    ended.push_back(listener.id);
    return true;
  });
  if (found->second.empty()) {
    name_bytes_ -= found->first.size();
    send_unlisten(found->first);
    events_.erase(found);
  }
  // Last, because what is freed may have a finalizer that registers again.
  const bool ok = run_protected(js_, [&](duk_context* js) {
    for (uint64_t id : ended) delete_entry(js, id);
  });
  if (!ok) duk_pop(js_);
}

void JsEvents::deliver(const Queued& item) {
  auto found = events_.find(item.event);
  if (found == events_.end()) return;
  // A callback (or a finalizer) may add listeners; none can vanish, since removals are queued.
  Listeners& listeners = found->second;  // stays where it is, unlike what is in it
  StackGuard guard(js_);
  if (!duk_check_stack(js_, 16)) return;
  const duk_idx_t data = duk_get_top(js_);
  duk_push_undefined(js_);
  if (!push_data(item, data)) return;
  const size_t count = listeners.size();  // those that a callback adds get the next trigger
  for (size_t i = 0; i < count; ++i) {
    if (before_callback_) before_callback_();
    call(listeners[i].entry, data);
    if (after_callback_) after_callback_();
  }
}

// Puts the data of the trigger into the stack's slot, where all callbacks share it.
bool JsEvents::push_data(const Queued& item, duk_idx_t slot) {
  const bool ok = run_protected(js_, [&](duk_context* js) {
    std::string from_file;
    if (item.memfd_bytes > 0 && !read_memfd(item.memfd, item.memfd_bytes, from_file))
      throw_error(js, "its data could not be read: %s", errno_text(errno).c_str());
    push_event_data(js, item.memfd_bytes > 0 ? from_file : item.text);
    duk_replace(js, slot);
  });
  if (ok) return true;
  log_line("error: an event was dropped: " + error_message(js_, -1));
  duk_pop(js_);
  return false;
}

void JsEvents::call(void* entry, duk_idx_t data) {
  const bool ok = run_protected(js_, [entry, data](duk_context* js) {
    duk_push_heapptr(js, entry);
    duk_get_prop_index(js, -1, 0);
    duk_push_global_object(js);
    duk_get_prop_index(js, -3, 1);
    duk_dup(js, data);
    duk_call_method(js, 2);
  });
  if (ok) return;
  std::string line = "Error in event callback: " + error_text(js_, -1) + "\n";
  duk_pop(js_);
  about_to_block();
  // One write, so that lines of several processes do not mix. Nobody can be told when stderr itself is gone.
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace ravelin::worker
