#include "frontend/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/sys.h"
#include "tests/unit/common/open_descriptors.h"

namespace ravelin::frontend {
namespace {

bool no_end_of_turn() { return false; }

TEST(EventLoop, PostFromItsOwnThreadRunsAtOnce) {
  EventLoop loop;
  bool ran = false;
  loop.post([&] {
    loop.post([&] { ran = true; });
    EXPECT_TRUE(ran);
    loop.stop();
  });
  EXPECT_FALSE(ran) << "it has no thread yet: the one that made it need not be the one that runs it";
  loop.run(no_end_of_turn);
  EXPECT_TRUE(ran);
}

TEST(EventLoop, StopsFromAPost) {
  EventLoop loop;
  std::thread other([&] { loop.post([&] { loop.stop(); }); });
  loop.run(no_end_of_turn);
  other.join();
}

TEST(EventLoop, MailThatCameBeforeTheFirstTurnIsDelivered) {
  EventLoop loop;
  std::vector<int> order;
  std::thread other([&] {
    loop.post([&] { order.push_back(1); });
    loop.post([&] { order.push_back(2); });
    loop.post([&] { loop.stop(); });
  });
  other.join();
  EXPECT_TRUE(order.empty());
  loop.run(no_end_of_turn);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

// Everything runs once, in the loop's thread, and what one thread posts runs in its order.
TEST(EventLoop, ManyThreadsPost) {
  constexpr int kThreads = 4, kPosts = 5000;
  EventLoop loop;
  std::array<int, kThreads> next{};  // touched by the loop's thread only
  int wrong = 0, done = 0;
  std::thread::id loop_thread = std::this_thread::get_id();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i)
        loop.post([&, t, i] {
          if (next[static_cast<size_t>(t)]++ != i || std::this_thread::get_id() != loop_thread) ++wrong;
          if (++done == kThreads * kPosts) loop.stop();
        });
    });
  loop.run(no_end_of_turn);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kPosts);
  EXPECT_EQ(wrong, 0);
}

TEST(EventLoop, RunMakesItTheCallersThread) {
  EventLoop loop;  // made here, run there
  std::atomic<bool> running{false};
  std::thread::id ran_in;
  std::thread runner([&] {
    loop.run([&] {
      running = true;
      return false;
    });
  });
  while (!running) std::this_thread::yield();
  loop.post([&] {
    ran_in = std::this_thread::get_id();
    loop.stop();
  });
  std::thread::id expected = runner.get_id();
  runner.join();
  EXPECT_EQ(ran_in, expected);
}

// Two loops that post to each other, as loop 0 (the life of the workers) and the others do.
TEST(EventLoop, LoopsPostToEachOther) {
  EventLoop here, there;
  constexpr int kRounds = 2000;
  int rounds = 0;
  std::atomic<bool> running{false};
  std::thread runner([&] {
    there.run([&] {
      running = true;
      return false;
    });
  });
  while (!running) std::this_thread::yield();
  std::function<void()> ping = [&] {
    there.post([&] {
      here.post([&] {
        if (++rounds < kRounds) return ping();
        there.post([&] { there.stop(); });
        here.stop();
      });
    });
  };
  ping();
  here.run(no_end_of_turn);
  runner.join();
  EXPECT_EQ(rounds, kRounds);
}

TEST(EventLoop, EndOfTurnComesAfterAllCallbacksOfTheTurn) {
  EventLoop loop;
  auto pair = make_socketpair();
  ASSERT_TRUE(pair);
  struct State {
    EventLoop& loop;
    int in_turn = 0;
    std::vector<int> turns;
  } state{loop, 0, {}};
  auto count = [](int, short, void* arg) { static_cast<State*>(arg)->in_turn += 1; };
  // Both ends become readable before the first turn: one epoll_wait brings both.
  EventPtr left = loop.make_event(pair.value().first.get(), EV_READ, count, &state);
  EventPtr right = loop.make_event(pair.value().second.get(), EV_READ, count, &state);
  event_add(left.get(), nullptr);
  event_add(right.get(), nullptr);
  ASSERT_EQ(write(pair.value().first.get(), "x", 1), 1);
  ASSERT_EQ(write(pair.value().second.get(), "x", 1), 1);
  loop.run([&] {
    state.turns.push_back(state.in_turn);
    state.in_turn = 0;
    if (state.turns.size() == 2) loop.stop();
    return false;
  });
  EXPECT_EQ(state.turns, (std::vector<int>{0, 2})) << "once before the first turn, then after each";
}

TEST(EventLoop, TimersFireOnce) {
  EventLoop loop;
  struct State {
    EventLoop& loop;
    int fired = 0;
  } state{loop, 0};
  auto fire = [](int, short, void* arg) { static_cast<State*>(arg)->fired += 1; };
  auto stop = [](int, short, void* arg) { static_cast<State*>(arg)->loop.stop(); };
  EventPtr timer = loop.make_event(-1, 0, fire, &state);
  EventPtr end = loop.make_event(-1, 0, stop, &state);
  uint64_t begin = monotonic_ms();
  arm_timer(timer.get(), 5);
  arm_timer(end.get(), 30);
  loop.run(no_end_of_turn);
  EXPECT_EQ(state.fired, 1);
  EXPECT_GE(monotonic_ms() - begin, 29u);
}

TEST(EventLoop, AFreedEventDoesNotFire) {
  EventLoop loop;
  auto fail = [](int, short, void*) { ADD_FAILURE() << "it was freed"; };
  auto stop = [](int, short, void* arg) { static_cast<EventLoop*>(arg)->stop(); };
  EventPtr timer = loop.make_event(-1, 0, fail, nullptr);
  EventPtr end = loop.make_event(-1, 0, stop, &loop);
  arm_timer(timer.get(), 1);
  arm_timer(end.get(), 10);
  timer.reset();
  loop.run(no_end_of_turn);
}

// --- now_ns() ---

struct Clock {
  EventLoop& loop;
  uint64_t early = 0;
  uint64_t late = 0;
};

// Nothing is there and nothing will come: a turn that waited would never end.
TEST(EventLoop, AHurriedTurnDoesNotWait) {
  EventLoop loop;
  int turns = 0;
  loop.run([&] {
    if (++turns == 4) loop.stop();
    return true;
  });
  EXPECT_EQ(turns, 4);
}

TEST(EventLoop, NowStandsStillWithinATurn) {
  EventLoop loop;
  Clock clock{loop};
  auto tick = [](int, short, void* arg) {
    auto* clock = static_cast<Clock*>(arg);
    clock->early = clock->loop.now_ns();
    while (monotonic_ns() < clock->early + kNsPerMs) {
    }
    clock->late = clock->loop.now_ns();
    clock->loop.stop();
  };
  EventPtr timer = loop.make_event(-1, 0, tick, &clock);
  arm_timer(timer.get(), 1);
  uint64_t at_end_of_turn = 0;
  loop.run([&] {
    at_end_of_turn = loop.now_ns();
    return false;
  });
  EXPECT_EQ(clock.early, clock.late);
  EXPECT_EQ(at_end_of_turn, clock.early) << "its end belongs to the turn";
}

TEST(EventLoop, NowGoesOnBetweenTurns) {
  EventLoop loop;
  std::vector<uint64_t> times;
  auto tick = [](int, short, void* arg) { static_cast<std::vector<uint64_t>*>(arg)->push_back(monotonic_ns()); };
  EventPtr first = loop.make_event(-1, 0, tick, &times);
  EventPtr second = loop.make_event(-1, 0, tick, &times);
  arm_timer(first.get(), 1);
  arm_timer(second.get(), 30);
  std::vector<uint64_t> read_by_loop;
  loop.run([&] {
    if (!times.empty()) read_by_loop.push_back(loop.now_ns());
    if (times.size() == 2) loop.stop();
    return false;
  });
  ASSERT_EQ(times.size(), 2u);
  EXPECT_GE(read_by_loop.front(), times.front());
  EXPECT_GE(read_by_loop.back(), times.back()) << "a turn that waited reads the clock after the wait";
}

// What was prepared before the first turn may have asked for the time; the first turn must not go by that.
TEST(EventLoop, NowIsReadAnewInTheFirstTurn) {
  EventLoop loop;
  Clock clock{loop};
  auto tick = [](int, short, void* arg) {
    auto* clock = static_cast<Clock*>(arg);
    clock->early = monotonic_ns();
    clock->late = clock->loop.now_ns();
    clock->loop.stop();
  };
  EventPtr timer = loop.make_event(-1, 0, tick, &clock);
  arm_timer(timer.get(), 20);
  loop.run([&] {
    loop.now_ns();
    return false;
  });
  EXPECT_GE(clock.late, clock.early) << (clock.early - clock.late) / kNsPerMs << " ms late";
}

TEST(EventLoop, UndeliveredMailDiesWithTheLoop) {
  size_t before = count_open_descriptors();
  auto held = std::make_shared<int>(1);
  {
    EventLoop loop;
    std::thread other([&] { loop.post([held] { ADD_FAILURE() << "nobody runs this loop"; }); });
    other.join();
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(count_open_descriptors(), before);
}

}  // namespace
}  // namespace ravelin::frontend
