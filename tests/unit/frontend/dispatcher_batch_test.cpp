#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "tests/unit/frontend/dispatcher_fixture.h"

namespace ravelin::frontend {
namespace {

// Two requests come in two turns that follow each other, while a third one runs. Tells whether the first one's frame
// had left when the second turn began. `first_turn_ns`: the turn that reads the first request takes at least so long.
bool first_leaves_alone(uint64_t first_turn_ns) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  if (worker == nullptr) return false;
  auto clients = site.connect(3);
  clients[0]->get("/running");
  Taken running = take_request(*worker);  // a lone request waits for nothing

  struct Turns {
    Client& second;
    int worker_fd;
    uint64_t first_turn_ns;
    int count = 0;
    bool has_left = false;
  } turns{*clients[2], worker->channel().channel().fd(), first_turn_ns};
  auto on_turn = [](int fd, short, void* arg) {
    auto* turns = static_cast<Turns*>(arg);
    if (++turns->count == 1) {  // this turn has read the first request
      turns->second.get("/second");
      for (uint64_t end_ns = monotonic_ns() + turns->first_turn_ns; monotonic_ns() < end_ns;) {
      }
      return;
    }
    pollfd watched{turns->worker_fd, POLLIN, 0};
    turns->has_left = poll(&watched, 1, 0) > 0;
    char byte;
    EXPECT_EQ(read(fd, &byte, 1), 1);
  };
  auto bell = make_socketpair();
  EXPECT_TRUE(bell);
  EventPtr event;
  site.thread->call([&] {
    event = site.loop->events().make_event(bell.value().first.get(), EV_READ | EV_PERSIST, on_turn, &turns);
    event_add(event.get(), nullptr);
    clients[1]->get("/first");
    EXPECT_EQ(write(bell.value().second.get(), "x", 1), 1);
  });
  EXPECT_TRUE(site.thread->becomes_true([&] { return turns.count == 2; }));
  // What runs may count as slow by now, and then nothing more is given to its worker until it answers.
  EXPECT_TRUE(begin(*worker, running));
  reply(*worker, running, "done");
  EXPECT_EQ(take_request(*worker).path, "/first");
  EXPECT_EQ(take_request(*worker).path, "/second");
  site.thread->call([&] { event.reset(); });
  return turns.has_left;
}

// On a busy machine any turn may be too long to wait for a second one, and the first request may come too late for the
// turn that should read it: most do not.
TEST(Dispatcher, RequestsOfABusyLoopLeaveTogether) {
  bool has_waited = false;
  for (int i = 0; i < 50 && !has_waited; ++i) has_waited = !first_leaves_alone(0);
  EXPECT_TRUE(has_waited);
}

TEST(Dispatcher, ALongTurnSendsAtItsEnd) {
  bool has_left = false;
  for (int i = 0; i < 50 && !has_left; ++i) has_left = first_leaves_alone(2 * limits::kRequestBatchNs);
  EXPECT_TRUE(has_left);
}

}  // namespace
}  // namespace ravelin::frontend
