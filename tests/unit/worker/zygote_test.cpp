// The zygote with a fake frontend: births, deaths, and what workers inherit.
#include "worker/zygote.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>

#include "ipc/control_frames.h"
#include "tests/unit/worker/fake_frontend.h"
#include "worker/fork_hygiene.h"
#include "worker/js_timers.h"

namespace ravelin::worker {
namespace {

class Zygote : public FakeFrontend {};

TEST_F(Zygote, WorkersAreBornWithTheHeapAndSayHello) {
  start("return {txt: greeting + req.path.path};", "", "var greeting = 'hello '");
  FakeWorker one = spawn(0, 1);
  FakeWorker two = spawn(1, 7, 3);
  EXPECT_EQ(one.ask("/a"), "hello /a");
  for (uint32_t loop = 0; loop < 3; ++loop) EXPECT_EQ(two.ask("/b", loop), "hello /b");
}

TEST_F(Zygote, DeathsAreReportedWithTheirStatus) {
  start("return {txt: 'x'};");
  FakeWorker worker = spawn(3, 9);
  EXPECT_TRUE(signal_pidfd(worker.pidfd.get(), SIGKILL));
  const int status = exit_status(worker);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  FakeWorker next = spawn(3, 10);
  EXPECT_EQ(next.ask("/"), "x");
}

TEST_F(Zygote, ManyDeathsAtOnceAreAllReported) {
  start("return {txt: 'x'};");
  std::map<uint32_t, FakeWorker> workers;
  for (uint32_t slot = 0; slot < 30; ++slot) workers[slot] = spawn(slot, slot);
  for (auto& [slot, worker] : workers) signal_pidfd(worker.pidfd.get(), SIGKILL);
  while (!workers.empty()) {
    auto frame = next_frame(*channel_);
    ASSERT_TRUE(frame && frame->type == ipc::FrameType::kExited);
    EXPECT_EQ(workers.erase(ipc::decode_exited(frame->payload).slot), 1u);
  }
}

TEST_F(Zygote, ChildrenOfAWorkerEndWithIt) {
  start("return {txt: '' + rampart.utils.exec('sh', '-c', 'sleep 100 >/dev/null 2>&1 & echo $!').stdout};");
  FakeWorker worker = spawn();
  const pid_t child = std::stoi(worker.ask("/"));
  ASSERT_FALSE(is_gone(child));
  signal_pidfd(worker.pidfd.get(), SIGKILL);
  exit_status(worker);
  EXPECT_TRUE(wait_gone(child)) << "killed, and reaped by the zygote";
}

TEST_F(Zygote, SpawnWithoutItsDescriptorsIsRefused) {
  start("return {txt: 'x'};");
  for (uint32_t loops : {0u, 1u, 2u, 1000000u}) {
    auto pair = make_socketpair();
    channel_->send(ipc::FrameType::kSpawnDescriptor, {}, std::move(pair.value().second));
    channel_->send(ipc::FrameType::kSpawn, ipc::encode(ipc::Spawn{4, 5, loops}));
    ASSERT_EQ(channel_->flush(), ipc::Channel::Io::kDone);
    auto frame = next_frame(*channel_);
    ASSERT_TRUE(frame && frame->type == ipc::FrameType::kSpawnFailed);
    const ipc::SpawnFailed failed = ipc::decode_spawn_failed(frame->payload);
    EXPECT_EQ(failed.slot, 4u);
    EXPECT_EQ(failed.generation, 5u);
    EXPECT_EQ(failed.error, static_cast<uint32_t>(EPROTO));
  }
  EXPECT_EQ(spawn(4, 6).ask("/"), "x") << "and nothing is left of the refused ones";
}

TEST_F(Zygote, AFrontendThatBreaksTheProtocolLosesItsChannelAndItsWorkers) {
  start("return {txt: 'x'};");
  FakeWorker worker = spawn();
  channel_->out() = "garbage that is no frame header, and long enough to be read as one";
  channel_->flush();
  EXPECT_FALSE(next_frame(*channel_));
  EXPECT_TRUE(wait_gone(worker.pid));
  replace_frontend();
  EXPECT_EQ(spawn().ask("/"), "x");
}

TEST_F(Zygote, TooManyDescriptorsAreAProtocolError) {
  start("return {txt: 'x'};");
  for (uint32_t i = 0; i < limits::kMaxLoops + 2; ++i) {
    auto pair = make_socketpair();
    channel_->send(ipc::FrameType::kSpawnDescriptor, {}, std::move(pair.value().second));
  }
  channel_->flush();
  EXPECT_FALSE(next_frame(*channel_));
}

TEST_F(Zygote, WorkersOfADeadFrontendAreKilledAndTheNextOneHearsNothingOfThem) {
  start("while (true) {}");
  FakeWorker worker = spawn();
  worker.request(1, 0);
  worker.flush();
  channel_.reset();
  EXPECT_TRUE(wait_gone(worker.pid)) << "although it computes";
  replace_frontend();
  FakeWorker next = spawn(0, 2);
  signal_pidfd(next.pidfd.get(), SIGKILL);
  exit_status(next);
}

TEST_F(Zygote, ANewFrontendChannelEndsTheOldWorkers) {
  start("while (true) {}");
  FakeWorker worker = spawn();
  auto old_channel = std::move(channel_);
  replace_frontend();
  EXPECT_TRUE(wait_gone(worker.pid));
  EXPECT_FALSE(next_frame(*old_channel));
  spawn(0, 2);
}

TEST_F(Zygote, TheEndOfOneFrontendIsNotTakenForThatOfTheNext) {
  start("return {txt: 'x'};");
  for (uint32_t i = 0; i < 20; ++i) {
    // Stopped, so that it finds the closed channel and the new one in the same moment.
    kill(zygote_, SIGSTOP);
    channel_.reset();
    replace_frontend();
    kill(zygote_, SIGCONT);
    EXPECT_EQ(spawn(0, i).ask("/"), "x");
  }
}

TEST_F(Zygote, EndsWithItsControlChannelAndTakesItsWorkersAlong) {
  start("while (true) {}");
  FakeWorker worker = spawn();
  worker.request(1, 0);
  worker.flush();
  control_->close();
  int status = 0;
  EXPECT_EQ(waitpid(zygote_, &status, 0), zygote_);
  zygote_ = 0;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(is_gone(worker.pid));
}

TEST_F(Zygote, WorkersOutliveADeadZygoteUnderTheLauncher) {
  start("return {txt: 'still here'};");
  FakeWorker worker = spawn();
  kill(zygote_, SIGKILL);
  waitpid(zygote_, nullptr, 0);
  zygote_ = 0;
  usleep(20'000);  // for the parent-death signal
  EXPECT_EQ(worker.ask("/"), "still here");
  worker.channels.clear();  // its frontend is gone: it ends
  int status = 0;
  EXPECT_EQ(waitpid(worker.pid, &status, 0), worker.pid) << "it is our child now";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(Zygote, NothingOutlivesTheLauncher) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t launcher = fork();
  if (launcher == 0) {
    start("while (true) {}");
    FakeWorker busy = spawn(0, 1);
    FakeWorker idle = spawn(1, 2);
    busy.request(1, 0);
    busy.flush();
    const pid_t pids[3] = {zygote_, busy.pid, idle.pid};
    if (write(ends[1], pids, sizeof pids) != sizeof pids) _exit(1);
    usleep(20'000);
    kill(getpid(), SIGKILL);
  }
  pid_t pids[3] = {};
  ASSERT_EQ(read(ends[0], pids, sizeof pids), static_cast<ssize_t>(sizeof pids));
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  waitpid(launcher, nullptr, 0);
  for (pid_t pid : pids) {
    // Without the launcher they are ours to reap, in whatever order they end.
    for (int i = 0; i < kPatienceMs && waitpid(pid, nullptr, WNOHANG) != pid && !is_gone(pid); ++i) usleep(1000);
    EXPECT_TRUE(is_gone(pid));
  }
  close(ends[0]);
  close(ends[1]);
}

TEST_F(Zygote, WorkersDrawDifferentRandomNumbers) {
  start("return {txt: '' + Math.random()};");
  FakeWorker one = spawn(0, 1);
  FakeWorker two = spawn(1, 2);
  EXPECT_NE(one.ask("/"), two.ask("/"));
}

TEST_F(Zygote, WorkersForgetTheTimersOfTheLauncher) {
  const std::unique_ptr<event_base, void (*)(event_base*)> base(event_base_new(), event_base_free);
  JsTimers timers(base.get(), site_.js());
  timers.install();
  start("setTimeout(function () { mine = true; }, 1); rampart.utils.sleep(0.02); return {txt: theirs + ' ' + mine};",
        "", "var theirs = false, mine = false; setTimeout(function () { theirs = true; }, 1)");
  FakeWorker worker = spawn();
  EXPECT_EQ(worker.ask("/"), "false false");
  usleep(30'000);
  EXPECT_EQ(worker.ask("/"), "false true") << "its own timers run in its own loop";
  event_base_loop(base.get(), EVLOOP_ONCE);
  EXPECT_EQ(site_.run("theirs"), "true") << "the launcher's run in the launcher";
  TearDown();
  zygote_ = 0;
}

TEST_F(Zygote, WorkersHoldOnlyWhatTheyNeed) {
  // What the launcher has open at the fork: a listening socket, a connection, a pipe, and a file of the script.
  UniqueFd listening(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(listen(listening.get(), 5), 0);
  auto connection = make_socketpair();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const std::string launcher_pipe = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(pipe_ends[0]));
  const std::string file = site_.folder.write("data.txt", "of the script");
  UniqueFd script_file(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  start("return {txt: 'x'};", "threads: 1");
  FakeWorker worker = spawn(0, 1, 2);
  EXPECT_EQ(worker.ask("/"), "x");
  int sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(worker.pid) + "/fd")) {
    const int number = std::stoi(entry.path().filename());
    const std::string target = std::filesystem::read_symlink(entry.path());
    if (number <= 2) continue;
    EXPECT_NE(target, launcher_pipe);
    if (target.rfind("socket:", 0) == 0) ++sockets;
  }
  EXPECT_EQ(sockets, 2) << "its two channels, and nothing else";
  EXPECT_EQ(
      std::filesystem::read_symlink("/proc/" + std::to_string(worker.pid) + "/fd/" + std::to_string(script_file.get())),
      file);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST_F(Zygote, WorkersAreSettled) {
  start("return {txt: 'x'};", "maxMemory: 64");
  FakeWorker worker = spawn();
  EXPECT_EQ(worker.ask("/"), "x");
  EXPECT_EQ(getpgid(worker.pid), worker.pid);
  EXPECT_NE(getpgid(zygote_), getpgrp());
  EXPECT_EQ(read_proc(worker.pid, "comm"), "ravelin-worker\n");
  EXPECT_EQ(read_proc(zygote_, "comm"), "ravelin-zygote\n");
  const int own = std::stoi(read_proc(getpid(), "oom_score_adj"));
  EXPECT_EQ(std::stoi(read_proc(worker.pid, "oom_score_adj")), std::min(own + 300, 1000));
  EXPECT_EQ(std::stoi(read_proc(zygote_, "oom_score_adj")), own);
  const std::string status = read_proc(worker.pid, "status");
  const auto mask = [&](const char* name) {
    return std::stoull(status.substr(status.find(name) + strlen(name)), nullptr, 16);
  };
  EXPECT_EQ(mask("SigBlk:"), 0u);
  const uint64_t libc_signals = 3ull << (32 - 1);  // 32 and 33: nobody but libc can set them, they may be inherited
  EXPECT_EQ(mask("SigIgn:") & ~libc_signals,
            (1ull << (SIGPIPE - 1)) | (1ull << (SIGINT - 1)) | (1ull << (SIGTTIN - 1)) | (1ull << (SIGTTOU - 1)));
  EXPECT_EQ(mask("SigCgt:") & ~libc_signals, 1ull << (parent_death_signal() - 1) | 1ull << (ipc::flush_signal() - 1));
  const std::string limits = read_proc(worker.pid, "limits");
  EXPECT_NE(limits.find("Max core file size        0"), std::string::npos);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_EQ(limits.find("Max address space         unlimited            "), std::string::npos);
#endif
}

// Kill to Hello as the frontend sees it: not a promise of this test, but a bound that a mistake would break.
void measure(std::vector<double>& times, const std::string& what) {
  std::sort(times.begin(), times.end());
  fprintf(stderr, "%s: kill to Hello, median of %zu: %.2f ms, worst %.2f ms\n", what.c_str(), times.size(),
          times[times.size() / 2], times.back());
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr double kBoundMs = 2000;
#else
  constexpr double kBoundMs = 100;
#endif
  EXPECT_LT(times[times.size() / 2], kBoundMs);
}

TEST_F(Zygote, KillToHelloIsShort) {
  for (int megabytes : {0, 20, 100}) {
    start("return {txt: 'x'};", "",
          "var ballast = []; for (var i = 0; i < " + std::to_string(megabytes) +
              " * 16; i++) { var b = new Buffer(65536); b.fill(1); ballast.push(b); }");
    std::vector<double> times;
    FakeWorker worker = spawn(0, 1);
    for (uint32_t i = 2; i < 102; ++i) {
      const uint64_t begin_ns = monotonic_ns();
      signal_pidfd(worker.pidfd.get(), SIGKILL);
      pollfd watched{worker.pidfd.get(), POLLIN, 0};
      poll(&watched, 1, kPatienceMs);
      exit_status(worker);
      worker = spawn(0, i);
      times.push_back(static_cast<double>(monotonic_ns() - begin_ns) / 1e6);
    }
    measure(times, std::to_string(megabytes) + " MB of script data");
    TearDown();
    zygote_ = 0;
  }
}

}  // namespace
}  // namespace ravelin::worker
