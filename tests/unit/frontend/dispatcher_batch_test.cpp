#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "tests/unit/frontend/dispatcher_fixture.h"

namespace ravelin::frontend {
namespace {

// On a busy loop the requests of turns that follow each other go out in one write.
TEST(Dispatcher, RequestsOfABusyLoopLeaveTogether) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  auto clients = site.connect(3);
  clients[0]->get("/running");
  Taken running = take_request(*worker);  // a lone request waits for nothing
  struct Turns {
    Client& second;
    int worker_fd;
    EventPtr event;
    int count = 0;
    bool was_early = false;
  } turns{*clients[2], worker->channel().channel().fd(), {}};
  auto on_turn = [](int fd, short, void* arg) {
    auto* turns = static_cast<Turns*>(arg);
    if (++turns->count == 1) return turns->second.get("/second");  // while this turn reads the first request
    pollfd watched{turns->worker_fd, POLLIN, 0};
    turns->was_early = poll(&watched, 1, 0) > 0;
    char byte;
    EXPECT_EQ(read(fd, &byte, 1), 1);
  };
  auto bell = make_socketpair();
  ASSERT_TRUE(bell);
  site.thread->call([&] {
    turns.event = site.loop->events().make_event(bell.value().first.get(), EV_READ | EV_PERSIST, on_turn, &turns);
    event_add(turns.event.get(), nullptr);
    EXPECT_EQ(write(bell.value().second.get(), "x", 1), 1);
    clients[1]->get("/first");
  });
  EXPECT_EQ(take_request(*worker).path, "/first");
  EXPECT_EQ(take_request(*worker).path, "/second");
  site.thread->call([&] { turns.event.reset(); });
  EXPECT_EQ(turns.count, 2);
  EXPECT_FALSE(turns.was_early) << "the first one did not wait for the second";
}

}  // namespace
}  // namespace ravelin::frontend
