// What the event hub needs of channels: a peer that always lags does not let the buffer grow, what waits can be
// weighed, received frames can be set aside; and the event words of the claim page.
#include <gtest/gtest.h>
#include <string.h>

#include <memory>
#include <string>

#include "common/sys.h"
#include "ipc/channel.h"
#include "ipc/claims.h"

namespace ravelin::ipc {
namespace {

using Next = FrameDecoder::Next;

struct Link {
  Link() {
    auto pair = make_socketpair();
    EXPECT_TRUE(pair);
    sender = std::make_unique<Channel>(std::move(pair.value().first), Role::kWorker);
    receiver = std::make_unique<Channel>(std::move(pair.value().second), Role::kFrontend);
  }
  size_t receive_all() {
    size_t frames = 0;
    Frame frame;
    while (receiver->receive() == Channel::Io::kDone)
      while (receiver->next(frame) == Next::kFrame) ++frames;
    return frames;
  }
  std::unique_ptr<Channel> sender;
  std::unique_ptr<Channel> receiver;
};

TEST(ChannelBacklog, WhatIsSentDoesNotPileUp) {
  Link link;
  const std::string payload(1000, 'x');
  size_t sent = 0, received = 0, largest = 0;
  for (int round = 0; round < 200; ++round) {
    // More than the socket holds, so that it is never empty; then the peer reads what is there.
    while (link.sender->unsent() < 600'000) {
      link.sender->send(FrameType::kEventDeliver, std::string("\4\0\0\0name", 8) + payload);
      ++sent;
    }
    EXPECT_EQ(link.sender->flush(), Channel::Io::kBlocked);
    largest = std::max(largest, link.sender->out().size());
    received += link.receive_all();
  }
  EXPECT_LT(largest, 2'000'000u);
  while (link.sender->flush() != Channel::Io::kDone) received += link.receive_all();
  received += link.receive_all();
  EXPECT_EQ(received, sent);
  EXPECT_EQ(link.sender->sent_bytes(), sent * (sizeof(FrameHeader) + 8 + payload.size()));
}

TEST(ChannelBacklog, DescriptorsKeepTheirFramesAndWeight) {
  Link link;
  constexpr int kFrames = 400;
  for (int i = 0; i < kFrames; ++i) {
    auto memfd = make_memfd("numbered", static_cast<size_t>(i) + 1, true);
    ASSERT_TRUE(memfd);
    FrameWriter frame(link.sender->out(), FrameType::kEventDeliver, 0, 0, kFlagDescriptor);
    frame.payload().append("\4\0\0\0name", 8).append(4000, 'x');
    frame.finish();
    link.sender->attach(frame.start(), std::move(memfd.value()), 10);
  }
  EXPECT_EQ(link.sender->unsent_weight(), kFrames * 10u);
  int received = 0;
  while (received < kFrames) {
    link.sender->flush();
    EXPECT_LE(link.sender->unsent_weight(), static_cast<uint64_t>(kFrames - received) * 10);
    Frame frame;
    if (link.receiver->receive() != Channel::Io::kDone) continue;
    while (link.receiver->next(frame) == Next::kFrame) {
      ++received;
      EXPECT_EQ(lseek(frame.descriptor.get(), 0, SEEK_END), received);
    }
  }
  EXPECT_EQ(link.sender->unsent_weight(), 0u);
}

TEST(ChannelBacklog, FramesSetAsideStayWhereTheyAre) {
  Link link;
  link.sender->send(FrameType::kEventDeliver, std::string("\1\0\0\0afirst", 10));
  link.sender->send(FrameType::kEventDeliver, std::string("\1\0\0\0bsecond", 11));
  ASSERT_EQ(link.sender->flush(), Channel::Io::kDone);
  ASSERT_EQ(link.receiver->receive(), Channel::Io::kDone);
  Frame first, second;
  ASSERT_EQ(link.receiver->next(first), Next::kFrame);
  const char* where = first.payload.data();
  std::string kept;
  link.receiver->set_aside(kept);
  link.sender->send(FrameType::kEventDeliver, std::string("\1\0\0\0c", 5) + std::string(500'000, 'x'));
  size_t frames = 0;
  while (frames < 2) {
    link.sender->flush();
    link.receiver->receive();
    while (link.receiver->next(second) == Next::kFrame)
      if (++frames == 1) {
        EXPECT_EQ(second.payload.substr(4), "bsecond");
      }
  }
  EXPECT_EQ(first.payload.data(), where);
  EXPECT_EQ(first.payload.substr(4), "afirst");
}

TEST(ChannelBacklog, EventWordsAreSharedAndLieBehindTheClaims) {
  UniqueFd memfd;
  auto frontend = ClaimPage::create(memfd);
  auto worker = ClaimPage::map(memfd);
  ASSERT_TRUE(frontend && worker);
  EXPECT_EQ(worker.value().event_words().credited.load(), 0u);
  frontend.value().queue(ClaimPage::kWords - 1, 0x3fffffff);
  EXPECT_EQ(worker.value().event_words().credited.load(), 0u);
  frontend.value().event_words().credited.store(UINT64_MAX);
  frontend.value().event_words().synced.store(5);
  frontend.value().event_words().scoped.store(1);
  EXPECT_EQ(worker.value().event_words().credited.load(), UINT64_MAX);
  EXPECT_EQ(worker.value().event_words().synced.load(), 5u);
  EXPECT_EQ(worker.value().event_words().scoped.load(), 1u);
  EXPECT_TRUE(worker.value().begin(ClaimPage::kWords - 1, 0x3fffffff));
}

}  // namespace
}  // namespace ravelin::ipc
