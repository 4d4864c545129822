#include "frontend/server.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sys.h"
#include "ipc/control_frames.h"

namespace ravelin::frontend {

using ipc::Channel;
using ipc::FrameDecoder;
using ipc::FrameType;

namespace {

constexpr uint64_t kDeathWaitMs = 500;  // after SIGKILL to all workers; then the frontend ends anyway

}  // namespace

Server::Server(UniqueFd control) : control_(std::move(control), ipc::Role::kLauncher) {}

Server::~Server() = default;

int Server::run() {
  if (!receive_start()) return 1;
  EventLoop& main = loops_[0]->events();
  control_event_ = main.make_event(control_.fd(), EV_READ | EV_PERSIST, on_control, this);
  event_add(control_event_.get(), nullptr);
  for (size_t i = 1; i < loops_.size(); ++i) threads_.emplace_back([loop = loops_[i].get()] { loop->run(); });
  control_writable_ = main.make_event(control_.fd(), EV_WRITE, on_control, this);
  control_retry_ = main.make_event(-1, 0, on_control, this);
  control_.send(FrameType::kReady, {});
  flush_control();
  main.post([this] { receive_control(); });  // frames that came right behind the first ones are in the buffer already
  loops_[0]->run();
  for (size_t i = 1; i < loops_.size(); ++i) {
    Loop* loop = loops_[i].get();
    loop->events().post([loop] { loop->stop_now(); });
  }
  for (std::thread& thread : threads_) thread.join();
  control_event_.reset();
  control_writable_.reset();
  control_retry_.reset();
  return 0;
}

// Blocks for the first frames; the launcher sends them at once.
bool Server::receive_start() {
  bool complete = false;
  while (!complete) {
    pollfd wait{control_.fd(), POLLIN, 0};
    if (poll(&wait, 1, -1) < 0 && errno != EINTR) return false;
    Channel::Io io = control_.receive();
    if (io == Channel::Io::kBlocked) continue;
    if (io != Channel::Io::kDone) return false;  // the launcher is gone: nobody to tell
    ipc::Frame frame;
    while (!complete) {
      FrameDecoder::Next next = control_.next(frame);
      if (next == FrameDecoder::Next::kNeedMore) break;
      Status status = Error{ErrorCode::kInvalid, control_.fault() != nullptr ? control_.fault() : ""};
      if (next == FrameDecoder::Next::kFrame) status = take_start_frame(frame, complete);
      if (status) continue;
      fail(status.error().message);
      return false;
    }
  }
  return true;
}

Status Server::take_start_frame(ipc::Frame& frame, bool& complete) {
  if (frame.type == FrameType::kConfig && !has_config_) {
    auto config = ipc::decode_config(frame.payload);
    if (!config) return config.error();
    config_ = std::move(config.value());
    has_config_ = true;
    event_hub_ = std::make_unique<EventHub>(config_.workers + size_t{1});
    return Ok{};
  }
  if (frame.type == FrameType::kListener && has_config_) return take_listener(frame);
  // What the launcher listens to is known before there is a worker to trigger it.
  const bool is_of_events =
      frame.type == FrameType::kEventPage || frame.type == FrameType::kEventOn || frame.type == FrameType::kEventScope;
  if (is_of_events && has_config_) {
    handle_control(frame);
    return Ok{};
  }
  if (frame.type == FrameType::kZygote && has_config_) {
    complete = true;
    return build(std::move(frame.descriptor));
  }
  return Error{ErrorCode::kInvalid, "unexpected frame at start"};
}

// Before the loops are there it waits for them; later it is added in its loop's own thread.
Status Server::take_listener(ipc::Frame& frame) {
  auto listener = ipc::decode_listener(frame.payload);
  if (!listener) return listener.error();
  const uint32_t index = listener.value().loop;
  if (index >= config_.loops) return Error{ErrorCode::kInvalid, "Listener for a loop that is not there"};
  if (loops_.empty()) {
    pending_listeners_.push_back({std::move(frame.descriptor), std::move(listener.value())});
    return Ok{};
  }
  auto late =
      std::make_shared<PendingListener>(PendingListener{std::move(frame.descriptor), std::move(listener.value())});
  Loop* loop = loops_[index].get();
  loop->events().post([loop, late] { loop->add_listener(std::move(late->socket), late->info); });
  return Ok{};
}

Status Server::build(UniqueFd zygote) {
  auto router = Router::build(config_.routes, config_.map_sort);
  if (!router) return router.error();
  router_ = std::make_unique<Router>(std::move(router.value()));
  table_ = std::make_unique<WorkerTable>(config_.workers);
  std::vector<LoopWorkers*> for_life;
  for (uint32_t i = 0; i < config_.loops; ++i) {
    loops_.push_back(std::make_unique<Loop>(config_, *router_, *table_, i));
    for_life.push_back(loops_.back().get());
  }
  loops_[0]->set_event_hub(event_hub_.get());
  EventLoop& main = loops_[0]->events();
  life_ = std::make_unique<WorkerLife>(main, config_, *table_, for_life);
  for (auto& loop : loops_) loop->set_life(life_.get(), &main);
  for (PendingListener& listener : pending_listeners_)
    loops_[listener.info.loop]->add_listener(std::move(listener.socket), listener.info);
  pending_listeners_.clear();
  life_->set_zygote(std::move(zygote));
  return Ok{};
}

void Server::fail(const std::string& why) {
  control_.send(FrameType::kFailed, std::string_view(why).substr(0, 4000));
  control_.flush();
}

// A channel that cannot be written shows as closed when it is read.
void Server::flush_control() {
  if (control_.flush() != Channel::Io::kBlocked) return;
  if (control_.is_starved()) {
    arm_timer(control_retry_.get(), limits::kStarvedRetryMs);
  } else {
    event_add(control_writable_.get(), nullptr);
  }
}

void Server::on_control(int, short what, void* self) {
  auto* server = static_cast<Server*>(self);
  if ((what & (EV_WRITE | EV_TIMEOUT)) != 0) server->flush_control();
  if ((what & EV_READ) == 0) return;
  Channel::Io io = server->control_.receive();
  if (io == Channel::Io::kBlocked) return;
  server->receive_control();
  if (io != Channel::Io::kDone) server->kill_all_and_exit();
}

void Server::receive_control() {
  ipc::Frame frame;
  FrameDecoder::Next next;
  while ((next = control_.next(frame)) == FrameDecoder::Next::kFrame) handle_control(frame);
  if (next == FrameDecoder::Next::kMalformed) {
    logf("alert: the launcher sent a malformed frame (%s)", control_.fault());
    kill_all_and_exit();
  }
}

void Server::handle_control(ipc::Frame& frame) {
  switch (frame.type) {
    case FrameType::kZygote:
      return life_->set_zygote(std::move(frame.descriptor));
    case FrameType::kListener:
      if (Status status = take_listener(frame); !status) logf("alert: %s", status.error().message.c_str());
      return;
    case FrameType::kExited:
      return life_->on_orphan_exited(ipc::decode_exited(frame.payload));
    case FrameType::kStop:
      return begin_stop(ipc::decode_stop(frame.payload).grace_ms);
    case FrameType::kEventPage:
      return take_event_page(std::move(frame.descriptor));
    default:
      if (const char* fault = event_hub_->handle(config_.workers, frame))
        logf("warning: unexpected frame from the launcher (type %d): %s", static_cast<int>(frame.type), fault);
  }
}

void Server::take_event_page(UniqueFd memfd) {
  auto page = ipc::ClaimPage::map(memfd);
  if (!page) return logf("error: the launcher takes no part in events: %s", page.error().message.c_str());
  launcher_port_.page = std::move(page.value());
  event_hub_->attach(config_.workers, launcher_port_, "the launcher");
}

void Server::begin_stop(uint64_t grace_ms) {
  if (stopping_) return finish();  // asked twice: no more patience
  stopping_ = true;
  loops_to_drain_ = loops_.size();
  EventLoop& main = loops_[0]->events();
  grace_timer_ = main.make_event(
      -1, 0, [](int, short, void* self) { static_cast<Server*>(self)->finish(); }, this);
  arm_timer(grace_timer_.get(), grace_ms);
  for (auto& loop : loops_) {
    loop->events().post([this, loop = loop.get(), &main] {
      loop->stop_gracefully([this, &main] { main.post([this] { loop_drained(); }); });
    });
  }
}

void Server::loop_drained() {
  if (--loops_to_drain_ == 0) finish();
}

// Nothing more is served: the workers end, then the frontend.
void Server::finish() {
  if (death_timer_) return;
  life_->end_all();
  EventLoop& main = loops_[0]->events();
  death_timer_ = main.make_event(
      -1, EV_PERSIST,
      [](int, short, void* self) {
        auto* server = static_cast<Server*>(self);
        server->death_ticks_ += 1;
        if (server->life_->all_dead() || server->death_ticks_ * limits::kTickMs > kDeathWaitMs)
          server->loops_[0]->stop_now();
      },
      this);
  arm_timer(death_timer_.get(), limits::kTickMs);
}

// The launcher is gone: no process of ours may stay behind (its zygote dies with it).
void Server::kill_all_and_exit() {
  life_->end_all();
  _exit(0);
}

}  // namespace ravelin::frontend
