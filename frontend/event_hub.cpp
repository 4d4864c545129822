#include "frontend/event_hub.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/check.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sys.h"
#include "ipc/event_frames.h"

namespace ravelin::frontend {

using ipc::FrameType;

namespace {

// What waits for a context: bytes in its channel's buffer, and the data in descriptors beside them.
uint64_t load_of(ipc::Channel& channel) { return channel.unsent() + channel.unsent_weight(); }

// A memfd whose size cannot shrink under its readers. Other files could: and reading them could block.
bool holds_data(const UniqueFd& memfd, uint64_t bytes) {
  struct stat status {};
  int seals = fcntl(memfd.get(), F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && fstat(memfd.get(), &status) == 0 &&
         static_cast<uint64_t>(status.st_size) >= bytes;
}

}  // namespace

void EventHub::attach(ContextId id, Port& port, std::string name) {
  detach(id);
  Context& context = contexts_[id];
  context.port = &port;
  context.name = std::move(name);
  if (is_scoped_) port.words().scoped.store(1, std::memory_order_release);
}

void EventHub::detach(ContextId id) {
  Context& context = contexts_[id];
  if (context.port == nullptr) return;
  if (context.events > 0) {
    for (auto entry = events_.begin(); entry != events_.end();) {
      std::erase(entry->second, id);
      entry = entry->second.empty() ? events_.erase(entry) : std::next(entry);
    }
  }
  std::erase(uncredited_, id);
  std::erase(congested_, id);
  context = Context{};
}

const char* EventHub::handle(ContextId id, ipc::Frame& frame) {
  Context& context = contexts_[id];
  if (context.port == nullptr) return "event frame of a context that takes no part in events";
  switch (frame.type) {
    case FrameType::kEventOn: {
      auto on = ipc::decode_event_on(frame.payload);
      if (!on) return "EventOn that does not decode";
      if (const char* fault = on_listen(id, on->event)) return fault;
      context.port->words().synced.store(on->serial, std::memory_order_release);
      return nullptr;
    }
    case FrameType::kEventUnlisten:
      on_unlisten(id, frame.payload);
      return nullptr;
    case FrameType::kEventOff:
    case FrameType::kEventRemove: {
      bool is_off = frame.type == FrameType::kEventOff;
      auto end = is_off ? ipc::decode_event_off(frame.payload) : ipc::decode_event_remove(frame.payload);
      if (!end) return "EventOff or EventRemove that does not decode";
      if (const char* fault = charge(id, frame, 0)) return fault;
      pass_on(id, end->event, frame.type, frame, 0);
      return nullptr;
    }
    case FrameType::kEventTrigger:
      return on_trigger(id, frame);
    case FrameType::kEventScope:
      return on_scope(id, frame);
    default:
      return "frame of a type that this side does not take";
  }
}

const char* EventHub::on_listen(ContextId id, std::string_view event) {
  Context& context = contexts_[id];
  auto found = events_.find(event);
  if (found == events_.end()) found = events_.emplace(event, std::vector<ContextId>()).first;
  std::vector<ContextId>& ids = found->second;
  if (std::find(ids.begin(), ids.end(), id) != ids.end()) return nullptr;
  ids.push_back(id);
  context.events += 1;
  context.name_bytes += event.size();
  bool too_many = context.events > limits::kMaxEventsPerContext || context.name_bytes > limits::kMaxEventNamesBytes;
  return too_many ? "listens to too many events" : nullptr;
}

void EventHub::on_unlisten(ContextId id, std::string_view event) {
  auto found = events_.find(event);
  if (found == events_.end() || std::erase(found->second, id) == 0) return;
  contexts_[id].events -= 1;
  contexts_[id].name_bytes -= event.size();
  if (found->second.empty()) events_.erase(found);
}

const char* EventHub::on_trigger(ContextId id, ipc::Frame& frame) {
  auto message = ipc::decode_event_message(frame.payload, static_cast<bool>(frame.descriptor));
  if (!message) return "EventTrigger that does not decode";
  // Else a flood of descriptors would cost nothing of the window, and descriptors are few.
  if (frame.descriptor && message->memfd_bytes <= limits::kMaxInlineEvent)
    return "EventTrigger with a descriptor for data that fits into the frame";
  if (frame.descriptor && !holds_data(frame.descriptor, message->memfd_bytes))
    return "EventTrigger whose descriptor is no sealed memfd with its data";
  if (const char* fault = charge(id, frame, message->memfd_bytes)) return fault;
  pass_on(id, message->event, FrameType::kEventDeliver, frame, message->memfd_bytes);
  return nullptr;
}

const char* EventHub::on_scope(ContextId id, const ipc::Frame& frame) {
  auto scope = ipc::decode_event_on(frame.payload);
  if (!scope) return "EventScope that does not decode";
  is_scoped_ = true;
  for (Context& context : contexts_)
    if (context.port != nullptr) context.port->words().scoped.store(1, std::memory_order_release);
  contexts_[id].port->words().synced.store(scope->serial, std::memory_order_release);
  return nullptr;
}

// Takes the frame's bytes from the sender's window.
const char* EventHub::charge(ContextId id, const ipc::Frame& frame, uint64_t memfd_bytes) {
  Context& from = contexts_[id];
  if (from.taken - from.credited >= limits::kEventWindow) return "more events than it has credit for";
  from.taken += ipc::event_cost(frame.payload.size(), memfd_bytes);
  if (!from.is_uncredited) {
    from.is_uncredited = true;
    uncredited_.push_back(id);
  }
  return nullptr;
}

void EventHub::pass_on(ContextId from, std::string_view event, FrameType type, const ipc::Frame& frame,
                       uint64_t memfd_bytes) {
  auto found = events_.find(event);
  if (found == events_.end()) return;
  for (ContextId to : found->second) {
    if (to == from) continue;  // its own listeners have it already
    if (misses(contexts_[to], type)) {
      contexts_[to].missed += 1;
      continue;
    }
    append(contexts_[to], type, frame, memfd_bytes);
    note_load(contexts_[from], to);
  }
}

// A removal that is missed would leave its listener for ever, and removals are small and few.
bool EventHub::misses(const Context& to, FrameType type) const {
  if (!to.is_deaf) return false;
  return type == FrameType::kEventDeliver || load_of(to.port->channel()) > 2 * limits::kEventHighWater;
}

void EventHub::append(Context& to, FrameType type, const ipc::Frame& frame, uint64_t memfd_bytes) {
  UniqueFd copy;
  if (memfd_bytes > 0) {
    copy.reset(fcntl(frame.descriptor.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) {
      logf("error: an event with %llu bytes of data could not be passed on to %s: %s; it misses it",
           static_cast<unsigned long long>(memfd_bytes), to.name.c_str(), errno_text(errno).c_str());
      return;
    }
  }
  ipc::Channel& channel = to.port->channel();
  ipc::FrameWriter out(channel.out(), type, 0, 0, copy ? ipc::kFlagDescriptor : uint8_t{0});
  out.payload().append(frame.payload);
  out.finish();
  if (copy) channel.attach(out.start(), std::move(copy), memfd_bytes);
  to.port->wrote();
}

void EventHub::note_load(Context& from, ContextId id) {
  Context& to = contexts_[id];
  if (!to.is_congested) {
    if (load_of(to.port->channel()) <= limits::kEventHighWater) return;
    to.is_congested = true;
    to.moved_ns = 0;
    congested_.push_back(id);
  }
  if (std::find(from.held_by.begin(), from.held_by.end(), id) == from.held_by.end()) from.held_by.push_back(id);
}

bool EventHub::end_of_turn(uint64_t now_ns) {
  std::erase_if(congested_, [&](ContextId id) { return !watch(contexts_[id], now_ns); });
  std::erase_if(uncredited_, [&](ContextId id) { return give_credit(contexts_[id]); });
  return !congested_.empty();
}

// False when the context is congested no more.
bool EventHub::watch(Context& context, uint64_t now_ns) {
  ipc::Channel& channel = context.port->channel();
  if (load_of(channel) <= limits::kEventLowWater) {
    if (context.is_deaf)
      logf("notice: %s takes events again; it has missed %llu", context.name.c_str(),
           static_cast<unsigned long long>(context.missed));
    context.is_congested = context.is_deaf = false;
    context.missed = 0;
    return false;
  }
  // While it is congested at least so much waits, so anyone who reads at all can take it.
  uint64_t sent = channel.sent_bytes() + channel.sent_weight();
  if (context.moved_ns == 0 || sent - context.sent_bytes >= limits::kEventLowWater) {
    context.sent_bytes = sent;
    context.moved_ns = now_ns;
  } else if (!context.is_deaf && now_ns - context.moved_ns >= limits::kEventPatienceMs * kNsPerMs) {
    context.is_deaf = true;
    logf(
        "warning: %s has taken few or no events for %llu s while %llu KB of them wait; it misses what comes until it "
        "does",
        context.name.c_str(), static_cast<unsigned long long>(limits::kEventPatienceMs / 1000),
        static_cast<unsigned long long>(load_of(channel) / 1024));
  }
  return true;
}

// True when nothing is owed any more.
bool EventHub::give_credit(Context& context) {
  std::erase_if(context.held_by, [&](ContextId id) { return !contexts_[id].is_congested || contexts_[id].is_deaf; });
  if (!context.held_by.empty()) return false;
  context.credited = context.taken;
  context.is_uncredited = false;
  context.port->words().credited.store(context.credited, std::memory_order_release);
  return true;
}

size_t EventHub::listeners(std::string_view event) const {
  auto found = events_.find(event);
  return found == events_.end() ? 0 : found->second.size();
}

}  // namespace ravelin::frontend
