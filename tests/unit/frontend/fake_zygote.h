// The zygote and the workers as a test plays them: the far ends of the frontend's channels, moved step by step. The
// process of a worker is a real one that does nothing (IdleChild), since births and deaths are told by pidfds.
// Not for: the near ends; those are the frontend's own code, which runs in a thread of the test.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/sys.h"
#include "frontend/event_loop.h"
#include "ipc/channel.h"
#include "ipc/claims.h"
#include "ipc/control_frames.h"
#include "tests/unit/common/extended_regex.h"
#include "tests/unit/common/idle_child.h"
#include "tests/unit/common/stderr_capture.h"

namespace ravelin::frontend {

constexpr int kTestPatienceMs = 20'000;  // sanitizers on a busy machine; nothing waits so long when all is well

// The frontend's end of a channel, played by the test: blocking, with a time limit.
class FarEnd {
 public:
  explicit FarEnd(UniqueFd socket) : channel_(std::move(socket), ipc::Role::kFrontend) {}

  ipc::Channel& channel() { return channel_; }
  void send(ipc::FrameType type, std::string_view payload, UniqueFd descriptor = UniqueFd()) {
    channel_.send(type, payload, std::move(descriptor));
    EXPECT_EQ(channel_.flush(), ipc::Channel::Io::kDone);
  }
  // The next frame; false when none comes in `timeout_ms` or the channel is closed.
  bool receive(ipc::Frame& frame, int timeout_ms = kTestPatienceMs) {
    uint64_t deadline = monotonic_ms() + static_cast<uint64_t>(timeout_ms);
    for (;;) {
      auto next = channel_.next(frame);
      if (next != ipc::FrameDecoder::Next::kNeedMore) return next == ipc::FrameDecoder::Next::kFrame;
      uint64_t now = monotonic_ms();
      pollfd wait{channel_.fd(), POLLIN, 0};
      if (poll(&wait, 1, now < deadline ? static_cast<int>(deadline - now) : 0) <= 0) return false;
      if (channel_.receive() != ipc::Channel::Io::kDone) return false;
    }
  }
  void close() { channel_.close(); }

 private:
  ipc::Channel channel_;
};

// What a Spawn frame asked for, and the worker that the test makes of it.
struct FakeWorker {
  uint32_t slot = 0;
  uint32_t generation = 0;
  ipc::ClaimPage claims;
  std::vector<std::unique_ptr<FarEnd>> channels;  // one per loop
  std::unique_ptr<IdleChild> process;

  pid_t pid() const { return process->pid(); }
  FarEnd& channel() { return *channels.front(); }
  void say_hello() {
    for (auto& channel : channels)
      channel->send(ipc::FrameType::kHello, ipc::encode(ipc::Hello{ipc::kProtocolVersion, slot, generation}));
  }
  void close_channels() {
    for (auto& channel : channels) channel->close();
  }
};

class FakeZygote {
 public:
  // The frontend's end of the channel: for WorkerLife::set_zygote().
  UniqueFd take_near_end() {
    auto pair = make_socketpair();
    EXPECT_TRUE(pair);
    far_ = std::make_unique<FarEnd>(std::move(pair.value().second));
    return std::move(pair.value().first);
  }

  // The next Spawn with its descriptors; nullptr when none comes in time.
  std::unique_ptr<FakeWorker> take_spawn(int timeout_ms = kTestPatienceMs) {
    std::vector<UniqueFd> descriptors;
    ipc::Frame frame;
    while (far_->receive(frame, timeout_ms)) {
      if (frame.type == ipc::FrameType::kSpawnDescriptor) {
        descriptors.push_back(std::move(frame.descriptor));
        continue;
      }
      EXPECT_EQ(frame.type, ipc::FrameType::kSpawn);
      ipc::Spawn spawn = ipc::decode_spawn(frame.payload);
      EXPECT_EQ(descriptors.size(), spawn.loops + 1);
      auto worker = std::make_unique<FakeWorker>();
      worker->slot = spawn.slot;
      worker->generation = spawn.generation;
      auto claims = ipc::ClaimPage::map(descriptors.at(0));
      EXPECT_TRUE(claims) << "the first descriptor is the claim page";
      if (claims) worker->claims = std::move(claims.value());
      for (size_t i = 1; i < descriptors.size(); ++i)
        worker->channels.push_back(std::make_unique<FarEnd>(std::move(descriptors[i])));
      return worker;
    }
    return nullptr;
  }

  // Forks the process and names it to the frontend.
  void announce(FakeWorker& worker) {
    if (!worker.process) worker.process = std::make_unique<IdleChild>();
    auto pidfd = open_pidfd(worker.pid());
    ASSERT_TRUE(pidfd);
    ipc::Spawned spawned{worker.slot, worker.generation, static_cast<uint32_t>(worker.pid())};
    far_->send(ipc::FrameType::kSpawned, ipc::encode(spawned), std::move(pidfd.value()));
  }
  // A worker that is up: the usual beginning of a test.
  std::unique_ptr<FakeWorker> take_ready_worker() {
    auto worker = take_spawn();
    if (!worker) {
      ADD_FAILURE() << "no Spawn came";
      return nullptr;
    }
    announce(*worker);
    worker->say_hello();
    return worker;
  }
  void refuse(const FakeWorker& worker, uint32_t error) {
    far_->send(ipc::FrameType::kSpawnFailed, ipc::encode(ipc::SpawnFailed{worker.slot, worker.generation, error}));
  }
  void tell_exit(const FakeWorker& worker, int wait_status) {
    far_->send(ipc::FrameType::kExited,
               ipc::encode(ipc::Exited{worker.slot, worker.generation, static_cast<uint32_t>(worker.pid()),
                                       static_cast<uint32_t>(wait_status)}));
  }
  // Waits until the process has ended and tells how, as the zygote does when it reaps.
  int report_exit(FakeWorker& worker) {
    int status = worker.process->wait();
    tell_exit(worker, status);
    return status;
  }
  // The worker's process dies of `signal`; its channels close as those of a process do.
  int end_worker(FakeWorker& worker, int signal) {
    worker.process->send(signal);
    worker.close_channels();
    return report_exit(worker);
  }
  void send_garbage() {
    far_->channel().out().append(64, '\xee');
    far_->channel().flush();
  }
  void close() { far_.reset(); }

 private:
  std::unique_ptr<FarEnd> far_;
};

// Runs `run` in a thread that ends with the instance; call() lets a piece of the test run in that thread.
class LoopThread {
 public:
  LoopThread(EventLoop& loop, std::function<void()> run) : loop_(loop), thread_(std::move(run)) {}
  ~LoopThread() {
    loop_.post([this] { loop_.stop(); });
    thread_.join();
  }
  void call(const std::function<void()>& work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  template <typename Condition>
  bool becomes_true(Condition condition) {
    uint64_t deadline = monotonic_ms() + kTestPatienceMs;
    for (bool holds = false; monotonic_ms() < deadline; usleep(1000)) {
      call([&] { holds = condition(); });
      if (holds) return true;
    }
    return false;
  }

 private:
  EventLoop& loop_;
  std::thread thread_;
};

// The log of the code under test, read until a line appears. Patterns are POSIX extended regular expressions.
class LogWatch {
 public:
  bool has(const std::string& pattern) {
    text_ += capture_.text();
    return end_of_match(text_, pattern).has_value();
  }
  bool waits_for(const std::string& pattern) {
    uint64_t deadline = monotonic_ms() + kTestPatienceMs;
    while (!has(pattern)) {
      if (monotonic_ms() > deadline) return false;
      usleep(1000);
    }
    return true;
  }
  const std::string& text() const { return text_; }

 private:
  StderrCapture capture_;
  std::string text_;
};

}  // namespace ravelin::frontend
