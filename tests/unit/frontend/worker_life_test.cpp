#include "frontend/worker_life.h"

#include <sys/wait.h>

#include <set>

#include "tests/unit/common/open_descriptors.h"
#include "tests/unit/frontend/life_fixture.h"

namespace ravelin::frontend {
namespace {

// --- births ---

TEST(WorkerLife, SpawnsEveryWorkerWithItsChannels) {
  Life site(3, 2);
  std::set<uint32_t> slots;
  for (int i = 0; i < 3; ++i) {
    auto worker = site.zygote.take_spawn();
    ASSERT_TRUE(worker);
    slots.insert(worker->slot);
    EXPECT_EQ(worker->generation, 1u);
    ASSERT_EQ(worker->channels.size(), 2u);
    // Each channel leads to its loop, in loop order, and the page is the one that the loops have.
    for (size_t loop = 0; loop < 2; ++loop) worker->channels[loop]->send(ipc::FrameType::kDrain, {});
    site.call([&] {
      for (size_t loop = 0; loop < 2; ++loop) {
        char bytes[sizeof(ipc::FrameHeader)];
        EXPECT_EQ(read(site.fake_loops[loop]->channels[worker->slot].get(), bytes, sizeof bytes),
                  static_cast<ssize_t>(sizeof bytes));
        site.fake_loops[loop]->pages[worker->slot]->queue(static_cast<uint32_t>(loop), 77);
      }
    });
    EXPECT_TRUE(worker->claims.begin(0, 77));
    EXPECT_TRUE(worker->claims.begin(1, 77));
  }
  EXPECT_EQ(slots, (std::set<uint32_t>{0, 1, 2}));
  EXPECT_EQ(site.table.usable, 3u) << "on their way counts";
}

TEST(WorkerLife, LeavesNoDescriptorsBehind) {
  size_t before = count_open_descriptors();
  {
    Life site(2);
    auto first = site.take_ready_worker();
    auto second = site.zygote.take_spawn();
    ASSERT_TRUE(first && second);
    site.zygote.end_worker(*first, SIGTERM);
    site.expect_successor(*first);
  }
  EXPECT_EQ(count_open_descriptors(), before);
}

TEST(WorkerLife, AFailedSpawnIsTriedAgainAfterADelay) {
  Life site(1);
  uint64_t begin = monotonic_ms();
  auto worker = site.zygote.take_spawn();
  ASSERT_TRUE(worker);
  site.zygote.refuse(*worker, EAGAIN);
  site.expect_successor(*worker);
  EXPECT_GE(monotonic_ms() - begin, limits::kRespawnDelayMs);
  EXPECT_TRUE(site.log.waits_for("error: worker 0 could not be forked: Resource temporarily unavailable"));
  EXPECT_EQ(site.told_no_workers(), 0) << "requests wait out a short delay";
}

TEST(WorkerLife, TheQueueIsToldOfALongDelay) {
  Life site(1);
  for (uint64_t delay_ms = limits::kRespawnDelayMs;; delay_ms *= 2) {
    auto worker = site.zygote.take_spawn();
    ASSERT_TRUE(worker);
    site.zygote.refuse(*worker, EAGAIN);
    if (delay_ms > limits::kShortRespawnDelayMs) break;
    EXPECT_EQ(site.told_no_workers(), 0);
  }
  EXPECT_TRUE(site.thread->becomes_true([&] { return site.loop().told_no_workers == 1; }));
  EXPECT_EQ(site.table.usable, 0u);
}

TEST(WorkerLife, ADeathBeforeHelloIsReplacedAfterADelay) {
  Life site(1);
  auto worker = site.zygote.take_spawn();
  ASSERT_TRUE(worker);
  uint64_t begin = monotonic_ms();
  site.zygote.announce(*worker);
  site.zygote.end_worker(*worker, SIGTERM);
  site.expect_successor(*worker);
  EXPECT_GE(monotonic_ms() - begin, limits::kRespawnDelayMs);
  EXPECT_TRUE(site.log.waits_for("worker 0 \\(pid [0-9]+\\) died of signal 15 \\(SIGTERM\\) before it was ready"));
}

// --- deaths ---

TEST(WorkerLife, AnIdleWorkerIsReplacedAtOnceAndLogged) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.zygote.end_worker(*worker, SIGTERM);
  site.expect_successor(*worker);
  EXPECT_TRUE(site.log.waits_for("error: worker 0 \\(pid " + std::to_string(worker->pid()) +
                                 "\\) died of signal 15 \\(SIGTERM\\) while idle; a new one takes its place"));
}

TEST(WorkerLife, ADeathInARequestNamesTheRequest) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] { site.loop().lost.running = "GET /crash (ran 3 ms)"; });
  site.table.outstanding[0] = 1;
  site.zygote.end_worker(*worker, SIGSEGV);
  site.expect_successor(*worker);
  EXPECT_TRUE(site.log.waits_for("died of signal 11 \\(SIGSEGV\\) while running GET /crash \\(ran 3 ms\\)"));
}

TEST(WorkerLife, ADeathNamesTheFirstRepliesThatAreOwedOnAllLoops) {
  Life site(1, 2);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] {
    site.fake_loops[0]->lost.owed = {"GET /a (deferred, ran 3 ms)", "GET /b (deferred, ran 2 ms)"};
    site.fake_loops[0]->lost.owed_count = 2;
    site.fake_loops[1]->lost.owed = {"GET /c (chunked, ran 5 ms)", "GET /d (chunked, ran 4 ms)"};
    site.fake_loops[1]->lost.owed_count = 7;
  });
  site.table.owed[0] = 9;
  site.zygote.end_worker(*worker, SIGSEGV);
  site.expect_successor(*worker);
  EXPECT_TRUE(
      site.log.waits_for("died of signal 11 \\(SIGSEGV\\) while it owed the replies to "
                         "GET /a \\(deferred, ran 3 ms\\), GET /b \\(deferred, ran 2 ms\\), "
                         "GET /c \\(chunked, ran 5 ms\\) and 6 more; a new one"));
}

TEST(WorkerLife, ASeriesOfDeathsInRequestsIsNeverSlowedDown) {
  Life site(1);
  uint64_t begin = monotonic_ms();
  for (int i = 0; i < 8; ++i) {
    auto worker = site.take_ready_worker();
    ASSERT_TRUE(worker);
    site.table.outstanding[0] = 1;
    site.zygote.end_worker(*worker, SIGSEGV);
  }
  auto last = site.zygote.take_spawn();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->generation, 9u);
  // With backoff it would be 200 + 400 + ... + 10,000 ms.
  EXPECT_LT(monotonic_ms() - begin, 5000u);
}

// The only worker dies and its successor is asked for in the same step: what waits goes to that one (DESIGN 3: what a
// dead worker had not begun goes to another worker), so nobody may be told that there is none.
TEST(WorkerLife, ASingleWorkerThatIsReplacedAtOnceLeavesTheQueueAlone) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.table.outstanding[0] = 1;
  site.zygote.end_worker(*worker, SIGSEGV);
  site.expect_successor(*worker);
  EXPECT_EQ(site.told_no_workers(), 0);
  EXPECT_EQ(site.table.usable, 1u);
}

TEST(WorkerLife, WithoutAnyWorkerTheQueueIsTold) {
  Life site(2);
  auto first = site.zygote.take_spawn(), second = site.zygote.take_spawn();
  ASSERT_TRUE(first && second);
  site.zygote.refuse(*first, EAGAIN);
  site.expect_successor(*first);
  EXPECT_EQ(site.told_no_workers(), 0) << "one was still on its way";
}

// The wait status may come before the pidfd's event, or after it: one line either way.
TEST(WorkerLife, TheZygotesWordMayComeFirst) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.zygote.tell_exit(*worker, SIGABRT);
  site.call([] {});
  site.call([] {});  // by now it has been read
  worker->process->send(SIGABRT);
  site.expect_successor(*worker);
  EXPECT_TRUE(site.log.waits_for("died of signal 6 \\(SIGABRT\\) while idle"));
  site.call([] {});
  EXPECT_FALSE(site.log.has("ended while idle"));
}

TEST(WorkerLife, ASilentZygoteDoesNotHoldTheLineBack) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  worker->process->send(SIGTERM);
  worker->process->wait();
  EXPECT_TRUE(site.log.waits_for("worker 0 \\(pid [0-9]+\\) ended while idle"));
}

TEST(WorkerLife, TheLauncherTellsOfOrphans) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.zygote.close();
  worker->process->send(SIGTERM);
  auto status = static_cast<uint32_t>(worker->process->wait());
  auto pid = static_cast<uint32_t>(worker->pid());
  site.call([&] { site.life->on_orphan_exited({0xffffffff, 0xffffffff, pid, status}); });
  EXPECT_TRUE(site.log.waits_for("worker 0 \\(pid [0-9]+\\) died of signal 15 \\(SIGTERM\\) while idle"));
}

TEST(WorkerLife, OrphansOfNobodyAreIgnored) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] { site.life->on_orphan_exited({0xffffffff, 0xffffffff, 0x7ffffff0, 9}); });
  EXPECT_TRUE(site.is_attached(*worker));
}

// A crash closes the worker's channel before its pidfd becomes readable: still a crash.
TEST(WorkerLife, ACrashThatIsSeenFirstAsAClosedChannelIsACrash) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] {
    worker->process->send(SIGSEGV);
    worker->process->wait();
    site.life->on_channel_closed(worker->slot, worker->generation);
  });
  site.expect_successor(*worker);
  EXPECT_TRUE(site.log.waits_for("worker 0 .*; a new one takes its place"));
  EXPECT_FALSE(site.log.has("was killed")) << site.log.text();
}

TEST(WorkerLife, AWorkerThatClosesItsChannelAndStaysIsKilled) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] { site.life->on_channel_closed(worker->slot, worker->generation); });
  int status = site.zygote.report_exit(*worker);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  site.expect_successor(*worker);
}

// --- the zygote's end ---

TEST(WorkerLife, WorkersOutliveTheirZygote) {
  Life site(2);
  auto named = site.take_ready_worker();
  auto unnamed = site.zygote.take_spawn();
  ASSERT_TRUE(named && unnamed);
  site.zygote.close();
  ASSERT_TRUE(site.log.waits_for("the zygote has ended")) << site.log.text();
  EXPECT_TRUE(site.is_attached(*named));
  EXPECT_EQ(site.table.usable, 1u);
  // The next zygote is asked for the one that never came.
  site.connect_zygote();
  auto next = site.zygote.take_spawn();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->slot, unnamed->slot);
  EXPECT_EQ(next->generation, unnamed->generation + 1);
  EXPECT_EQ(site.zygote.take_spawn(50), nullptr);
}

TEST(WorkerLife, AZygoteThatSendsGarbageIsLost) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.zygote.send_garbage();
  EXPECT_TRUE(site.log.waits_for("warning: .*waiting for a new zygote"));
  EXPECT_TRUE(site.is_attached(*worker));
}

// Condemned before the zygote named it, and then the zygote dies: no process will ever be named, the slot must not
// wait for it.
TEST(WorkerLife, ASlotWhoseWorkerWasNeverNamedIsFilledAgain) {
  for (bool said_hello : {false, true}) {
    for (bool condemned_before : {true, false}) {
      SCOPED_TRACE(std::string(said_hello ? "hello, " : "") + (condemned_before ? "condemned before" : "after"));
      Life site(1);
      auto worker = site.zygote.take_spawn();
      ASSERT_TRUE(worker);
      auto condemn = [&] {
        site.call([&] { site.life->kill(0, worker->generation, KillReason::kMalformed, "garbage"); });
      };
      if (said_hello) site.call([&] { site.life->on_hello(0, worker->generation); });
      if (condemned_before) condemn();
      site.zygote.close();
      ASSERT_TRUE(site.log.waits_for("the zygote has ended")) << site.log.text();
      if (!condemned_before) condemn();
      site.connect_zygote();
      auto next = site.zygote.take_spawn(3000);
      ASSERT_TRUE(next) << "the slot stays empty for ever";
      EXPECT_EQ(next->generation, worker->generation + 1);
    }
  }
}

// --- the end ---

TEST(WorkerLife, EndAllKillsEverybodyAndNobodyIsBorn) {
  Life site(3);
  auto ready = site.take_ready_worker();
  auto spawning = site.zygote.take_spawn();
  auto refused = site.zygote.take_spawn();
  ASSERT_TRUE(ready && spawning && refused);
  site.zygote.announce(*spawning);
  site.zygote.refuse(*refused, EAGAIN);
  ASSERT_TRUE(site.log.waits_for("could not be forked"));
  site.call([&] { site.life->end_all(); });
  for (FakeWorker* worker : {ready.get(), spawning.get()}) {
    int status = site.zygote.report_exit(*worker);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
  EXPECT_TRUE(site.thread->becomes_true([&] { return site.life->all_dead(); }));
  EXPECT_EQ(site.zygote.take_spawn(300), nullptr) << "not even the one whose delay is over";
  EXPECT_EQ(site.told_no_workers(), 0);
}

TEST(DescribeWaitStatus, SignalsAndCodes) {
  EXPECT_EQ(describe_wait_status(SIGSEGV), "died of signal 11 (SIGSEGV)");
  EXPECT_EQ(describe_wait_status(SIGABRT | 0x80), "died of signal 6 (SIGABRT)") << "with a core dump";
  EXPECT_EQ(describe_wait_status(60), "died of signal 60 (SIG?)");
  EXPECT_EQ(describe_wait_status(0), "ended with exit code 0");
  EXPECT_EQ(describe_wait_status(3 << 8), "ended with exit code 3");
}

}  // namespace
}  // namespace ravelin::frontend
