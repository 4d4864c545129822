// What a loop does with connections, beside their requests.
#include "frontend/loop.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/unit/frontend/dispatcher_fixture.h"

namespace ravelin::frontend {
namespace {

// Connections do not take the descriptors that replies need.
TEST(Loop, AcceptsNoMoreConnectionsThanDescriptorsAllow) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit few{256, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  {
    Site site(1);
    auto worker = site.zygote.take_ready_worker();
    ASSERT_TRUE(worker);
    auto clients = site.connect(40);
    for (auto& client : clients) client->get("/");
    std::vector<Taken> taken;
    for (int i = 0; i < 16; ++i) taken.push_back(take_request(*worker));
    ipc::Frame frame;
    EXPECT_FALSE(worker->channel().receive(frame, 30)) << "the others wait to be accepted";
    for (const Taken& request : taken) {
      ASSERT_TRUE(begin(*worker, request));
      reply(*worker, request, "served");
    }
    for (int i = 0; i < 16; ++i) clients[static_cast<size_t>(i)].reset();
    EXPECT_EQ(take_request(*worker).path, "/") << "their turn, as others have gone";
    EXPECT_TRUE(site.log.waits_for("accepting on unit test pauses: as many connections are open")) << site.log.text();
  }
  setrlimit(RLIMIT_NOFILE, &old);
}

}  // namespace
}  // namespace ravelin::frontend
