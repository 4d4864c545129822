// JsEvents and the hub: what is sent when a script registers or triggers, how a sender waits for its window, how a
// listener is made known, and what comes from other contexts.
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "common/clock.h"
#include "common/log.h"
#include "common/sys.h"
#include "ipc/event_frames.h"
#include "worker/block_hook.h"
#include "worker/js_error.h"
#include "worker/js_events.h"
#include "worker/script_section.h"
#include "worker/sleep_hook.h"

namespace ravelin::worker {

using ipc::FrameType;

namespace {

constexpr uint64_t kSyncNapNs = 20'000;        // the hub needs one turn of its loop
constexpr double kFirstNapSeconds = 0.000'05;  // for the window: then longer and longer, since the listener is behind
constexpr double kLongestNapSeconds = 0.002;

UniqueFd store_data(duk_context* js, std::string_view data) {
  auto memfd = make_memfd("ravelin-event", data.size(), true);
  size_t done = 0;
  while (memfd && done < data.size()) {
    const ssize_t n = pwrite(memfd.value().get(), data.data() + done, data.size() - done, static_cast<off_t>(done));
    if (n <= 0) throw_error(js, "event.trigger: the data could not be stored: %s", errno_text(errno).c_str());
    done += static_cast<size_t>(n);
  }
  if (!memfd) throw_error(js, "event.trigger: the data could not be stored: %s", memfd.error().message.c_str());
  return std::move(memfd.value());
}

// Appends a frame whole or, when there is no memory for it, not at all. Returns the bytes of its payload. The handler
// of a signal may send what a worker has finished: not while a frame is half written, hence the pause.
template <typename Encode>
size_t append_frame(ipc::Channel& channel, FrameType type, UniqueFd memfd, Encode&& encode) {
  ScriptPause pause;
  ipc::FrameWriter frame(channel.out(), type, 0, 0, memfd ? ipc::kFlagDescriptor : uint8_t{0});
  const size_t start = frame.payload().size();
  try {
    encode(frame.payload());
    frame.finish();
    if (memfd) channel.attach(frame.start(), std::move(memfd));
  } catch (const std::exception&) {
    frame.cancel();
    throw;
  }
  return frame.payload().size() - start;
}

}  // namespace

void JsEvents::connect(EventUplink& uplink) {
  uplink_ = &uplink;
  sent_bytes_ = serial_ = 0;
  unsynced_ = false;
  if (scope_to_module_) send_scope();
  for (const auto& [event, listeners] : events_) send_on(event);
}

void JsEvents::disconnect() {
  is_scoped();  // what was decided elsewhere stays, also for the next hub
  uplink_ = nullptr;
}

void JsEvents::send_scope() {
  if (!uplink_) return;
  append_frame(uplink_->channel(), FrameType::kEventScope, UniqueFd(), [&](std::string& out) {
    ipc::encode_event_on(out, {serial_ + 1, {}});
  });
  note_announced();
}

void JsEvents::send_on(std::string_view event) {
  if (!uplink_) return;
  append_frame(uplink_->channel(), FrameType::kEventOn, UniqueFd(), [&](std::string& out) {
    ipc::encode_event_on(out, {serial_ + 1, event});
  });
  note_announced();
}

// What the hub must know before anything else leaves this process.
void JsEvents::note_announced() {
  ++serial_;
  unsynced_ = true;
  uplink_->wrote();
  arm();
}

void JsEvents::send_unlisten(std::string_view event) {
  if (!uplink_) return;
  append_frame(uplink_->channel(), FrameType::kEventUnlisten, UniqueFd(), [&](std::string& out) { out.append(event); });
  uplink_->wrote();
  arm();
}

void JsEvents::send_end(duk_context* js, Kind kind, std::string_view event, std::string_view listener,
                        uint64_t issued_ns) {
  await_window(js);
  if (!uplink_) return;
  const bool is_off = kind == Kind::kOff;
  const ipc::EventEnd end{issued_ns, event, listener};
  const size_t bytes = append_frame(
      uplink_->channel(), is_off ? FrameType::kEventOff : FrameType::kEventRemove, UniqueFd(),
      [&](std::string& out) { is_off ? ipc::encode_event_off(out, end) : ipc::encode_event_remove(out, end); });
  sent_bytes_ += ipc::event_cost(bytes, 0);
  uplink_->wrote();
  arm();
}

void JsEvents::send_trigger(duk_context* js, std::string_view event, std::string_view data) {
  await_window(js);
  if (!uplink_) return;
  UniqueFd memfd;
  if (data.size() > limits::kMaxInlineEvent) memfd = store_data(js, data);
  const ipc::EventMessage message{event, data, memfd ? data.size() : 0};
  const size_t bytes = append_frame(uplink_->channel(), FrameType::kEventTrigger, std::move(memfd),
                                    [&](std::string& out) { ipc::encode_event_message(out, message); });
  sent_bytes_ += ipc::event_cost(bytes, message.memfd_bytes);
  uplink_->wrote();
  arm();
}

// Until the hub has passed on enough of what this context sent. In the launcher the hub may go meanwhile, and come
// back.
void JsEvents::await_window(duk_context* js) {
  if (!uplink_) return;
  struct Waiting {
    bool& flag;
    explicit Waiting(bool& f) : flag(f) { flag = true; }
    ~Waiting() { flag = false; }
  } waiting(is_waiting_);
  double nap_seconds = kFirstNapSeconds;
  while (uplink_ && sent_bytes_ - uplink_->words().credited.load(std::memory_order_acquire) >= limits::kEventWindow) {
    uplink_->flush();
    about_to_block();
    uplink_->take_while_waiting();
    if (!may_take())
      throw_range_error(js, "rampart.event: more than %zu MB of events wait for this context, which waits for others",
                        limits::kEventQueueBytes >> 20);
    if (JsHeap::of(js).check_interrupt()) throw_range_error(js, "execution timeout");
    interruptible_sleep(nap_seconds);
    nap_seconds = std::min(nap_seconds * 2, kLongestNapSeconds);
  }
}

void JsEvents::sync() {
  if (!unsynced_) return;
  const uint64_t give_up_ns = monotonic_ns() + limits::kEventSyncMs * kNsPerMs;
  while (!is_known_to_hub()) {
    uplink_->flush();
    if (monotonic_ns() >= give_up_ns) {
      log_line("warning: the frontend did not take note of an event listener in time; it may miss its first events");
      break;
    }
    const timespec nap{0, kSyncNapNs};
    nanosleep(&nap, nullptr);
  }
  unsynced_ = false;  // also when it failed: once is enough to wait
}

bool JsEvents::is_known_to_hub() const {
  return !unsynced_ || !uplink_ || uplink_->words().synced.load(std::memory_order_acquire) >= serial_;
}

// A copy that nobody else can change while it is looked at.
bool JsEvents::read_memfd(const UniqueFd& memfd, uint64_t size, std::string& bytes) {
  bytes.resize(size);
  const ssize_t n = pread(memfd.get(), bytes.data(), bytes.size(), 0);
  if (n >= 0 && static_cast<uint64_t>(n) < size) errno = EIO;  // less than its sender had said
  return n == static_cast<ssize_t>(size);
}

bool JsEvents::take(ipc::Frame& frame) {
  if (frame.type == FrameType::kEventDeliver) {
    auto message = ipc::decode_event_message(frame.payload, static_cast<bool>(frame.descriptor));
    if (!message) return false;
    // Only now, so that nothing is copied for a listener that has gone meanwhile.
    if (!events_.contains(message->event)) return true;
    Queued item{Kind::kTrigger,
                true,
                0,
                std::string(message->event),
                std::string(message->data),
                std::move(frame.descriptor),
                message->memfd_bytes};
    // A queue of many descriptors would use up those of the process.
    if (item.memfd && item.memfd_bytes <= limits::kMaxEventCopy &&
        read_memfd(item.memfd, item.memfd_bytes, item.text)) {
      item.memfd.reset();
      item.memfd_bytes = 0;
    }
    queue(std::move(item));
  } else if (frame.type == FrameType::kEventOff || frame.type == FrameType::kEventRemove) {
    const bool is_off = frame.type == FrameType::kEventOff;
    auto end = is_off ? ipc::decode_event_off(frame.payload) : ipc::decode_event_remove(frame.payload);
    if (!end) return false;
    queue({is_off ? Kind::kOff : Kind::kRemove, true, end->issued_ns, std::string(end->event),
           std::string(end->listener), UniqueFd(), 0});
  } else {
    return false;
  }
  if (is_full()) reading_stopped_ = true;
  return true;
}

}  // namespace ravelin::worker
