#include "frontend/worker_link.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>
#include <vector>

#include "common/sys.h"

namespace ravelin::frontend {
namespace {

// The window never looks into a request; any address will do.
Request* request_number(uintptr_t number) { return reinterpret_cast<Request*>(number * 64); }

std::vector<uint8_t> slots_in_order(WorkerLink& link) {
  std::vector<uint8_t> slots;
  for (uint8_t slot = link.oldest(); slot != WorkerLink::kNone && slots.size() <= limits::kWindow;
       slot = link.at(slot).next)
    slots.push_back(slot);
  return slots;
}

TEST(WorkerLink, BeginsEmpty) {
  WorkerLink link;
  EXPECT_TRUE(link.verify());
  EXPECT_FALSE(link.attached());
  EXPECT_TRUE(link.has_room());
  EXPECT_EQ(link.outstanding(), 0u);
  EXPECT_EQ(link.oldest(), WorkerLink::kNone);
  EXPECT_EQ(link.find(0, 0), nullptr) << "a free slot answers to no stream, 0 included";
}

TEST(WorkerLink, TakesSlotsInTheOrderOfAge) {
  WorkerLink link;
  uint8_t first = link.take(request_number(1), 11, 1000);
  uint8_t second = link.take(request_number(2), 12, 1001);
  EXPECT_NE(first, second);
  EXPECT_EQ(link.oldest(), first);
  EXPECT_EQ(link.outstanding(), 2u);
  EXPECT_EQ(slots_in_order(link), (std::vector<uint8_t>{first, second}));
  const WindowSlot& slot = link.at(first);
  EXPECT_EQ(slot.request, request_number(1));
  EXPECT_EQ(slot.stream, 11u);
  EXPECT_EQ(slot.sent_ns, 1000u);
  EXPECT_EQ(slot.begun_ns, 0u);
  EXPECT_FALSE(slot.revoked);
  EXPECT_TRUE(link.verify());
}

TEST(WorkerLink, FindsOnlyWhatIsThere) {
  WorkerLink link;
  uint8_t slot = link.take(request_number(1), 42, 0);
  EXPECT_EQ(link.find(slot, 42), &link.at(slot));
  EXPECT_EQ(link.find(slot, 43), nullptr);
  EXPECT_EQ(link.find(static_cast<uint16_t>(slot + 1), 42), nullptr);
  for (uint16_t outside : {64, 65, 0xff, 0x100, 0xffff}) EXPECT_EQ(link.find(outside, 42), nullptr) << outside;
  link.free(slot);
  EXPECT_EQ(link.find(slot, 42), nullptr) << "a second Reply";
}

TEST(WorkerLink, ASlotIsCleanWhenItIsGivenAgain) {
  WorkerLink link;
  uint8_t slot = link.take(request_number(1), 1, 5);
  link.at(slot).revoked = true;
  link.at(slot).begun_ns = 6;
  link.free(slot);
  EXPECT_EQ(link.at(slot).request, nullptr);
  uint8_t again = link.take(request_number(2), 2, 7);
  EXPECT_EQ(again, slot);
  EXPECT_FALSE(link.at(again).revoked);
  EXPECT_EQ(link.at(again).begun_ns, 0u);
}

TEST(WorkerLink, HoldsAWindow) {
  WorkerLink link;
  std::set<uint8_t> slots;
  for (uint32_t i = 0; i < limits::kWindow; ++i) {
    ASSERT_TRUE(link.has_room());
    slots.insert(link.take(nullptr, i, 0));
  }
  EXPECT_FALSE(link.has_room());
  EXPECT_EQ(slots.size(), size_t{limits::kWindow});
  EXPECT_EQ(*slots.rbegin(), limits::kWindow - 1);
  EXPECT_TRUE(link.verify());
  link.free(17);
  EXPECT_TRUE(link.has_room());
  EXPECT_EQ(link.take(nullptr, 99, 0), 17);
  EXPECT_EQ(slots_in_order(link).back(), 17);
  EXPECT_TRUE(link.verify());
}

TEST(WorkerLink, KeepsItsInvariantsUnderRandomOperations) {
  std::mt19937 random(99);
  WorkerLink link;
  std::deque<std::pair<uint8_t, uint64_t>> model;  // slot and stream, oldest first
  uint64_t stream = 0;
  for (int step = 0; step < 100'000; ++step) {
    // The load swings between nothing and a full window.
    bool rising = (step / 500) % 2 == 0;
    bool take = model.empty() || (link.has_room() && random() % 10 < (rising ? 8u : 2u));
    if (take) {
      ++stream;
      model.emplace_back(link.take(request_number(stream), stream, stream), stream);
    } else {
      auto victim = model.begin() + static_cast<ptrdiff_t>(random() % model.size());
      ASSERT_EQ(link.find(victim->first, victim->second), &link.at(victim->first));
      ASSERT_EQ(link.at(victim->first).request, request_number(victim->second));
      link.free(victim->first);
      model.erase(victim);
    }
    ASSERT_TRUE(link.verify()) << step;
    ASSERT_EQ(link.outstanding(), model.size());
    ASSERT_EQ(link.has_room(), model.size() < limits::kWindow);
    ASSERT_EQ(link.oldest(), model.empty() ? WorkerLink::kNone : model.front().first);
    if (step % 100 != 0) continue;
    std::vector<uint8_t> order;
    for (const auto& entry : model) order.push_back(entry.first);
    ASSERT_EQ(slots_in_order(link), order);
  }
}

TEST(WorkerLink, VerifySeesABrokenList) {
  WorkerLink link;
  uint8_t first = link.take(nullptr, 1, 0);
  uint8_t second = link.take(nullptr, 2, 0);
  link.at(second).previous = WorkerLink::kNone;
  EXPECT_FALSE(link.verify());
  link.at(second).previous = first;
  EXPECT_TRUE(link.verify());
  link.at(first).occupied = false;
  EXPECT_FALSE(link.verify());
  link.at(first).occupied = true;
  link.at(second).next = first;  // a circle must not hang it
  EXPECT_FALSE(link.verify());
}

TEST(WorkerLink, AttachBeginsANewLife) {
  auto pair = make_socketpair();
  ASSERT_TRUE(pair);
  UniqueFd memfd;
  auto claims = ipc::ClaimPage::create(memfd);
  ASSERT_TRUE(claims);
  WorkerLink link;
  link.ready = link.retiring = link.slow = link.dirty = link.kill_sent = true;
  link.progress_ns = link.looked_ns = 5;
  int number = pair.value().first.get();
  link.attach(3, std::move(pair.value().first), std::make_shared<ipc::ClaimPage>(std::move(claims.value())));
  EXPECT_TRUE(link.attached());
  EXPECT_EQ(link.generation, 3u);
  EXPECT_EQ(link.channel->fd(), number);
  EXPECT_FALSE(link.ready || link.retiring || link.slow || link.dirty || link.kill_sent);
  EXPECT_EQ(link.progress_ns + link.looked_ns, 0u);
  link.take(request_number(1), 1, 0);
  link.detach();
  EXPECT_FALSE(link.attached());
  EXPECT_EQ(link.claims, nullptr);
  EXPECT_EQ(link.outstanding(), 1u) << "the window stays for the caller to settle";
}

TEST(WorkerLinkDeathTest, MisuseAborts) {
  WorkerLink link;
  EXPECT_DEATH(link.free(0), "broken invariant");
  for (uint32_t i = 0; i < limits::kWindow; ++i) link.take(nullptr, i, 0);
  EXPECT_DEATH(link.take(nullptr, 99, 0), "broken invariant");
  EXPECT_DEATH(link.attach(1, UniqueFd(), nullptr), "broken invariant");
}

}  // namespace
}  // namespace ravelin::frontend
