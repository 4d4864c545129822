// The worker's side of the channel, against a fake frontend.
#include "worker/worker_loop.h"

#include "tests/unit/worker/fake_frontend.h"

namespace ravelin::worker {
namespace {

class WorkerLoopTest : public FakeFrontend {
 protected:
  int exit_code(const FakeWorker& worker) {
    const int status = exit_status(worker);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    return WEXITSTATUS(status);
  }
};

TEST_F(WorkerLoopTest, ABatchIsAnsweredInOrderAndInOneWrite) {
  start("return {txt: req.path.path};");
  FakeWorker worker = spawn();
  for (uint16_t i = 0; i < 40; ++i) worker.request(100 + i, i, "/" + std::to_string(i));
  worker.flush();
  for (uint16_t i = 0; i < 40; ++i) {
    auto frame = next_frame(worker.channel());
    ASSERT_TRUE(frame && frame->type == ipc::FrameType::kReply);
    EXPECT_EQ(frame->slot, i);
    EXPECT_EQ(frame->stream, 100u + i);
    EXPECT_EQ(ipc::decode_reply(frame->payload, false).value().inline_body, "/" + std::to_string(i));
    EXPECT_TRUE(worker.claims.has_begun(ipc::ClaimPage::index(0, i), 100 + i));
  }
}

TEST_F(WorkerLoopTest, RevokedRequestsAreDroppedAndNeverRun) {
  start("ran += req.path.path; return {txt: ran};", "", "var ran = ''");
  FakeWorker worker = spawn();
  worker.request(1, 0, "/a");
  worker.request(2, 1, "/b");
  worker.request(3, 2, "/c");
  ASSERT_TRUE(worker.claims.revoke(ipc::ClaimPage::index(0, 1), 2));
  worker.flush();
  EXPECT_EQ(worker.reply(), "/a");
  auto dropped = next_frame(worker.channel());
  ASSERT_TRUE(dropped && dropped->type == ipc::FrameType::kDropped);
  EXPECT_EQ(dropped->slot, 1);
  EXPECT_EQ(dropped->stream, 2u);
  EXPECT_EQ(worker.reply(), "/a/c");
  EXPECT_FALSE(worker.claims.revoke(ipc::ClaimPage::index(0, 2), 3)) << "what has begun cannot be taken back";
}

TEST_F(WorkerLoopTest, ASlotOfALaterRequestIsNotClaimedForAnEarlierOne) {
  start("return {txt: 'ran'};");
  FakeWorker worker = spawn();
  worker.request(1, 0);
  worker.claims.queue(ipc::ClaimPage::index(0, 0), 2);
  worker.flush();
  auto frame = next_frame(worker.channel());
  ASSERT_TRUE(frame && frame->type == ipc::FrameType::kDropped);
  EXPECT_EQ(frame->stream, 1u);
}

TEST_F(WorkerLoopTest, EachLoopHasItsOwnWindow) {
  start("return {txt: req.path.path};");
  FakeWorker worker = spawn(0, 1, 3);
  for (uint32_t loop = 0; loop < 3; ++loop) worker.request(7, 5, "/" + std::to_string(loop), loop);
  for (uint32_t loop : {2u, 0u, 1u}) worker.flush(loop);
  for (uint32_t loop = 0; loop < 3; ++loop) EXPECT_EQ(worker.reply(loop), "/" + std::to_string(loop));
}

// A fast request in front of one that takes 300 ms: its reply must not wait for the slow one.
void expect_fast_before_slow(FakeWorker& worker) {
  worker.request(1, 0, "/fast");
  worker.request(2, 1, "/slow");
  const uint64_t begin_ms = monotonic_ms();
  worker.flush();
  EXPECT_EQ(worker.reply(), "fast");
  EXPECT_LT(monotonic_ms() - begin_ms, 150u);
  EXPECT_EQ(worker.reply(), "slow");
  EXPECT_GE(monotonic_ms() - begin_ms, 300u);
}

TEST_F(WorkerLoopTest, AFastReplyDoesNotWaitForASleepingNeighbour) {
  start("if (req.path.path == '/fast') return {txt: 'fast'}; rampart.utils.sleep(0.3); return {txt: 'slow'};");
  FakeWorker worker = spawn();
  expect_fast_before_slow(worker);
}

TEST_F(WorkerLoopTest, AFastReplyDoesNotWaitForAComputingNeighbour) {
  start(
      "if (req.path.path == '/fast') return {txt: 'fast'};"
      "var end = Date.now() + 320; while (Date.now() < end) {} return {txt: 'slow'};");
  FakeWorker worker = spawn();
  expect_fast_before_slow(worker);
}

TEST_F(WorkerLoopTest, ATimeoutAnswersAndRetiresTheWorker) {
  start("while (true) {}", "scriptTimeout: 0.05");
  FakeWorker worker = spawn();
  worker.request(1, 0);
  worker.request(2, 1);
  worker.flush();
  EXPECT_NE(worker.reply().find("<h1>"), std::string::npos);
  auto frame = next_frame(worker.channel());
  ASSERT_TRUE(frame && frame->type == ipc::FrameType::kRetire);
  EXPECT_EQ(frame->payload, "a script ran longer than scriptTimeout");
  EXPECT_FALSE(next_frame(worker.channel()));
  EXPECT_EQ(exit_code(worker), kExitDone);
  EXPECT_TRUE(worker.claims.revoke(ipc::ClaimPage::index(0, 1), 2)) << "the second can go to another worker";
}

TEST_F(WorkerLoopTest, DrainEndsTheWorkerWhenItHasAnswered) {
  start("return {txt: req.path.path};");
  FakeWorker worker = spawn(0, 1, 2);
  worker.request(1, 0, "/before");
  worker.channel().send(ipc::FrameType::kDrain, {});
  worker.request(2, 1, "/behind");
  worker.flush();
  EXPECT_EQ(worker.reply(), "/before");
  EXPECT_FALSE(next_frame(worker.channel()));
  EXPECT_EQ(exit_code(worker), kExitDone);
  EXPECT_FALSE(worker.claims.has_begun(ipc::ClaimPage::index(0, 1), 2));
}

TEST_F(WorkerLoopTest, DrainWaitsForDeferredReplies) {
  start("if (req.path.path == '/now') { kept.reply('late'); return 'now'; } kept = req; return {defer: true};");
  FakeWorker worker = spawn(0, 1, 1);
  worker.request(1, 0, "/later");
  worker.channel().send(ipc::FrameType::kDrain, {});
  worker.flush();
  auto deferred = next_frame(worker.channel());
  ASSERT_TRUE(deferred && deferred->type == ipc::FrameType::kDeferred);
  worker.request(2, 1, "/now");
  worker.flush();
  EXPECT_EQ(worker.reply(), "late") << "what it has is served meanwhile";
  EXPECT_EQ(worker.reply(), "now");
  EXPECT_FALSE(next_frame(worker.channel()));
  EXPECT_EQ(exit_code(worker), kExitDone);
}

TEST_F(WorkerLoopTest, ProcessExitEndsTheWorkerWithItsCodeAndSendsWhatIsFinished) {
  start("if (req.path.path == '/exit') process.exit(5); return {txt: 'finished'};");
  FakeWorker worker = spawn();
  worker.request(1, 0, "/ok");
  worker.request(2, 1, "/exit");
  worker.flush();
  EXPECT_EQ(worker.reply(), "finished");
  EXPECT_FALSE(next_frame(worker.channel()));
  EXPECT_EQ(exit_code(worker), 5);
}

TEST_F(WorkerLoopTest, ProcessExitWhileAReplyIsMadeLeavesNoHalfFrame) {
  start("return {json: {toJSON: function () { process.exit(6); }}};");
  FakeWorker worker = spawn();
  worker.request(1, 0);
  worker.flush();
  EXPECT_FALSE(next_frame(worker.channel()));
  EXPECT_FALSE(worker.channel().mid_frame());
  EXPECT_EQ(exit_code(worker), 6);
}

TEST_F(WorkerLoopTest, EndsWhenItsFrontendIsGone) {
  start("return {txt: 'x'};");
  FakeWorker worker = spawn(0, 1, 2);
  worker.channels[1].reset();
  EXPECT_EQ(exit_code(worker), kExitDone);
}

TEST_F(WorkerLoopTest, BadFramesEndTheWorker) {
  start("return {txt: 'x'};");
  for (int kind = 0; kind < 4; ++kind) {
    FakeWorker worker = spawn(0, static_cast<uint32_t>(kind));
    if (kind == 0) worker.channel().out().append(64, '\xFF');
    if (kind == 1) worker.channel().send(ipc::FrameType::kStop, ipc::encode(ipc::Stop{1}));  // not the frontend's
    if (kind == 2) worker.channel().send(ipc::FrameType::kSpawn, ipc::encode(ipc::Spawn{1, 1, 1}));  // not for a worker
    if (kind == 3) ipc::FrameWriter(worker.channel().out(), ipc::FrameType::kRequest, limits::kWindow, 1).finish();
    worker.channel().flush();
    EXPECT_EQ(exit_code(worker), kExitBadPeer) << kind;
  }
}

TEST_F(WorkerLoopTest, RepliesThatTheFrontendDoesNotReadAreBounded) {
  // 64 replies with 200 KB of header each are more than the socket and the allowed buffer hold together.
  start("ran++; return {txt: '' + ran, headers: {'X-Long': long}};", "",
        "var ran = 0, long = new Array(200 * 1024 + 1).join('x')");
  FakeWorker worker = spawn();
  EXPECT_EQ(worker.ask("/"), "1");
  const auto resident_kb = [&] {
    const std::string status = read_proc(worker.pid, "status");
    return std::stol(status.substr(status.find("VmRSS:") + 6));
  };
  [[maybe_unused]] const long before_kb = resident_kb();
  for (uint16_t slot = 0; slot < limits::kWindow; ++slot) worker.request(100 + slot, slot);
  worker.flush();
  usleep(300'000);
  // The buffer holds at most the limit and one reply; while it grows, its old and new copies are both there.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(resident_kb() - before_kb, 3 * static_cast<long>(limits::kChannelHighWater / 1024));
#endif
  EXPECT_TRUE(worker.claims.revoke(ipc::ClaimPage::index(0, limits::kWindow - 1), 100 + limits::kWindow - 1))
      << "it has begun nothing more";
  for (int i = 2; i <= static_cast<int>(limits::kWindow); ++i) ASSERT_EQ(worker.reply(), std::to_string(i));
}

}  // namespace
}  // namespace ravelin::worker
