#include "worker/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sys.h"
#include "ipc/control_frames.h"
#include "worker/respawn_delay.h"
#include "worker/stop_signals.h"
#include "worker/zygote.h"

namespace ravelin::worker {

namespace {

using ipc::Channel;
using ipc::FrameType;

constexpr uint32_t kUnknownWorker = 0xFFFFFFFF;  // PROTOCOL.md: Exited from the launcher names only the pid
constexpr uint64_t kStopExtraMs = 2'000;         // the frontend's own bookkeeping after its grace time
constexpr uint64_t kEndPatienceMs = 2'000;       // the zygote only kills and reaps
constexpr uint64_t kAdoptedPollMs = 50;          // how often killed children of a dead adopted worker are looked at
constexpr uint64_t kStoppedPatienceMs = 1'000;   // how long a frontend or zygote may be stopped
constexpr uint64_t kScriptPatienceMs = 5'000;    // then a script that goes on after server.start() is told of
constexpr uint64_t kRestPollMs = 5;  // how soon a zygote is tried again that could not be forked in a script

void add_to_epoll(int epoll, int fd, uint32_t events = EPOLLIN) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);  // closing the descriptor removes it
}

}  // namespace

Supervisor::Supervisor(JsHeap& heap, Parts parts)
    : heap_(heap),
      parts_(std::move(parts)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (epoll_ && timer_) add_to_epoll(epoll_.get(), timer_.get());
}

Supervisor::~Supervisor() { kill_all(); }

Status Supervisor::start(uint64_t timeout_ms) {
  if (!epoll_ || !timer_) return system_error("the launcher's event descriptors", errno);
  // Workers of a dead zygote become our children, not init's: set before the zygote is forked, which inherits the mark.
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return system_error("prctl(PR_SET_CHILD_SUBREAPER)", errno);
  if (Status status = watch_children(); !status) return status;
  if (Status status = spawn_zygote(); !status) return status;
  if (Status status = spawn_frontend(); !status) {
    kill_all();
    return status;
  }
  const uint64_t deadline_ms = monotonic_ms() + timeout_ms;
  while (!is_ready_ && failure_.empty() && phase_ == Phase::kStarting) {
    const uint64_t now_ms = monotonic_ms();
    if (now_ms >= deadline_ms) failure_ = "it was not ready after " + std::to_string(timeout_ms / 1000) + " s";
    wait_for_events(static_cast<int>(std::max(deadline_ms, now_ms) - now_ms));
    dispatch(Place::kAtRest);
  }
  if (!failure_.empty()) {
    kill_all();
    return Error{ErrorCode::kSystem, "the frontend could not start: " + failure_};
  }
  phase_ = Phase::kServing;
  script_is_late_at_ms_ = monotonic_ms() + kScriptPatienceMs;
  arm_timer();
  return Ok{};
}

// SIGCHLD only wakes: frontend, zygote and workers are known by their pidfds. What else ends is an orphan that came to
// this subreaper, such as a program that a worker or the script had left in the background.
Status Supervisor::watch_children() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  child_events_.reset(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!child_events_) return system_error("signalfd", errno);
  add_to_epoll(epoll_.get(), child_events_.get());
  return Ok{};
}

// A zygote or frontend that somebody has stopped (SIGSTOP) would hold up the service without a sign. A debugger's
// moment is left to it; then it goes on.
void Supervisor::wake_stopped(SupervisedChild& child) {
  siginfo_t news = {};
  if (!child.is_alive()) return;
  if (waitid(P_PID, static_cast<id_t>(child.pid()), &news, WSTOPPED | WCONTINUED | WNOHANG) == 0 && news.si_pid != 0)
    child.stopped_at_ms = news.si_code == CLD_CONTINUED ? 0 : monotonic_ms();
  if (child.stopped_at_ms == 0 || monotonic_ms() < child.stopped_at_ms + kStoppedPatienceMs) return;
  logf("warning: the %s (pid %d) was stopped by a signal; it is continued", child.name(), child.pid());
  child.stopped_at_ms = 0;
  signal_pidfd(child.pidfd(), SIGCONT);
}

// Nobody waits for these: programs that script waits for (exec) are started and reaped within one native function, in
// which dispatch() is not called.
void Supervisor::reap_strangers() {
  siginfo_t ended = {};
  while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0) {
    const pid_t pid = ended.si_pid;
    if (pid == frontend_.pid() || pid == zygote_.pid() || adopted_.has_worker(pid)) return;  // the next dispatch()
    waitpid(pid, nullptr, 0);
    ended = {};
  }
}

Status Supervisor::spawn_zygote() {
  auto pair = make_socketpair();
  if (!pair) return pair.error();
  UniqueFd frontend_end = std::move(zygote_end_);
  if (!frontend_end && frontend_.is_alive()) {
    auto channel = make_socketpair();
    if (!channel) return channel.error();
    frontend_.control()->send(FrameType::kZygote, {}, std::move(channel.value().first));
    frontend_end = std::move(channel.value().second);
  }
  fflush(nullptr);  // or each worker would write what is buffered here
  const pid_t launcher = getpid();
  const pid_t pid = fork();
  if (pid == 0)
    run_zygote(heap_, parts_.config, ZygoteBirth{std::move(pair.value().second), std::move(frontend_end), launcher});
  if (pid < 0) return system_error("fork of the zygote", errno);
  if (Status status = zygote_.born(pid, std::move(pair.value().first), ipc::Role::kZygote); !status) return status;
  add_to_epoll(epoll_.get(), zygote_.pidfd());
  add_to_epoll(epoll_.get(), zygote_.control()->fd());
  if (frontend_.is_alive()) flush_and_watch(frontend_);
  return Ok{};
}

Status Supervisor::spawn_frontend() {
  auto pair = make_socketpair();
  if (!pair) return pair.error();
  auto pid = fork_frontend(parts_.frontend, pair.value().second);
  if (!pid) return pid.error();
  if (Status status = frontend_.born(pid.value(), std::move(pair.value().first), ipc::Role::kFrontend); !status)
    return status;
  add_to_epoll(epoll_.get(), frontend_.pidfd());
  add_to_epoll(epoll_.get(), frontend_.control()->fd());
  Channel& control = *frontend_.control();
  frontend_.watches_output = false;
  frontend_.watches_input = true;
  control.send(FrameType::kConfig, ipc::encode_config(parts_.config));
  if (accepts_)
    if (Status status = send_listeners(); !status) return status;
  // First what the script listens to, then what begins the serving.
  if (Status status = connect_events(); !status) return status;
  return connect_frontend_to_zygote();
}

// What connects before this waits in the backlog of the sockets.
Status Supervisor::send_listeners() {
  for (const ListenSocket& listener : parts_.sockets) {
    UniqueFd copy(dup(listener.socket.get()));
    if (!copy) return system_error("dup of a listening socket", errno);
    frontend_.control()->send(FrameType::kListener, ipc::encode_listener({listener.address, listener.loop, false}),
                              std::move(copy));
  }
  return Ok{};
}

Status Supervisor::accept() {
  if (phase_ != Phase::kServing) return Ok{};
  accepts_ = true;
  script_is_late_at_ms_ = 0;
  if (frontend_.control()) {  // otherwise the next one gets them
    if (Status status = send_listeners(); !status) return status;
    flush_and_watch(frontend_);
  }
  log_line(parts_.news);
  return Ok{};
}

// A new frontend knows nothing of what the script listens to.
Status Supervisor::connect_events() {
  if (!heap_.events) return Ok{};
  UniqueFd memfd;
  auto page = ipc::ClaimPage::create(memfd);
  if (!page) return page.error();
  event_page_ = std::move(page.value());
  frontend_.control()->send(FrameType::kEventPage, {}, std::move(memfd));
  heap_.events->connect(*this);
  flush();
  return Ok{};
}

void Supervisor::flush() { flush_and_watch(frontend_); }

void Supervisor::wrote() {
  if (frontend_.control()->unsent() > limits::kEventBatchBytes) flush();
}

// Kills the frontend, if it has not ended by itself, and takes the script's events back into this process.
void Supervisor::end_frontend() {
  if (heap_.events) heap_.events->disconnect();
  frontend_.end(0);
}

// Script that does not run its events must not be sent more of them than it can hold.
bool Supervisor::may_read(const SupervisedChild& child) const {
  return &child != &frontend_ || !heap_.events || heap_.events->may_take();
}

// A new frontend: one end for it, the other for the zygote, or for the next zygote when there is none at the moment.
Status Supervisor::connect_frontend_to_zygote() {
  auto channel = make_socketpair();
  if (!channel) return channel.error();
  frontend_.control()->send(FrameType::kZygote, {}, std::move(channel.value().first));
  if (zygote_.is_alive()) {
    zygote_.control()->send(FrameType::kZygote, {}, std::move(channel.value().second));
    flush_and_watch(zygote_);
  } else {
    zygote_end_ = std::move(channel.value().second);
  }
  flush_and_watch(frontend_);
  return Ok{};
}

void Supervisor::flush_and_watch(SupervisedChild& child) {
  Channel* control = child.control();
  if (!control) return;
  if (control->flush() == Channel::Io::kClosed) {
    child.kill();  // a child without its control channel can neither be told to stop nor stop by itself
    return;
  }
  const bool is_starved = control->is_starved();
  if (is_starved) arm_timer();
  const bool wants_output = control->has_output() && !is_starved;
  const bool wants_input = may_read(child);
  if (wants_output == child.watches_output && wants_input == child.watches_input) return;
  epoll_event event = {};
  event.events =
      (wants_input ? static_cast<uint32_t>(EPOLLIN) : 0u) | (wants_output ? static_cast<uint32_t>(EPOLLOUT) : 0u);
  event.data.fd = control->fd();
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, control->fd(), &event);
  child.watches_output = wants_output;
  child.watches_input = wants_input;
}

void Supervisor::wait_for_events(int timeout_ms) {
  pollfd watched{epoll_.get(), POLLIN, 0};
  poll(&watched, 1, timeout_ms);
}

// Few descriptors and rare events: whatever woke us, everything is looked at, in an order that reads what a process has
// said before it is noticed that it died.
void Supervisor::dispatch(Place place) {
  epoll_event events[16];
  if (phase_ == Phase::kStopped || epoll_wait(epoll_.get(), events, 16, 0) <= 0) return;
  uint64_t expirations;
  if (read(timer_.get(), &expirations, sizeof expirations) < 0) expirations = 0;
  signalfd_siginfo signals[8];
  while (read(child_events_.get(), signals, sizeof signals) > 0) {
  }
  if (stop_signal() != 0) {
    uint64_t unused;
    if (stop_fd_ >= 0 && read(stop_fd_, &unused, sizeof unused) > 0) stop();
  }
  read_control(frontend_, ipc::Role::kFrontend);
  read_control(zygote_, ipc::Role::kZygote);
  flush_and_watch(frontend_);
  flush_and_watch(zygote_);
  check_frontend();
  check_zygote();
  check_adopted();
  wake_stopped(zygote_);
  wake_stopped(frontend_);
  reap_strangers();
  respawn_due(place);
  warn_of_late_script();
  advance_stop();
  arm_timer();
  if (phase_ == Phase::kStopped && on_stopped) on_stopped();
}

void Supervisor::wait_until(uint64_t deadline_ns) {
  for (uint64_t now_ns = monotonic_ns(); now_ns < deadline_ns; now_ns = monotonic_ns()) {
    const uint64_t left_ns = deadline_ns - now_ns;
    const timespec left{static_cast<time_t>(left_ns / kNsPerSecond), static_cast<long>(left_ns % kNsPerSecond)};
    pollfd watched{epoll_.get(), POLLIN, 0};
    if (ppoll(&watched, 1, &left, nullptr) > 0) dispatch(Place::kAtRest);
  }
}

void Supervisor::read_control(SupervisedChild& child, ipc::Role role) {
  Channel* control = child.control();
  if (!control) return;
  Channel::Io io = Channel::Io::kDone;
  while (io == Channel::Io::kDone && may_read(child)) {
    io = control->receive();
    ipc::Frame frame;
    for (;;) {
      const auto next = control->next(frame);
      if (next == ipc::FrameDecoder::Next::kNeedMore) break;
      if (next == ipc::FrameDecoder::Next::kMalformed) {
        logf("error: the %s sent a bad frame: %s; it is replaced", child.name(), control->fault());
        child.kill();
        return;
      }
      if (role == ipc::Role::kFrontend) on_frontend_frame(frame);  // a zygote has nothing to say to us
    }
  }
  // A closed channel is most often a death; one that lives on without it must not.
  if (io == Channel::Io::kClosed || io == Channel::Io::kFault) child.kill();
}

void Supervisor::on_frontend_frame(ipc::Frame& frame) {
  if (frame.type == FrameType::kReady) is_ready_ = true;
  if (frame.type >= FrameType::kEventOn && (!heap_.events || !heap_.events->take(frame)))
    logf("warning: the frontend sent an event that cannot be read (type %d)", static_cast<int>(frame.type));
  if (frame.type != FrameType::kFailed) return;
  failure_ = frame.payload.empty() ? "it gave no reason" : std::string(frame.payload);
  if (phase_ != Phase::kStarting) logf("error: the frontend could not start again: %s", failure_.c_str());
}

void Supervisor::plan_respawn(SupervisedChild& child, int wait_status) {
  const uint64_t lived_ms = child.lived_ms();
  const uint64_t delay_ms = supervised_respawn_delay_ms(lived_ms, child.failures);
  child.respawn_at_ms = monotonic_ms() + delay_ms;
  logf("error: the %s %s after %llu.%01llu s; a new one starts %s", child.name(), describe_end(wait_status).c_str(),
       static_cast<unsigned long long>(lived_ms / 1000), static_cast<unsigned long long>(lived_ms % 1000 / 100),
       delay_ms == 0 ? "now" : ("in " + std::to_string(delay_ms) + " ms").c_str());
}

void Supervisor::check_frontend() {
  int status = 0;
  const pid_t pid = frontend_.pid();
  if (!frontend_.reap(status)) return;
  if (heap_.events) heap_.events->disconnect();
  zygote_end_.reset();
  adopted_.kill_all();  // its workers; the zygote does the same with its own
  if (phase_ == Phase::kStarting && failure_.empty())
    failure_ = "process " + std::to_string(pid) + " " + describe_end(status);
  if (phase_ == Phase::kServing) plan_respawn(frontend_, status);
}

void Supervisor::check_zygote() {
  int status = 0;
  if (!zygote_.reap(status)) return;
  adopted_.adopt({frontend_.pid()});
  for (int pidfd : adopted_.pidfds()) add_to_epoll(epoll_.get(), pidfd);  // those known already stay as they are
  look_at_adopted_again_ = !adopted_.empty();
  if (phase_ != Phase::kServing || !frontend_.is_alive()) adopted_.kill_all();  // nobody asks them anything any more
  if (phase_ == Phase::kStarting && failure_.empty()) failure_ = "the zygote " + describe_end(status);
  if (phase_ == Phase::kServing) plan_respawn(zygote_, status);
}

void Supervisor::check_adopted() {
  if (adopted_.empty()) return;
  look_at_adopted_again_ = adopted_.reap([this](pid_t pid, int wait_status) {
    if (!frontend_.control()) return;
    frontend_.control()->send(FrameType::kExited,
                              ipc::encode(ipc::Exited{kUnknownWorker, kUnknownWorker, static_cast<uint32_t>(pid),
                                                      static_cast<uint32_t>(wait_status)}));
  });
  flush_and_watch(frontend_);
}

void Supervisor::respawn_due(Place place) {
  retry_at_rest_ = false;
  if (phase_ != Phase::kServing) return;
  const uint64_t now_ms = monotonic_ms();
  auto is_due = [&](const SupervisedChild& child) {
    return !child.is_alive() && child.respawn_at_ms != 0 && child.respawn_at_ms <= now_ms;
  };
  auto try_again = [&](SupervisedChild& child, const Error& error) {
    child.respawn_at_ms = now_ms + supervised_respawn_delay_ms(0, child.failures);
    logf("error: a new %s could not be started: %s", child.name(), error.message.c_str());
  };
  if (is_due(zygote_)) {
    retry_at_rest_ = place == Place::kInsideScript;
    if (!retry_at_rest_)
      if (Status status = spawn_zygote(); !status) try_again(zygote_, status.error());
  }
  if (is_due(frontend_))
    if (Status status = spawn_frontend(); !status) {
      end_frontend();
      try_again(frontend_, status.error());
    }
}

// Otherwise a site whose script ends in a loop of its own would be silent for no visible reason.
void Supervisor::warn_of_late_script() {
  if (script_is_late_at_ms_ == 0 || phase_ != Phase::kServing || monotonic_ms() < script_is_late_at_ms_) return;
  script_is_late_at_ms_ = 0;
  logf("warning: the start script has not ended %llu s after server.start(); connections wait until it does",
       static_cast<unsigned long long>(kScriptPatienceMs / 1000));
}

void Supervisor::arm_timer() {
  uint64_t next_ms = script_is_late_at_ms_ != 0 ? script_is_late_at_ms_ : UINT64_MAX;
  const uint64_t now_ms = monotonic_ms();
  for (SupervisedChild* child : {&frontend_, &zygote_}) {
    if (!child->is_alive() && child->respawn_at_ms != 0) next_ms = std::min(next_ms, child->respawn_at_ms);
    if (child->is_alive() && child->stopped_at_ms != 0)
      next_ms = std::min(next_ms, child->stopped_at_ms + kStoppedPatienceMs);
    if (child->control() && child->control()->is_starved())
      next_ms = std::min(next_ms, now_ms + limits::kStarvedRetryMs);
  }
  if (retry_at_rest_) next_ms = now_ms + kRestPollMs;
  if (look_at_adopted_again_) next_ms = std::min(next_ms, now_ms + kAdoptedPollMs);
  if (phase_ == Phase::kStopping || phase_ == Phase::kEnding) next_ms = std::min(next_ms, phase_ends_ms_);
  itimerspec when = {};
  if (next_ms != UINT64_MAX) {
    next_ms = std::max<uint64_t>(next_ms, 1);  // zero would disarm it
    when.it_value = {static_cast<time_t>(next_ms / 1000), static_cast<long>(next_ms % 1000 * kNsPerMs)};
  }
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void Supervisor::watch_stop(int wake_up) {
  stop_fd_ = wake_up;
  add_to_epoll(epoll_.get(), wake_up);
}

void Supervisor::stop() {
  if (phase_ != Phase::kServing) return;
  logf("notice: stopping: SIG%s", sigabbrev_np(stop_signal()));
  phase_ = Phase::kStopping;
  phase_ends_ms_ = monotonic_ms() + parts_.config.grace_ms + kStopExtraMs;
  parts_.sockets.clear();  // the frontend closes its copies: from then on connecting is refused
  frontend_.respawn_at_ms = zygote_.respawn_at_ms = 0;
  if (frontend_.control()) {
    frontend_.control()->send(FrameType::kStop, ipc::encode(ipc::Stop{parts_.config.grace_ms}));
    flush_and_watch(frontend_);
  }
  arm_timer();
}

void Supervisor::advance_stop() {
  const bool is_late = monotonic_ms() >= phase_ends_ms_;
  if (phase_ == Phase::kStopping) {
    if (frontend_.is_alive() && is_late) {
      logf("warning: the frontend did not end within its grace time; it is killed");
      end_frontend();
    }
    if (frontend_.is_alive()) return;
    phase_ = Phase::kEnding;
    phase_ends_ms_ = monotonic_ms() + kEndPatienceMs;
    zygote_.hang_up();
    adopted_.kill_all();
  }
  if (phase_ != Phase::kEnding) return;
  if (is_late && zygote_.is_alive()) zygote_.kill();
  if (!zygote_.is_alive() && (adopted_.empty() || is_late)) phase_ = Phase::kStopped;
}

void Supervisor::kill_all() {
  end_frontend();
  const bool is_orderly = zygote_.end(kEndPatienceMs);  // it kills and reaps its workers
  if (!is_orderly) adopted_.adopt({});
  adopted_.kill_all();
  const uint64_t deadline_ms = monotonic_ms() + kEndPatienceMs;
  while (!adopted_.empty() && monotonic_ms() < deadline_ms) {
    adopted_.reap([](pid_t, int) {});
    if (!adopted_.empty()) poll(nullptr, 0, 1);
  }
  phase_ = Phase::kStopped;
}

}  // namespace ravelin::worker
