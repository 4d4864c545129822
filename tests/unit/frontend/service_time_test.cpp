#include "frontend/service_time.h"

#include <gtest/gtest.h>

namespace ravelin::frontend {
namespace {

struct Worker {
  ipc::ServiceWords words;
  ServiceTime service;

  void run(int requests, uint64_t each_ns) {
    for (int i = 0; i < requests; ++i) words.add(each_ns);
    service.note(words);
  }
  void run_often(uint64_t each_ns) {
    for (int i = 0; i < 100; ++i) run(4, each_ns);
  }
};

TEST(ServiceTime, AnUnknownWorkerIsFreeOnlyWhenItHasNothing) {
  Worker worker;
  EXPECT_EQ(worker.service.backlog_ns(0), 0u);
  EXPECT_GT(worker.service.backlog_ns(1), 0u);
}

TEST(ServiceTime, FastRequestsShareABatchUpToALimit) {
  Worker worker;
  worker.run_often(5'000);
  EXPECT_EQ(worker.service.backlog_ns(30), 0u);
  EXPECT_GT(worker.service.backlog_ns(50), 0u);
}

TEST(ServiceTime, RequestsThatAreNotFastNeverShareABatch) {
  Worker worker;
  worker.run_often(limits::kFastServiceNs + 10'000);
  EXPECT_GT(worker.service.backlog_ns(1), limits::kFastServiceNs);
}

TEST(ServiceTime, OneSlowAnswerIsRememberedForAWhile) {
  Worker worker;
  worker.run_often(5'000);
  worker.run(1, 2'000'000);
  EXPECT_GT(worker.service.backlog_ns(1), 500'000u);
  for (int i = 0; i < 3; ++i) worker.run(10, 5'000);
  EXPECT_GT(worker.service.backlog_ns(1), 500'000u);
  worker.run_often(5'000);
  EXPECT_EQ(worker.service.backlog_ns(1), 0u);
}

// The words belong to the worker: it may write anything.
TEST(ServiceTime, WordsThatLieGiveSomeBacklog) {
  Worker worker;
  worker.words.requests = 1;
  worker.words.busy_ns = ~uint64_t{0};
  worker.service.note(worker.words);
  EXPECT_GT(worker.service.backlog_ns(1), 0u);
  EXPECT_GT(worker.service.backlog_ns(limits::kWindow), worker.service.backlog_ns(1));
  worker.words.requests = 0;
  worker.words.busy_ns = 5;
  worker.service.note(worker.words);
  EXPECT_GT(worker.service.backlog_ns(limits::kMaxLoops * limits::kWindow), worker.service.backlog_ns(1));
}

}  // namespace
}  // namespace ravelin::frontend
