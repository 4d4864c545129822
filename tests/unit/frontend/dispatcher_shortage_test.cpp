// What the dispatcher does when the kernel has no room for a descriptor on its way (ipc::Channel::is_starved()).
#include <gtest/gtest.h>

#include "frontend/dispatcher.h"
#include "tests/unit/common/descriptor_shortage.h"
#include "tests/unit/frontend/dispatcher_fixture.h"

namespace ravelin::frontend {
namespace {

TEST(DispatcherShortage, ABodyWaitsWhileTooManyDescriptorsAreInFlight) {
  Site site(1);
  auto worker = site.zygote.take_ready_worker();
  ASSERT_TRUE(worker);
  Client client(site.port);
  site.settle();
  DescriptorShortage shortage;
  client.post("/upload", std::string(3 * limits::kBodyMemoryBytes, 'u'));
  ipc::Frame frame;
  EXPECT_FALSE(worker->channel().receive(frame, 200)) << "nothing can leave yet";
  shortage.end();
  Taken taken = take_request(*worker);
  ASSERT_TRUE(taken.body_file);
  ASSERT_TRUE(begin(*worker, taken));
  reply(*worker, taken, "there");
  EXPECT_EQ(client.answer().body, "there");
}

}  // namespace
}  // namespace ravelin::frontend
