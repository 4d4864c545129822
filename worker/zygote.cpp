#include "worker/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/sys.h"
#include "ipc/channel.h"
#include "ipc/control_frames.h"
#include "worker/fork_hygiene.h"
#include "worker/worker_loop.h"

namespace ravelin::worker {

namespace {

using ipc::Channel;
using ipc::FrameType;

constexpr uint64_t kReapAtEndMs = 1'000;  // killed workers are reaped before the zygote ends; one may be in the kernel
constexpr uint64_t kSurveyMs = 2'000;     // a survey of the user's processes may be so old
constexpr size_t kMaxLive = limits::kMaxWorkers * 2;  // old ones on their way out beside the new

class Zygote {
 public:
  Zygote(JsHeap& heap, const ipc::ServerConfig& config, ZygoteBirth birth, WorkerSurroundings surroundings)
      : heap_(heap),
        config_(config),
        surroundings_(std::move(surroundings)),
        control_(std::move(birth.control), ipc::Role::kLauncher) {
    if (birth.frontend) set_frontend(std::move(birth.frontend));
    block_sigchld();
  }

  [[noreturn]] void loop() {
    for (;;) {
      pollfd watched[3] = {{control_.fd(), POLLIN, 0}, {child_events_.get(), POLLIN, 0}, {-1, 0, 0}};
      if (frontend_) {
        const short writing = frontend_->has_output() && !frontend_->is_starved() ? POLLOUT : 0;
        watched[2] = {frontend_->fd(), static_cast<short>(POLLIN | writing), 0};
      }
      const bool is_starved = frontend_ && frontend_->is_starved();
      if (poll(watched, 3, is_starved ? static_cast<int>(limits::kStarvedRetryMs) : -1) < 0 && errno != EINTR) {
        logf("error: poll failed: %s; the zygote ends and is replaced", errno_text(errno).c_str());
        end();
      }
      if (watched[1].revents != 0) on_child_event();
      // Before the control channel, which may bring another frontend: what poll said is about this one.
      if (frontend_ && (watched[2].revents & POLLIN) != 0) on_frontend();
      if (frontend_ && (watched[2].revents & (POLLHUP | POLLERR)) != 0) lose_frontend();
      if (watched[0].revents != 0) on_control();
      flush_frontend();
    }
  }

 private:
  struct Worker {
    uint32_t slot;
    uint32_t generation;
    uint32_t epoch;  // which frontend asked for it
  };

  // SIGCHLD becomes readable data, so no exit can fall between looking and waiting.
  void block_sigchld() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    child_events_.reset(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    if (child_events_) return;
    logf("error: signalfd failed: %s; the zygote ends and is replaced", errno_text(errno).c_str());
    end();
  }

  void set_frontend(UniqueFd socket) {
    kill_workers();
    pending_.clear();
    ++epoch_;
    frontend_ = std::make_unique<Channel>(std::move(socket), ipc::Role::kFrontend);
  }

  // Without a frontend nobody asks the workers anything, and the next one starts with workers of its own.
  void lose_frontend() {
    frontend_.reset();
    pending_.clear();
    kill_workers();
  }

  // A worker leads its process group, but for the moment between fork and setpgid.
  static void kill_with_children(pid_t pid) {
    if (kill(-pid, SIGKILL) != 0) kill(pid, SIGKILL);
  }

  void kill_workers() {
    for (const auto& [pid, worker] : workers_) kill_with_children(pid);
  }

  void on_control() {
    const Channel::Io io = control_.receive();
    ipc::Frame frame;
    for (;;) {
      const auto next = control_.next(frame);
      if (next == ipc::FrameDecoder::Next::kNeedMore) break;
      if (next == ipc::FrameDecoder::Next::kMalformed || frame.type != FrameType::kZygote) {
        logf("error: the launcher sent a bad frame; the zygote ends");
        end();
      }
      set_frontend(std::move(frame.descriptor));
    }
    if (io == Channel::Io::kClosed || io == Channel::Io::kFault) end();
  }

  void on_frontend() {
    const Channel::Io io = frontend_->receive();
    ipc::Frame frame;
    while (frontend_) {
      const auto next = frontend_->next(frame);
      if (next == ipc::FrameDecoder::Next::kNeedMore) break;
      if (next == ipc::FrameDecoder::Next::kMalformed || !on_frontend_frame(frame)) {
        logf("error: the frontend sent a bad frame; its channel is closed");
        lose_frontend();
        return;
      }
    }
    if (io == Channel::Io::kClosed || io == Channel::Io::kFault) lose_frontend();
  }

  bool on_frontend_frame(ipc::Frame& frame) {
    if (frame.type == FrameType::kSpawnDescriptor) {
      pending_.push_back(std::move(frame.descriptor));
      return pending_.size() <= limits::kMaxLoops + 1;
    }
    if (frame.type != FrameType::kSpawn) return false;
    spawn(ipc::decode_spawn(frame.payload));
    return true;
  }

  void refuse(const ipc::Spawn& request, int error) {
    frontend_->send(FrameType::kSpawnFailed,
                    ipc::encode(ipc::SpawnFailed{request.slot, request.generation, static_cast<uint32_t>(error)}));
  }

  void spawn(const ipc::Spawn& request) {
    std::vector<UniqueFd> descriptors = std::exchange(pending_, {});
    if (request.loops == 0 || descriptors.size() != request.loops + size_t{1}) return refuse(request, EPROTO);
    if (workers_.size() >= kMaxLive) return refuse(request, EAGAIN);
    std::vector<int> keep;
    for (const UniqueFd& descriptor : descriptors) keep.push_back(descriptor.get());
    std::sort(keep.begin(), keep.end());

    const pid_t pid = fork();
    if (pid == 0) {
      settle_worker(heap_, surroundings_, keep);
      WorkerBirth birth{request.slot, request.generation, std::move(descriptors.front()), {}};
      birth.channels.assign(std::make_move_iterator(descriptors.begin() + 1),
                            std::make_move_iterator(descriptors.end()));
      run_worker(heap_, config_, std::move(birth));
    }
    if (pid < 0) return refuse(request, errno);
    workers_[pid] = {request.slot, request.generation, epoch_};
    auto pidfd = open_pidfd(pid);
    if (!pidfd) {
      kill_with_children(pid);
      workers_.erase(pid);  // the frontend hears of the failure, not of a death
      return refuse(request, EMFILE);
    }
    frontend_->send(FrameType::kSpawned,
                    ipc::encode(ipc::Spawned{request.slot, request.generation, static_cast<uint32_t>(pid)}),
                    std::move(pidfd.value()));
  }

  void on_child_event() {
    signalfd_siginfo unused[8];
    while (read(child_events_.get(), unused, sizeof unused) > 0) {
    }
    reap();
  }

  // Every child that has ended. One signal may stand for many.
  void reap() {
    for (;;) {
      siginfo_t ended = {};
      if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
      const pid_t pid = ended.si_pid;
      const auto found = workers_.find(pid);
      // Its children go too. The group cannot be another's: its leader is not reaped yet.
      if (found != workers_.end()) kill(-pid, SIGKILL);
      int status = 0;
      waitpid(pid, &status, 0);
      if (found == workers_.end()) continue;  // a child of a dead worker
      const Worker worker = found->second;
      workers_.erase(found);
      if (!frontend_ || worker.epoch != epoch_) continue;
      frontend_->send(FrameType::kExited,
                      ipc::encode(ipc::Exited{worker.slot, worker.generation, static_cast<uint32_t>(pid),
                                              static_cast<uint32_t>(status)}));
    }
  }

  void flush_frontend() {
    if (!frontend_ || !frontend_->has_output()) return;
    const Channel::Io io = frontend_->flush();
    // One that does not read for so long is stuck; the launcher will replace it when it dies.
    if (io == Channel::Io::kClosed || frontend_->unsent() > limits::kChannelHighWater) lose_frontend();
  }

  [[noreturn]] void end() {
    kill_workers();
    const uint64_t deadline_ms = monotonic_ms() + kReapAtEndMs;
    while (!workers_.empty() && monotonic_ms() < deadline_ms) {
      reap();
      if (!workers_.empty()) poll(nullptr, 0, 1);
    }
    _exit(0);
  }

  JsHeap& heap_;
  const ipc::ServerConfig& config_;
  WorkerSurroundings surroundings_;
  Channel control_;
  UniqueFd child_events_;
  std::unique_ptr<Channel> frontend_;
  std::vector<UniqueFd> pending_;  // descriptors since the last Spawn
  std::unordered_map<pid_t, Worker> workers_;
  uint32_t epoch_ = 0;
};

}  // namespace

void run_zygote(JsHeap& heap, const ipc::ServerConfig& config, ZygoteBirth birth) {
  std::vector<int> keep{birth.control.get()};
  if (birth.frontend) keep.push_back(birth.frontend.get());
  std::sort(keep.begin(), keep.end());
  settle_zygote(heap, birth.launcher, keep);
  WorkerSurroundings surroundings = survey_for_workers(birth.launcher, config);
  Zygote(heap, config, std::move(birth), std::move(surroundings)).loop();
}

}  // namespace ravelin::worker
