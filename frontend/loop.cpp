#include "frontend/loop.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>

#include "common/log.h"
#include "common/sys.h"

namespace ravelin::frontend {
namespace {

// connectTimeout replaces each of our own patience values when it is set.
uint64_t patience_ns(const ipc::ServerConfig& config, uint64_t ours_ms) {
  return (config.connect_timeout_ms > 0 ? config.connect_timeout_ms : ours_ms) * kNsPerMs;
}

// A frontend without descriptors could not receive those of replies. So connections get what the rest leaves, and each
// of them may need a second one for a body.
size_t most_connections(const ipc::ServerConfig& config) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return limits::kMaxConnectionsPerLoop;
  constexpr uint64_t kFewest = 16, kReserve = 512;
  uint64_t own = kReserve + uint64_t{config.workers} * (config.loops + 2);
  uint64_t rest = limit.rlim_cur > own ? limit.rlim_cur - own : 0;
  return std::clamp<uint64_t>(rest / 2 / std::max(config.loops, 1u), kFewest, limits::kMaxConnectionsPerLoop);
}

constexpr uint64_t kPauseMs = 200;
constexpr int kAcceptsPerTurn = 64;                  // then the accepted ones get their turn first
constexpr uint64_t kPauseLogNs = 60 * kNsPerSecond;  // a lack of descriptors is logged once in that time

}  // namespace

Loop::Loop(const ipc::ServerConfig& config, const Router& router, WorkerTable& table, uint32_t index)
    : config_(config),
      router_(router),
      dispatcher_(events_, config, table, index),
      static_files_(config),
      read_buffer_(std::clamp<uint64_t>(config.max_read, 1024, 1024 * 1024)),
      idle_(patience_ns(config, limits::kDefaultIdleTimeoutMs)),
      head_(patience_ns(config, limits::kDefaultRequestReadTimeoutMs)),
      body_(patience_ns(config, limits::kDefaultRequestReadTimeoutMs)),
      write_(patience_ns(config, limits::kDefaultRequestReadTimeoutMs)),
      linger_(limits::kLingerMs * kNsPerMs),
      most_connections_(most_connections(config)) {
  check_timer_ = events_.make_event(-1, 0, on_check, this);
  check_ms_ = std::clamp<uint64_t>(idle_.duration_ns() / kNsPerMs / 8, 20, 500);
}

Loop::~Loop() {
  while (connections_ != nullptr) {
    Connection* connection = connections_;
    connections_ = connection->next_connection;
    delete connection;
  }
  for (Connection* connection : dead_) delete connection;
}

void Loop::add_listener(UniqueFd socket, const ipc::ListenerInfo& info) {
  auto listener = std::make_unique<ListeningSocket>();
  listener->loop = this;
  listener->info = info;
  listener->readable = events_.make_event(socket.get(), EV_READ | EV_PERSIST, on_accept, listener.get());
  listener->socket = std::move(socket);
  event_add(listener->readable.get(), nullptr);
  listeners_.push_back(std::move(listener));
}

void Loop::set_event_hub(EventHub* hub) {
  event_hub_ = hub;
  dispatcher_.set_event_hub(hub);
  // Only for the end of the turn that it makes.
  event_hub_timer_ = events_.make_event(
      -1, 0, [](int, short, void*) {}, nullptr);
}

void Loop::run() {
  arm_timer(check_timer_.get(), check_ms_);
  events_.run([this] { return end_of_turn(); });
}

void Loop::on_accept(int, short, void* listener) {
  auto* socket = static_cast<ListeningSocket*>(listener);
  socket->loop->accept_from(*socket);
}

void Loop::accept_from(ListeningSocket& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    UniqueFd client(
        accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
        pause_accepting(listener, errno_text(errno).c_str());
      return;  // EAGAIN, or a client that went away before it was accepted
    }
    int on = 1;
    setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* connection = new Connection(*this, std::move(client), peer, listener.info.secure);
    connection->next_connection = connections_;
    if (connections_ != nullptr) connections_->previous_connection = connection;
    connections_ = connection;
    if (++connection_count_ >= most_connections_)
      pause_accepting(listener, "as many connections are open as the limit of open files allows");
    connection->start();
    if (!accepting_) return;
  }
}

void Loop::pause_accepting(const ListeningSocket& socket, const char* why) {
  if (now_ns() >= log_pause_again_ns_) {
    logf("warning: accepting on %s pauses: %s", socket.info.address.c_str(), why);
    log_pause_again_ns_ = now_ns() + kPauseLogNs;
  }
  for (auto& listener : listeners_) event_del(listener->readable.get());
  accepting_ = false;
  accept_again_ns_ = now_ns() + kPauseMs * kNsPerMs;
}

void Loop::on_check(int, short, void* self) {
  auto* loop = static_cast<Loop*>(self);
  loop->check_timeouts();
  arm_timer(loop->check_timer_.get(), loop->check_ms_);
}

void Loop::check_timeouts() {
  for (TimeoutList* list : {&idle_, &head_, &body_, &write_, &linger_})
    while (TimeoutNode* node = list->pop_expired(now_ns())) static_cast<Connection*>(node)->on_timeout();
  if (!accepting_ && !stopping_ && now_ns() >= accept_again_ns_ && connection_count_ < most_connections_) {
    accepting_ = true;
    for (auto& listener : listeners_) event_add(listener->readable.get(), nullptr);
  }
}

// True: see EventLoop::run.
bool Loop::end_of_turn() {
  // resume() may answer at once and so put connections into the list again: those wait for the next round of this loop.
  while (!resumed_.empty()) {
    std::vector<Connection*> round;
    round.swap(resumed_);
    for (Connection* connection : round) connection->resume();
  }
  const bool is_held = dispatcher_.end_of_turn();
  if (!is_held && event_hub_ != nullptr && !event_hub_->is_idle()) turn_event_hub();
  for (Connection* connection : dead_) delete connection;
  dead_.clear();
  if (stopping_) report_if_drained();
  return is_held;
}

// When the frames are sent: what they leave unsent decides who gets credit.
void Loop::turn_event_hub() {
  bool again = event_hub_->end_of_turn(now_ns());
  if (again && !evtimer_pending(event_hub_timer_.get(), nullptr)) arm_timer(event_hub_timer_.get(), EventHub::kTickMs);
}

void Loop::free_later(Connection& connection) {
  (connection.previous_connection == nullptr ? connections_ : connection.previous_connection->next_connection) =
      connection.next_connection;
  if (connection.next_connection != nullptr)
    connection.next_connection->previous_connection = connection.previous_connection;
  --connection_count_;
  dead_.push_back(&connection);
}

void Loop::attach_worker(uint32_t slot, uint32_t generation, UniqueFd channel, std::shared_ptr<ipc::ClaimPage> claims) {
  dispatcher_.attach_worker(slot, generation, std::move(channel), std::move(claims));
}

LostRequests Loop::worker_died(uint32_t slot, uint32_t generation, KillReason reason) {
  return dispatcher_.worker_died(slot, generation, reason);
}

void Loop::stop_gracefully(std::function<void()> drained) {
  if (stopping_) return;
  stopping_ = true;
  accepting_ = false;
  drained_ = std::move(drained);
  listeners_.clear();
  for (Connection* connection = connections_; connection != nullptr;) {
    Connection* next = connection->next_connection;
    connection->stop_soon();
    connection = next;
  }
  report_if_drained();
}

void Loop::report_if_drained() {
  if (drained_ == nullptr || connections_ != nullptr) return;
  auto drained = std::move(drained_);
  drained_ = nullptr;
  drained();
}

}  // namespace ravelin::frontend
