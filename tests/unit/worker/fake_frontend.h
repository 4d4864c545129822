// A frontend for tests of zygote and workers: real forks, real socketpairs, claim pages and frames, driven step by
// step. The test process plays launcher and frontend.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/sys.h"
#include "ipc/channel.h"
#include "ipc/claims.h"
#include "ipc/control_frames.h"
#include "ipc/reply_frame.h"
#include "ipc/request_frame.h"
#include "tests/unit/worker/js_fixture.h"
#include "worker/server_options.h"
#include "worker/zygote.h"

namespace ravelin::worker {

constexpr int kPatienceMs = 10'000;  // for what must come

// A frame that outlives its channel's buffer.
struct KeptFrame {
  ipc::FrameType type;
  uint16_t slot;
  uint64_t stream;
  std::string payload;
  UniqueFd descriptor;
};

// The next frame, or nothing when the channel closes or `patience_ms` passes.
inline std::optional<KeptFrame> next_frame(ipc::Channel& channel, int patience_ms = kPatienceMs) {
  const uint64_t deadline_ms = monotonic_ms() + static_cast<uint64_t>(patience_ms);
  for (;;) {
    ipc::Frame frame;
    const auto next = channel.next(frame);
    if (next == ipc::FrameDecoder::Next::kFrame)
      return KeptFrame{frame.type, frame.slot, frame.stream, std::string(frame.payload), std::move(frame.descriptor)};
    EXPECT_NE(next, ipc::FrameDecoder::Next::kMalformed) << channel.fault();
    if (next == ipc::FrameDecoder::Next::kMalformed) return std::nullopt;
    const uint64_t now_ms = monotonic_ms();
    if (now_ms > deadline_ms) return std::nullopt;
    pollfd watched{channel.fd(), POLLIN, 0};
    poll(&watched, 1, static_cast<int>(deadline_ms - now_ms));
    if (channel.receive() == ipc::Channel::Io::kClosed) return std::nullopt;
  }
}

inline bool is_gone(pid_t pid) { return kill(pid, 0) != 0; }

// Waits until a process that is not our child to wait for no longer exists.
inline bool wait_gone(pid_t pid, int patience_ms = kPatienceMs) {
  for (int i = 0; i < patience_ms && !is_gone(pid); ++i) usleep(1000);
  return is_gone(pid);
}

inline std::string read_proc(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct FakeWorker {
  uint32_t slot = 0;
  uint32_t generation = 0;
  ipc::ClaimPage claims;
  std::vector<std::unique_ptr<ipc::Channel>> channels;
  pid_t pid = 0;
  UniqueFd pidfd;

  ipc::Channel& channel(size_t loop = 0) { return *channels[loop]; }

  // Queues a GET for route 0 in the claim page and in the channel's buffer; flush() sends.
  void request(uint64_t stream, uint16_t request_slot, const std::string& path = "/", uint32_t loop = 0) {
    claims.queue(ipc::ClaimPage::index(loop, request_slot), stream);
    ipc::RequestFields fields;
    fields.route = 0;
    fields.method = "GET";
    fields.path = fields.matched_path = path;
    fields.peer_ip = "127.0.0.1";
    fields.host = "localhost";
    ipc::FrameWriter frame(channel(loop).out(), ipc::FrameType::kRequest, request_slot, stream);
    ipc::encode_request(frame.payload(), fields, false);
    frame.finish();
  }
  void flush(uint32_t loop = 0) { EXPECT_EQ(channel(loop).flush(), ipc::Channel::Io::kDone); }

  // The body of the next Reply, or what came instead in angle brackets.
  std::string reply(uint32_t loop = 0, int patience_ms = kPatienceMs) {
    auto frame = next_frame(channel(loop), patience_ms);
    if (!frame) return "<nothing>";
    if (frame->type != ipc::FrameType::kReply) return "<frame " + std::to_string(static_cast<int>(frame->type)) + ">";
    auto fields = ipc::decode_reply(frame->payload, static_cast<bool>(frame->descriptor));
    if (!fields) return "<" + fields.error().message + ">";
    if (!frame->descriptor) return std::string(fields.value().inline_body);
    std::string body(fields.value().body_bytes, '\0');
    EXPECT_EQ(pread(frame->descriptor.get(), body.data(), body.size(), static_cast<off_t>(fields.value().body_offset)),
              static_cast<ssize_t>(body.size()));
    return body;
  }
  std::string ask(const std::string& path, uint32_t loop = 0) {
    static uint64_t stream = 1'000'000;
    request(++stream, 63, path, loop);
    flush(loop);
    return reply(loop);
  }
};

class FakeFrontend : public ::testing::Test {
 protected:
  // The handler of every test: a script function that is given the path.
  void start(const std::string& handler, const std::string& options = "", const std::string& before = "") {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    ASSERT_EQ(site_.run(before + ";0").find("throws"), std::string::npos);
    duk_context* js = site_.js();
    duk_eval_string(js, ("({map: {'/': function (req) { " + handler + "}}, " + options + "})").c_str());
    options_ = read_start_options(js, -1);
    duk_pop(js);
    fork_zygote();
  }

  void fork_zygote() {
    auto control = make_socketpair();
    auto frontend = make_socketpair();
    ASSERT_TRUE(control && frontend);
    const pid_t launcher = getpid();
    fflush(nullptr);  // workers flush what they inherit
    zygote_ = fork();
    if (zygote_ == 0)
      run_zygote(site_.heap, options_.config,
                 ZygoteBirth{std::move(control.value().second), std::move(frontend.value().second), launcher});
    ASSERT_GT(zygote_, 0);
    control_ = std::make_unique<ipc::Channel>(std::move(control.value().first), ipc::Role::kZygote);
    channel_ = std::make_unique<ipc::Channel>(std::move(frontend.value().first), ipc::Role::kZygote);
  }

  // Asks for a worker and waits for Spawned; Hello is left to read.
  FakeWorker ask_worker(uint32_t slot, uint32_t generation, uint32_t loops = 1) {
    FakeWorker worker;
    worker.slot = slot;
    worker.generation = generation;
    UniqueFd memfd;
    auto page = ipc::ClaimPage::create(memfd);
    EXPECT_TRUE(page);
    worker.claims = std::move(page.value());
    channel_->send(ipc::FrameType::kSpawnDescriptor, {}, std::move(memfd));
    for (uint32_t i = 0; i < loops; ++i) {
      auto pair = make_socketpair();
      worker.channels.push_back(std::make_unique<ipc::Channel>(std::move(pair.value().first), ipc::Role::kWorker));
      channel_->send(ipc::FrameType::kSpawnDescriptor, {}, std::move(pair.value().second));
    }
    channel_->send(ipc::FrameType::kSpawn, ipc::encode(ipc::Spawn{slot, generation, loops}));
    EXPECT_EQ(channel_->flush(), ipc::Channel::Io::kDone);
    auto frame = next_frame(*channel_);
    EXPECT_TRUE(frame && frame->type == ipc::FrameType::kSpawned);
    if (!frame || frame->type != ipc::FrameType::kSpawned) return worker;
    const ipc::Spawned spawned = ipc::decode_spawned(frame->payload);
    EXPECT_EQ(spawned.slot, slot);
    EXPECT_EQ(spawned.generation, generation);
    worker.pid = static_cast<pid_t>(spawned.pid);
    worker.pidfd = std::move(frame->descriptor);
    return worker;
  }

  // A worker that has said Hello on every channel.
  FakeWorker spawn(uint32_t slot = 0, uint32_t generation = 1, uint32_t loops = 1) {
    FakeWorker worker = ask_worker(slot, generation, loops);
    for (auto& channel : worker.channels) {
      auto frame = next_frame(*channel);
      EXPECT_TRUE(frame && frame->type == ipc::FrameType::kHello);
      if (!frame) continue;
      const ipc::Hello hello = ipc::decode_hello(frame->payload);
      EXPECT_EQ(hello.version, ipc::kProtocolVersion);
      EXPECT_EQ(hello.slot, slot);
      EXPECT_EQ(hello.generation, generation);
    }
    return worker;
  }

  // The wait status from the zygote's next frame, which must be the Exited of this worker.
  int exit_status(const FakeWorker& worker) {
    auto frame = next_frame(*channel_);
    EXPECT_TRUE(frame && frame->type == ipc::FrameType::kExited);
    if (!frame || frame->type != ipc::FrameType::kExited) return -1;
    const ipc::Exited exited = ipc::decode_exited(frame->payload);
    EXPECT_EQ(exited.slot, worker.slot);
    EXPECT_EQ(exited.generation, worker.generation);
    EXPECT_EQ(exited.pid, static_cast<uint32_t>(worker.pid));
    return static_cast<int>(exited.wait_status);
  }

  // A new frontend channel for the zygote, as after the death of a frontend.
  void replace_frontend() {
    auto pair = make_socketpair();
    control_->send(ipc::FrameType::kZygote, {}, std::move(pair.value().second));
    EXPECT_EQ(control_->flush(), ipc::Channel::Io::kDone);
    channel_ = std::make_unique<ipc::Channel>(std::move(pair.value().first), ipc::Role::kZygote);
  }

  void TearDown() override {
    channel_.reset();
    control_.reset();
    if (zygote_ > 0) {
      int status = 0;
      EXPECT_EQ(waitpid(zygote_, &status, 0), zygote_);
    }
    // Orphans come to us, the subreaper. None may be alive.
    for (pid_t pid; (pid = waitpid(-1, nullptr, WNOHANG)) >= 0;) {
      EXPECT_NE(pid, 0) << "a process is left behind";
      if (pid == 0) break;
    }
  }

  Site site_;
  StartOptions options_;
  pid_t zygote_ = 0;
  std::unique_ptr<ipc::Channel> control_;
  std::unique_ptr<ipc::Channel> channel_;  // of the frontend to the zygote
};

}  // namespace ravelin::worker
