// Stage "relay": frames that workers send, and what becomes of the requests of a worker that has died (DESIGN 3).
#include "common/check.h"
#include "common/http_status.h"
#include "common/log.h"
#include "frontend/connection.h"
#include "frontend/dispatcher.h"
#include "ipc/control_frames.h"
#include "ipc/reply_frame.h"

namespace ravelin::frontend {

using ipc::Channel;
using ipc::FrameDecoder;
using ipc::FrameType;

void Dispatcher::on_readable(int, short, void* arg) {
  auto* event = static_cast<LinkEvent*>(arg);
  event->dispatcher->receive(event->dispatcher->links_[event->worker]);
}

void Dispatcher::on_writable(int, short, void* arg) {
  auto* event = static_cast<LinkEvent*>(arg);
  event->dispatcher->mark_dirty(event->dispatcher->links_[event->worker]);
}

void Dispatcher::receive(WorkerLink& link) {
  Channel::Io io = link.channel->receive();
  if (io == Channel::Io::kDone) {
    if (!take_frames(link)) return;
    link.service.note(link.claims->service_words());
    drain_queue();
  } else if (io == Channel::Io::kClosed) {
    // The process has died, which its pidfd will say, or it closed the channel itself, which does it no good.
    event_del(link.readable.get());
    if (!take_frames(link)) return;
    link.retiring = true;
    main_->post(
        [life = life_, slot = link.index, generation = link.generation] { life->on_channel_closed(slot, generation); });
  } else if (io == Channel::Io::kFault) {
    kill(link, KillReason::kMalformed, "too many descriptors");
  }
}

bool Dispatcher::take_frames(WorkerLink& link) {
  ipc::Frame frame;
  const char* fault = nullptr;
  while (fault == nullptr) {
    FrameDecoder::Next next = link.channel->next(frame);
    if (next == FrameDecoder::Next::kNeedMore) return true;
    fault = next == FrameDecoder::Next::kMalformed ? link.channel->fault() : handle(link, frame);
  }
  event_del(link.readable.get());
  kill(link, KillReason::kMalformed, fault);
  return false;
}

// nullptr, or what is wrong with the frame.
const char* Dispatcher::handle(WorkerLink& link, ipc::Frame& frame) {
  switch (frame.type) {
    case FrameType::kHello: {
      ipc::Hello hello = ipc::decode_hello(frame.payload);
      if (link.ready) return "second Hello";
      if (hello.version != ipc::kProtocolVersion) return "Hello of another protocol version";
      if (hello.slot != link.index || hello.generation != link.generation) return "Hello for another worker";
      link.ready = true;
      main_->post(
          [life = life_, slot = link.index, generation = link.generation] { life->on_hello(slot, generation); });
      return nullptr;
    }
    case FrameType::kReply:
      return link.ready ? on_reply(link, frame) : "Reply before Hello";
    case FrameType::kDropped:
      return on_dropped(link, frame);
    case FrameType::kDeferred:
      return on_deferred(link, frame);
    case FrameType::kChunk:
      return on_chunk(link, frame);
    case FrameType::kEnd:
    case FrameType::kAbort:
      return on_stream_end(link, frame);
    case FrameType::kRetire:
      if (!link.ready) return "Retire before Hello";
      link.retiring = true;
      revoke_waiting(link);
      main_->post([life = life_, slot = link.index, generation = link.generation, why = std::string(frame.payload)] {
        life->on_retire(slot, generation, why);
      });
      return nullptr;
    default:
      if (event_hub_ != nullptr && link.ready) return event_hub_->handle(link.index, frame);
      return "frame of a type that this side does not take";
  }
}

const char* Dispatcher::on_reply(WorkerLink& link, ipc::Frame& frame) {
  if (frame.slot == ipc::kNoSlot) return on_late_reply(link, frame);
  WindowSlot* slot = link.find(frame.slot, frame.stream);
  if (slot == nullptr) return "Reply to no request";
  if (slot->revoked || !link.claims->has_begun(ipc::ClaimPage::index(loop_index_, frame.slot), frame.stream))
    return "Reply to a request that it had not begun";
  auto reply = ipc::decode_reply(frame.payload, static_cast<bool>(frame.descriptor));
  if (!reply) return "Reply that does not decode";
  bool is_streamed = (reply.value().flags & ipc::kReplyStream) != 0;
  // While the request is in its slot: settle() answers it when the worker is dead.
  if (is_streamed && link.streams.size() >= limits::kMaxStreams) return kTooManyStreams;
  Request* request = slot->request;
  const uint64_t begun_ns = slot->begun_ns != 0 ? slot->begun_ns : slot->sent_ns;
  free_slot(link, static_cast<uint8_t>(frame.slot));
  link.progress_ns = events_.now_ns();
  link.slow = false;
  if (is_streamed) [[unlikely]] {
    open_stream(link, frame.stream, request, begun_ns, RequestState::kStreaming);
    if (request != nullptr) request->connection.begin_stream(reply.value(), std::move(frame.descriptor));
    return nullptr;
  }
  if (request != nullptr) request->connection.relay(reply.value(), std::move(frame.descriptor));
  return nullptr;
}

const char* Dispatcher::on_dropped(WorkerLink& link, ipc::Frame& frame) {
  WindowSlot* slot = link.find(frame.slot, frame.stream);
  if (slot == nullptr || !slot->revoked) return "Dropped for a request that was not revoked";
  free_slot(link, static_cast<uint8_t>(frame.slot));
  link.progress_ns = events_.now_ns();
  link.slow = false;  // it reads its channel again
  return nullptr;
}

LostRequests Dispatcher::worker_died(uint32_t slot, uint32_t generation, KillReason reason) {
  WorkerLink& link = links_[slot];
  if (!link.attached() || link.generation != generation) return {};
  // What it had sent before it died is in our socket: those requests are answered. Someone who has inherited the other
  // end may still write to it, so there is a limit.
  constexpr int kMostReads = 1024;
  bool intact = reason != KillReason::kMalformed && link.channel->fault() == nullptr;
  for (int reads = 0; intact && reads < kMostReads && link.channel->receive() == Channel::Io::kDone; ++reads)
    intact = take_frames(link);
  LostRequests lost;
  settle(link, reason, lost.running);
  settle_streams(link, lost);
  if (event_hub_ != nullptr) event_hub_->detach(slot);
  link.detach();
  drain_queue();
  return lost;
}

// Each request of a dead worker: begun ones get an error, the others go to another worker (PROTOCOL.md, "A request",
// 5).
void Dispatcher::settle(WorkerLink& link, KillReason reason, std::string& running) {
  std::vector<Request*> again;
  uint64_t now = events_.now_ns();
  while (link.oldest() != WorkerLink::kNone) {
    uint8_t index = link.oldest();
    WindowSlot slot = link.at(index);
    bool begun = !slot.revoked && link.claims->has_begun(ipc::ClaimPage::index(loop_index_, index), slot.stream);
    free_slot(link, index);
    if (slot.request == nullptr) continue;
    Request& request = *slot.request;
    if (begun) {
      uint64_t since = slot.begun_ns != 0 ? slot.begun_ns : slot.sent_ns;
      if (running.empty())
        running = request_line(request) + " (ran " + std::to_string((now - since) / kNsPerMs) + " ms)";
      if (reason == KillReason::kTimeout) {
        request.connection.fail_timeout();
      } else {
        request.connection.fail(502, "");
      }
    } else if (++request.lost_workers >= limits::kMaxLostWorkers) {
      request.connection.fail(502, "");
    } else {
      again.push_back(&request);
    }
  }
  for (auto request = again.rbegin(); request != again.rend(); ++request) enqueue_first(**request);
  if (queue_head_ != nullptr) arm_tick();
}

std::string place_of(const Request& request, const ipc::ServerConfig& config) {
  if (request.route == ipc::kRouteNotFound) return "in notFoundFunc";
  if (request.route >= config.routes.size()) return "in directoryFunc";
  const ipc::Route& route = config.routes[request.route];
  if (route.kind == ipc::RouteKind::kFunction) return "in the callback of map key \"" + route.target + "\"";
  const char* kind = route.kind == ipc::RouteKind::kModule ? "module" : "modulePath";
  return std::string("in {") + kind + ": \"" + route.target + "\"} of map key \"" + route.key + "\"";
}

std::string request_line(const Request& request) {
  constexpr size_t kLongest = 200;
  const RequestHead& head = request.connection.head();
  std::string line = head.method + " " + head.path;
  if (head.has_query) line += "?" + head.query;
  if (line.size() > kLongest) line.replace(kLongest, std::string::npos, "...");
  return line;
}

}  // namespace ravelin::frontend
