// Workers that the frontend kills, and how it tells deaths apart.
#include <sys/wait.h>

#include "tests/unit/frontend/life_fixture.h"

namespace ravelin::frontend {
namespace {

TEST(WorkerLife, KillsByPidfdAndSaysWhy) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] { site.life->kill(0, worker->generation, KillReason::kTimeout, "GET /slow ran longer than allowed"); });
  int status = site.zygote.report_exit(*worker);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  site.expect_successor(*worker);
  EXPECT_TRUE(site.log.waits_for("worker 0 \\(pid [0-9]+\\) was killed: GET /slow ran longer than allowed; "));
}

TEST(WorkerLife, KillsTheWorkersChildrenToo) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  IdleChild child_of_worker, stranger;
  child_of_worker.join_group_of(*worker->process);
  site.call([&] { site.life->kill(0, worker->generation, KillReason::kTimeout, "x"); });
  int status = child_of_worker.wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_EQ(kill(stranger.pid(), 0), 0);
  site.zygote.report_exit(*worker);
}

TEST(WorkerLife, AKillMeantForAnEarlierWorkerIsIgnored) {
  Life site(1);
  auto first = site.take_ready_worker();
  ASSERT_TRUE(first);
  site.zygote.end_worker(*first, SIGTERM);
  auto second = site.take_ready_worker();
  ASSERT_TRUE(second);
  site.call([&] {
    site.life->kill(0, first->generation, KillReason::kTimeout, "late news");
    site.life->on_retire(0, first->generation, "late news");
    site.life->on_channel_closed(0, first->generation);
  });
  EXPECT_EQ(site.zygote.take_spawn(50), nullptr);
  EXPECT_TRUE(site.is_attached(*second));
}

TEST(WorkerLife, AWorkerCondemnedBeforeItWasNamedIsKilledThen) {
  Life site(1);
  auto worker = site.zygote.take_spawn();
  ASSERT_TRUE(worker);
  site.call([&] { site.life->kill(0, worker->generation, KillReason::kMalformed, "garbage"); });
  site.zygote.announce(*worker);
  int status = site.zygote.report_exit(*worker);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  site.expect_successor(*worker);
}

TEST(WorkerLife, AProcessThatNobodyWaitsForIsKilled) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  FakeWorker stranger;
  stranger.generation = worker->generation + 5;
  site.zygote.announce(stranger);
  int status = stranger.process->wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_TRUE(site.is_attached(*worker));
}

TEST(WorkerLife, NewsAboutSlotsThatDoNotExistAreIgnored) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  FakeWorker outside;
  outside.slot = 1;
  outside.generation = 1;
  site.zygote.announce(outside);
  site.zygote.refuse(outside, EAGAIN);
  outside.process->send(SIGKILL);
  site.zygote.report_exit(outside);
  EXPECT_EQ(site.zygote.take_spawn(50), nullptr);
  EXPECT_TRUE(site.is_attached(*worker));
}

TEST(WorkerLife, AStoppedWorkerIsKilledARunningOneIsNot) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] { site.life->kill_if_stopped(0, worker->generation); });
  EXPECT_TRUE(site.is_attached(*worker));
  worker->process->send(SIGSTOP);
  worker->process->wait(WUNTRACED);
  site.call([&] { site.life->kill_if_stopped(0, worker->generation); });
  site.zygote.report_exit(*worker);
  site.expect_successor(*worker);
  EXPECT_TRUE(site.log.waits_for("was killed: it was stopped by a signal"));
}

TEST(WorkerLife, ARetiredWorkerMayEndInPeace) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] { site.life->on_retire(0, worker->generation, "its heap is full"); });
  site.zygote.end_worker(*worker, SIGTERM);
  site.expect_successor(*worker);
  EXPECT_TRUE(site.log.waits_for("worker 0 \\(pid [0-9]+\\) was retired: its heap is full; "));
}

TEST(WorkerLife, ARetiredWorkerThatDoesNotEndIsKilled) {
  Life site(1);
  auto worker = site.take_ready_worker();
  ASSERT_TRUE(worker);
  site.call([&] { site.life->on_retire(0, worker->generation, "tired"); });
  int status = site.zygote.report_exit(*worker);  // waits for the kill
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  site.expect_successor(*worker);
}

// SIGKILL that was not ours is an operator's or the OOM killer's: no backoff, however often.
TEST(WorkerLife, ForeignKillsAreForgiven) {
  Life site(1);
  uint64_t begin = monotonic_ms();
  constexpr int kKills = 8;
  for (int i = 0; i < kKills; ++i) {
    auto worker = site.take_ready_worker();
    ASSERT_TRUE(worker) << i;
    site.zygote.end_worker(*worker, SIGKILL);
  }
  ASSERT_TRUE(site.zygote.take_spawn());
  EXPECT_LT(monotonic_ms() - begin, 5000u);
}

}  // namespace
}  // namespace ravelin::frontend
