// Stage "dispatch": the least busy worker gets the request; its frame leaves at the end of the turn with all others
// (DESIGN 2.3).
#include <fcntl.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/sys.h"
#include "frontend/connection.h"
#include "frontend/dispatcher.h"
#include "ipc/request_frame.h"

namespace ravelin::frontend {

Dispatcher::Dispatcher(EventLoop& events, const ipc::ServerConfig& config, WorkerTable& table, uint32_t loop_index)
    : events_(events),
      config_(config),
      table_(table),
      loop_index_(loop_index),
      links_(config.workers),
      deferrals_(config.script_timeout_ms * kNsPerMs) {
  for (uint32_t worker = 0; worker < config.workers; ++worker) {
    links_[worker].index = worker;
    link_events_.push_back({this, worker});
  }
  tick_timer_ = events_.make_event(-1, 0, on_tick, this);
  deferral_timer_ = events_.make_event(-1, 0, on_deferral_timer, this);
}

void Dispatcher::set_life(WorkerLife* life, EventLoop* main) {
  life_ = life;
  main_ = main;
}

void Dispatcher::set_event_hub(EventHub* hub) {
  event_hub_ = hub;
  for (uint32_t worker = 0; worker < links_.size(); ++worker) link_ports_.emplace_back(*this, worker);
}

void Dispatcher::attach_worker(uint32_t slot, uint32_t generation, UniqueFd channel,
                               std::shared_ptr<ipc::ClaimPage> claims) {
  WorkerLink& link = links_[slot];
  CHECK(!link.attached());
  link.attach(generation, std::move(channel), std::move(claims));
  int fd = link.channel->fd();
  link.readable = events_.make_event(fd, EV_READ | EV_PERSIST, on_readable, &link_events_[slot]);
  link.writable = events_.make_event(fd, EV_WRITE, on_writable, &link_events_[slot]);
  event_add(link.readable.get(), nullptr);
  if (event_hub_ != nullptr) event_hub_->attach(slot, link_ports_[slot], "worker " + std::to_string(slot));
}

bool Dispatcher::eligible(const WorkerLink& link) const {
  return link.ready && !link.retiring && !link.kill_sent && !link.slow && link.has_room() &&
         link.channel->unsent() < limits::kChannelHighWater;
}

// The least busy worker is the one with the least expected work before it.
WorkerLink* Dispatcher::choose() {
  WorkerLink* best = nullptr;
  uint64_t least_ns = ~uint64_t{0};
  size_t least_streams = ~size_t{0};
  for (WorkerLink& link : links_) {
    if (!eligible(link)) continue;
    uint64_t backlog_ns = link.service.backlog_ns(table_.outstanding[link.index].load(std::memory_order_relaxed));
    size_t streams = link.streams.size();  // long-lived replies spread over the workers
    if (std::tie(backlog_ns, streams) >= std::tie(least_ns, least_streams)) continue;
    least_ns = backlog_ns;
    least_streams = streams;
    best = &link;
    if (backlog_ns == 0 && least_streams == 0) break;  // no better one; the first such worker stays warm
  }
  return best;
}

void Dispatcher::send(WorkerLink& link, Request& request) {
  UniqueFd body;
  if (request.body_file) {
    body.reset(fcntl(request.body_file.get(), F_DUPFD_CLOEXEC, 0));  // ours stays for a second try
    if (!body) {
      logf("error: cannot pass on a request body: %s", errno_text(errno).c_str());
      request.connection.fail(503, "");
      return;
    }
  }
  if (link.outstanding() == 0) link.progress_ns = events_.now_ns();
  uint8_t slot = link.take(&request, request.stream, events_.now_ns());
  request.state = RequestState::kDispatched;
  request.worker = link.index;
  request.slot = slot;
  link.claims->queue(ipc::ClaimPage::index(loop_index_, slot), request.stream);

  ipc::FrameWriter frame(link.channel->out(), ipc::FrameType::kRequest, slot, request.stream,
                         body ? ipc::kFlagDescriptor : uint8_t{0});
  ipc::encode_request(frame.payload(), request.connection.request_fields(), static_cast<bool>(body));
  frame.finish();
  if (body) link.channel->attach(frame.start(), std::move(body));

  has_fresh_ = true;
  ++dispatched_;
  table_.outstanding[link.index].fetch_add(1, std::memory_order_relaxed);
  mark_dirty(link);
  arm_tick();
}

void Dispatcher::free_slot(WorkerLink& link, uint8_t slot) {
  link.free(slot);
  --dispatched_;
  table_.outstanding[link.index].fetch_sub(1, std::memory_order_relaxed);
}

void Dispatcher::mark_dirty(WorkerLink& link) {
  if (link.dirty) return;
  link.dirty = true;
  dirty_.push_back(&link);
}

bool Dispatcher::end_of_turn() {
  if (hold_back()) return true;
  for (WorkerLink* link : dirty_) {
    link->dirty = false;
    if (link->attached()) flush(*link);
  }
  dirty_.clear();
  return false;
}

// On a busy loop more requests have come while it read these: one write for all of them wakes the worker once. A turn
// without any, or kRequestBatchNs since the first one's turn began, ends it. A lone request is never held back.
bool Dispatcher::hold_back() {
  const bool has_fresh = std::exchange(has_fresh_, false);
  if (has_fresh && dispatched_ > 1) {
    if (held_since_ns_ == 0) held_since_ns_ = events_.now_ns();
    if (monotonic_ns() - held_since_ns_ < limits::kRequestBatchNs) return true;
  }
  held_since_ns_ = 0;
  return false;
}

void Dispatcher::flush(WorkerLink& link) {
  // A closed channel needs no answer here: the worker's death is noticed by its pidfd and settles everything.
  if (link.channel->flush() != ipc::Channel::Io::kBlocked) return;
  if (link.channel->is_starved()) return arm_tick();  // which tries again
  event_add(link.writable.get(), nullptr);
}

}  // namespace ravelin::frontend
