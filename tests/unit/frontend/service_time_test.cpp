#include "frontend/service_time.h"

#include <gtest/gtest.h>

namespace ravelin::frontend {
namespace {

void note_often(ServiceTime& service, uint64_t each_ns) {
  for (int i = 0; i < 100; ++i) service.note(4, 4 * each_ns);
}

TEST(ServiceTime, AnUnknownWorkerIsFreeOnlyWhenItHasNothing) {
  ServiceTime service;
  EXPECT_EQ(service.backlog_ns(0), 0u);
  EXPECT_GT(service.backlog_ns(1), 0u);
}

TEST(ServiceTime, FastRequestsShareABatchUpToALimit) {
  ServiceTime service;
  note_often(service, 5'000);
  EXPECT_EQ(service.backlog_ns(30), 0u);
  EXPECT_GT(service.backlog_ns(50), 0u);
}

TEST(ServiceTime, RequestsThatAreNotFastNeverShareABatch) {
  ServiceTime service;
  note_often(service, limits::kFastServiceNs + 10'000);
  EXPECT_GT(service.backlog_ns(1), limits::kFastServiceNs);
}

TEST(ServiceTime, OneSlowAnswerIsRememberedForAWhile) {
  ServiceTime service;
  note_often(service, 5'000);
  service.note(1, 2'000'000);
  EXPECT_GT(service.backlog_ns(1), 500'000u);
  for (int i = 0; i < 3; ++i) service.note(10, 50'000);
  EXPECT_GT(service.backlog_ns(1), 500'000u);
  note_often(service, 5'000);
  EXPECT_EQ(service.backlog_ns(1), 0u);
}

}  // namespace
}  // namespace ravelin::frontend
