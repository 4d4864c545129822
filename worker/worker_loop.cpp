#include "worker/worker_loop.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <optional>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "ipc/channel.h"
#include "ipc/claims.h"
#include "ipc/control_frames.h"
#include "worker/block_hook.h"
#include "worker/callback_deadline.h"
#include "worker/deferred_replies.h"
#include "worker/fork_hygiene.h"
#include "worker/handler.h"
#include "worker/js_events.h"
#include "worker/js_globals.h"
#include "worker/js_timers.h"
#include "worker/script_section.h"

namespace ravelin::worker {

namespace {

using ipc::Channel;
using ipc::FrameType;

constexpr int kNapsInSignal = 100;  // the hub needs one turn of its loop
constexpr long kSignalNapNs = 100'000;
constexpr timeval kStarvedRetry = {0, limits::kStarvedRetryMs * 1000};
constexpr uint64_t kLastFlushMs = 5'000;  // an ending worker waits so long for the frontend to take its last replies

class WorkerLoop : private EventUplink, private ReplyUplink {
 public:
  WorkerLoop(JsHeap& heap, const ipc::ServerConfig& config, event_base* base, WorkerBirth birth)
      : heap_(heap), base_(base), slot_(birth.slot), generation_(birth.generation), handler_(heap, config) {
    auto claims = ipc::ClaimPage::map(birth.claim_page);
    if (!claims) give_up(claims.error().message.c_str());
    claims_ = std::move(claims.value());
    links_.reserve(birth.channels.size());
    for (UniqueFd& socket : birth.channels) links_.push_back(std::make_unique<Link>(*this, std::move(socket)));
    for (uint32_t i = 0; i < links_.size(); ++i) links_[i]->loop = i;
    heap_.set_max_bytes(config.max_memory_bytes);
    heap_.exit_hook = [this](int code) { leave(code); };
    heap_.set_interrupt_hook([](void* self) { static_cast<WorkerLoop*>(self)->flush_if_old(); }, this);
    the_loop = this;
    struct sigaction action = {};
    action.sa_handler = on_flush_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(ipc::flush_signal(), &action, nullptr);
    set_block_hook([](void* self) { static_cast<WorkerLoop*>(self)->before_blocking(); }, this);
    handler_.deferred().connect(*this, base_);
    flush_event_ = event_new(
        base_, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<WorkerLoop*>(self)->flush_finished(); },
        this);
    if (!flush_event_) give_up("no memory for events");
    callbacks_.emplace(heap_, config.script_timeout_ms, claims_.service_words(),
                       [this] { handler_.deferred().callback_timed_out(); });
    callbacks_->install();
  }

  [[noreturn]] void run() {
    for (auto& link : links_) {
      event_add(link->readable, nullptr);
      link->channel.send(FrameType::kHello, ipc::encode(ipc::Hello{ipc::kProtocolVersion, slot_, generation_}));
      flush(*link);
    }
    if (heap_.events) heap_.events->connect(*this);  // may send frames: Hello comes first
    event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY);
    give_up("the event loop ended");
  }

 private:
  // One frontend loop's channel.
  struct Link {
    Link(WorkerLoop& owner, UniqueFd socket) : worker(owner), channel(std::move(socket), ipc::Role::kFrontend) {
      readable = event_new(owner.base_, channel.fd(), EV_READ | EV_PERSIST, on_event, this);
      writable = event_new(owner.base_, channel.fd(), EV_WRITE, on_event, this);
      if (!readable || !writable) owner.give_up("no memory for events");
    }
    WorkerLoop& worker;
    Channel channel;
    uint32_t loop = 0;
    event* readable = nullptr;  // never freed: a worker ends by _exit
    event* writable = nullptr;
  };

  struct WaitingFrame {
    ipc::Frame frame;
    std::string payload;
  };

  static void on_event(evutil_socket_t, short what, void* argument) {
    Link& link = *static_cast<Link*>(argument);
    try {
      if ((what & EV_WRITE) != 0) link.worker.flush(link);
      if ((what & EV_READ) != 0) link.worker.on_readable(link);
    } catch (const std::exception& error) {
      // Script errors never come here. What does has left no one knows what half done; the frontend replaces the
      // worker.
      link.worker.give_up(error.what());
    }
  }

  // One read, all of what it brought, one write.
  void on_readable(Link& link) {
    const Channel::Io io = link.channel.receive();
    if (io == Channel::Io::kFault) bad_peer(link);
    ipc::Frame frame;
    in_batch_ = true;
    begun_ns_ = monotonic_ns();
    for (;;) {
      if (!waiting_.empty() && link.loop == 0) [[unlikely]] {
        run_waiting(link);
        continue;
      }
      const auto next = link.channel.next(frame);
      if (next == ipc::FrameDecoder::Next::kMalformed) bad_peer(link);
      if (next == ipc::FrameDecoder::Next::kNeedMore) break;
      on_frame(link, frame);
      if (frame.type != FrameType::kRequest) begun_ns_ = monotonic_ns();  // their script is no request's time
    }
    in_batch_ = false;
    if (io == Channel::Io::kClosed) leave_frontend();
    if (is_draining_) leave_if_drained();
    flush_finished();
  }

  void on_frame(Link& link, ipc::Frame& frame) {
    switch (frame.type) {
      case FrameType::kRequest:
        return on_request(link, frame);
      case FrameType::kChunkReady:
        handler_.deferred().on_chunk_ready(link.loop, frame.stream);
        flush_if_old();
        // A thousand clients may ask at once: their pieces must not pile up here.
        return keep_low(link, limits::kPieceHighWater);
      case FrameType::kAbort:
        return handler_.deferred().on_abort(link.loop, frame.stream);
      case FrameType::kDrain:
        is_draining_ = true;  // requests run one at a time: only deferred and chunked ones can be left
        return leave_if_drained();
      default:
        take_event(link, frame);
    }
  }

  void take_event(Link& link, ipc::Frame& frame) {
    if (link.loop != 0 || !heap_.events || !heap_.events->take(frame)) bad_peer(link);
    if (heap_.events->is_full()) event_del(link.readable);  // until resume_reading()
  }

  void run_waiting(Link& link) {
    WaitingFrame first = std::move(waiting_.front());
    waiting_.pop_front();
    first.frame.payload = first.payload;
    on_frame(link, first.frame);
  }

  // --- EventUplink: events use the channel of loop 0

  // In the middle of script, perhaps of a request whose frame lies in the channel's buffer. Other frames than events
  // wait until it has ended.
  void take_while_waiting() override {
    Link& link = *links_[0];
    while (heap_.events->may_take()) {
      if (running_ == &link && kept_stream_ != running_stream_) {
        link.channel.set_aside(kept_bytes_);
        kept_stream_ = running_stream_;
      }
      const Channel::Io io = link.channel.receive();
      if (io == Channel::Io::kFault) bad_peer(link);
      ipc::Frame frame;
      for (;;) {
        const auto next = link.channel.next(frame);
        if (next == ipc::FrameDecoder::Next::kMalformed) bad_peer(link);
        if (next == ipc::FrameDecoder::Next::kNeedMore) break;
        bool is_event = frame.type >= FrameType::kEventOn && frame.type <= FrameType::kEventPage;
        if (!is_event) {
          waiting_.push_back({std::move(frame), std::string(frame.payload)});
        } else {
          take_event(link, frame);
        }
      }
      if (io == Channel::Io::kClosed) _exit(kExitDone);
      if (io == Channel::Io::kBlocked) break;
    }
    if (!waiting_.empty()) event_active(link.readable, EV_READ, 0);
  }

  Channel& channel() override { return links_[0]->channel; }
  const ipc::EventWords& words() override { return claims_.event_words(); }
  void resume_reading() override { event_add(links_[0]->readable, nullptr); }

  // A reply is written in one go, after the script: what a script appends while it runs is whole.
  void wrote() override {
    Link& link = *links_[0];
    if (running_ == &link) finished_bytes_ = link.channel.out().size();
    note_unsent();
    if (link.channel.unsent() > limits::kEventBatchBytes) flush();
  }
  void flush() override {
    ScriptPause pause;
    flush(*links_[0]);
    if (running_ == links_[0].get()) finished_bytes_ = running_->channel.out().size();
  }

  // --- ReplyUplink: replies that end outside of their request

  // As events: a frame in the middle of script is whole.
  void wrote(Channel& channel) override {
    if (running_ && &running_->channel == &channel) finished_bytes_ = channel.out().size();
    note_unsent();
    if (!in_batch_) event_active(flush_event_, EV_TIMEOUT, 0);
  }
  void note_callback(uint64_t since_ns) override { claims_.service_words().note_callback(since_ns); }
  void reply_ended() override {
    if (is_draining_) event_active(links_[0]->readable, EV_READ, 0);
  }

  void leave_if_drained() {
    if (handler_.deferred().count() == 0) leave(kExitDone);
  }

  // What leaves the process next may make others trigger events: its listeners must be known by then.
  void before_blocking() {
    if (heap_.events) heap_.events->sync();
    flush_finished();
  }

  void on_request(Link& link, ipc::Frame& frame) {
    if (frame.slot >= limits::kWindow) bad_peer(link);
    if (!claims_.begin(ipc::ClaimPage::index(link.loop, frame.slot), frame.stream)) {
      ipc::FrameWriter(link.channel.out(), FrameType::kDropped, frame.slot, frame.stream).finish();
      note_unsent();
      return;
    }
    auto request = ipc::decode_request(frame.payload, static_cast<bool>(frame.descriptor));
    if (!request) give_up(request.error().message.c_str());
    running_ = &link;
    running_stream_ = frame.stream;
    finished_bytes_ = link.channel.out().size();
    const Handler::Outcome outcome =
        handler_.run(request.value(), std::move(frame.descriptor), frame.slot, frame.stream, link.channel, link.loop);
    running_ = nullptr;
    const uint64_t now_ns = monotonic_ns();
    claims_.service_words().add(now_ns - begun_ns_);
    begun_ns_ = now_ns;
    if (oldest_unsent_ns_ == 0) oldest_unsent_ns_ = now_ns;
    if (outcome == Handler::Outcome::kRetire) retire();
    if (now_ns - oldest_unsent_ns_ >= limits::kReplyBatchNs) flush_finished();
    keep_low(link, limits::kChannelHighWater);
  }

  // A frontend that does not read must not make this worker grow without end.
  void keep_low(Link& link, size_t most) {
    if (link.channel.unsent() <= most) return;
    flush(link);
    wait_writable(link, most, UINT64_MAX);
  }

  // On ipc::flush_signal(): the running request is slow. Native code reaches no other point where finished replies go
  // out.
  static void on_flush_signal(int) {
    if (in_script_section == 0 || the_loop == nullptr) return;
    int saved_errno = errno;
    the_loop->send_finished();
    errno = saved_errno;
  }

  void send_finished() {
    for (auto& link : links_) {
      // As in flush_finished(): no reply overtakes the news of a listener. If need be it waits for the native code.
      if (link->loop != 0 && !wait_until_known()) return;
      link->channel.send_finished(link.get() == running_ ? finished_bytes_ : link->channel.out().size());
    }
  }
  bool wait_until_known() const {
    for (int naps_left = kNapsInSignal; heap_.events && !heap_.events->is_known_to_hub(); --naps_left) {
      if (naps_left == 0) return false;
      const timespec nap{0, kSignalNapNs};
      nanosleep(&nap, nullptr);
    }
    return true;
  }

  void note_unsent() {
    if (oldest_unsent_ns_ == 0) oldest_unsent_ns_ = monotonic_ns();
  }

  // Also from running script, every some thousand instructions.
  void flush_if_old() {
    if (oldest_unsent_ns_ != 0 && monotonic_ns() - oldest_unsent_ns_ >= limits::kReplyBatchNs) flush_finished();
  }

  // Sends what is finished on every channel. While a request runs, its own reply may be half written: its channel is
  // left alone from the moment the handler begins to write, which is after the script.
  void flush_finished() {
    ScriptPause pause;
    oldest_unsent_ns_ = 0;
    // A reply on one loop's channel could overtake the news of a listener on loop 0's.
    if (links_.size() > 1 && heap_.events && heap_.events->is_unsynced()) heap_.events->sync();
    for (auto& link : links_) {
      if (!link->channel.has_output() || (link.get() == running_ && link->channel.out().size() != finished_bytes_))
        continue;
      flush(*link);
      if (link.get() == running_) finished_bytes_ = link->channel.out().size();
    }
  }

  void flush(Link& link) {
    if (!link.channel.has_output()) return;
    switch (link.channel.flush()) {
      case Channel::Io::kDone:
        return;
      case Channel::Io::kBlocked:
        // flush_event_ flushes all. A thing to wait for only when the socket is full.
        event_add(link.channel.is_starved() ? flush_event_ : link.writable,
                  link.channel.is_starved() ? &kStarvedRetry : nullptr);
        return;
      default:
        _exit(kExitDone);  // the frontend is gone
    }
  }

  // Blocks until at most `most` bytes are unsent, or `deadline_ms` has come.
  void wait_writable(Link& link, size_t most, uint64_t deadline_ms) {
    while (link.channel.unsent() > most) {
      const uint64_t now_ms = monotonic_ms();
      if (now_ms >= deadline_ms) return;
      pollfd watched{link.channel.fd(), POLLOUT, 0};
      if (link.channel.is_starved()) watched.fd = -1;
      const uint64_t longest_ms = link.channel.is_starved() ? limits::kStarvedRetryMs : UINT64_MAX;
      const uint64_t wait_ms = std::min(longest_ms, deadline_ms == UINT64_MAX ? UINT64_MAX : deadline_ms - now_ms);
      poll(&watched, 1, wait_ms == UINT64_MAX ? -1 : static_cast<int>(wait_ms));
      flush(link);
    }
  }

  // Tells every loop that nothing further is taken. What is queued here stays QUEUED and goes to other workers.
  [[noreturn]] void retire() override {
    const char* why =
        heap_.memory_limit_hit() ? "a script hit its memory limit" : "a script ran longer than scriptTimeout";
    for (auto& link : links_) link->channel.send(FrameType::kRetire, why);
    leave(kExitDone);
  }

  // Ends with all finished replies sent. A reply half written (process.exit() called while a reply is made from script
  // values) is not finished.
  [[noreturn]] void leave(int code) {
    if (running_ != nullptr && running_->channel.out().size() > finished_bytes_)
      running_->channel.out().resize(finished_bytes_);
    const uint64_t deadline_ms = monotonic_ms() + kLastFlushMs;
    for (auto& link : links_) {
      flush(*link);
      wait_writable(*link, 0, deadline_ms);
    }
    fflush(nullptr);
    _exit(code);
  }

  // Without its frontend nobody needs this worker. The zygote ends its children with it, unless that is gone too.
  [[noreturn]] static void leave_frontend() {
    end_if_launcher_is_gone();
    _exit(kExitDone);
  }

  [[noreturn]] void bad_peer(Link& link) {
    const char* fault = link.channel.fault();
    logf("error: the frontend sent a bad frame (%s); this worker ends", fault ? fault : "not expected here");
    _exit(kExitBadPeer);
  }

  [[noreturn]] void give_up(const char* why) {
    logf("error: this worker ends and is replaced: %s", why);
    _exit(kExitInternal);
  }

  static inline WorkerLoop* the_loop = nullptr;  // for the signal handler

  JsHeap& heap_;
  event_base* base_;
  uint32_t slot_;
  uint32_t generation_;
  Handler handler_;
  ipc::ClaimPage claims_;
  std::optional<CallbackDeadline> callbacks_;
  std::vector<std::unique_ptr<Link>> links_;
  uint64_t oldest_unsent_ns_ = 0;  // when the oldest finished and unsent frame was finished; 0: none
  uint64_t begun_ns_ = 0;          // when the request that runs began: the batch's start, or the end of the one before
  Link* running_ = nullptr;        // whose request runs
  uint64_t running_stream_ = 0;    // and which
  size_t finished_bytes_ = 0;      // while one runs: bytes of its channel's out() before it
  std::deque<WaitingFrame> waiting_;  // of loop 0's channel: frames that came while script waited for its event window
  std::string kept_bytes_;  // received bytes in which the request kept_stream_ reads, see take_while_waiting()
  uint64_t kept_stream_ = 0;
  event* flush_event_ = nullptr;  // for what is written while no channel is read
  bool in_batch_ = false;         // on_readable() flushes at its end
  bool is_draining_ = false;
};

// No locks, no environment switches: this process has one thread.
event_base* new_event_base() {
  event_config* config = event_config_new();
  if (!config) return nullptr;
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  return base;
}

}  // namespace

void run_worker(JsHeap& heap, const ipc::ServerConfig& config, WorkerBirth birth) {
  try {
    event_base* base = new_event_base();
    if (!base) {
      log_line("error: this worker ends and is replaced: it could not make an event loop");
      _exit(kExitInternal);
    }
    if (heap.timers) heap.timers->abandon_after_fork(base);
    if (heap.events) heap.events->abandon_after_fork(base);
    set_thread_id(heap, birth.slot + 1);
    WorkerLoop(heap, config, base, std::move(birth)).run();
  } catch (const std::exception& error) {
    logf("error: this worker ends and is replaced: %s", error.what());
    _exit(kExitInternal);
  }
}

}  // namespace ravelin::worker
