#include "frontend/timeout_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <list>
#include <random>

namespace ravelin::frontend {
namespace {

TEST(TimeoutList, ExpiresInTheOrderOfStart) {
  TimeoutList list(100);
  TimeoutNode first, second, third;
  list.start(first, 1000);
  list.start(second, 1000);
  list.start(third, 1050);
  EXPECT_EQ(list.pop_expired(1099), nullptr);
  EXPECT_EQ(list.pop_expired(1100), &first) << "at its very time";
  EXPECT_EQ(list.pop_expired(1100), &second);
  EXPECT_EQ(list.pop_expired(1100), nullptr);
  EXPECT_EQ(list.pop_expired(5000), &third);
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop_expired(~uint64_t{0}), nullptr);
}

TEST(TimeoutList, StartingAgainMovesToTheEnd) {
  TimeoutList list(100);
  TimeoutNode first, second;
  list.start(first, 0);
  list.start(second, 10);
  list.start(first, 20);
  EXPECT_EQ(first.expires_ns, 120u);
  EXPECT_EQ(list.pop_expired(119), &second);
  EXPECT_EQ(list.pop_expired(119), nullptr);
  EXPECT_EQ(list.pop_expired(120), &first);
}

TEST(TimeoutList, UnlinkingClears) {
  TimeoutList list(100);
  TimeoutNode node;
  EXPECT_FALSE(node.linked());
  node.unlink();
  list.start(node, 0);
  EXPECT_TRUE(node.linked());
  EXPECT_FALSE(list.empty());
  node.unlink();
  node.unlink();
  EXPECT_FALSE(node.linked());
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop_expired(1000), nullptr);
}

TEST(TimeoutList, ANodeIsInOneListAtMost) {
  TimeoutList idle(100), write(5);
  TimeoutNode node;
  idle.start(node, 0);
  write.start(node, 0);
  EXPECT_TRUE(idle.empty());
  EXPECT_EQ(node.expires_ns, 5u);
  EXPECT_EQ(idle.pop_expired(1000), nullptr);
  EXPECT_EQ(write.pop_expired(1000), &node);
  EXPECT_FALSE(node.linked());
}

TEST(TimeoutList, APoppedNodeMayStartAgain) {
  TimeoutList list(10);
  TimeoutNode node;
  list.start(node, 0);
  ASSERT_EQ(list.pop_expired(10), &node);
  list.start(node, 10);
  EXPECT_EQ(list.pop_expired(10), nullptr) << "a loop over what has expired must end";
  EXPECT_EQ(list.pop_expired(20), &node);
}

TEST(TimeoutList, FirstWalksAll) {
  TimeoutList list(10);
  std::array<TimeoutNode, 5> nodes;
  EXPECT_EQ(list.first(), nullptr);
  for (TimeoutNode& node : nodes) list.start(node, 0);
  for (TimeoutNode& node : nodes) {
    ASSERT_EQ(list.first(), &node);
    node.unlink();
  }
  EXPECT_EQ(list.first(), nullptr);
  EXPECT_EQ(list.duration_ns(), 10u);
}

TEST(TimeoutList, BehavesLikeASimpleModel) {
  std::mt19937 random(1);
  std::array<TimeoutNode, 20> nodes;
  TimeoutList list(50);
  std::list<TimeoutNode*> model;
  uint64_t now = 0;
  for (int step = 0; step < 50'000; ++step) {
    now += random() % 4;
    TimeoutNode& node = nodes[random() % nodes.size()];
    switch (random() % 4) {
      case 0:
      case 1:
        list.start(node, now);
        model.remove(&node);
        model.push_back(&node);
        break;
      case 2:
        node.unlink();
        model.remove(&node);
        break;
      default: {
        TimeoutNode* expected = nullptr;
        if (!model.empty() && model.front()->expires_ns <= now) {
          expected = model.front();
          model.pop_front();
        }
        ASSERT_EQ(list.pop_expired(now), expected);
      }
    }
    ASSERT_EQ(list.first(), model.empty() ? nullptr : model.front());
    for (TimeoutNode& each : nodes)
      ASSERT_EQ(each.linked(), std::find(model.begin(), model.end(), &each) != model.end());
  }
  for (TimeoutNode& node : nodes) node.unlink();
}

}  // namespace
}  // namespace ravelin::frontend
