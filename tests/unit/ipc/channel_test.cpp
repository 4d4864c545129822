#include "ipc/channel.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/limits.h"
#include "common/sys.h"
#include "tests/unit/common/descriptor_shortage.h"
#include "tests/unit/common/open_descriptors.h"

namespace ravelin::ipc {
namespace {

using Io = Channel::Io;
using Next = FrameDecoder::Next;

// A frontend that sends to a worker over a real socketpair.
struct Link {
  explicit Link(int send_buffer = 0) {
    auto pair = make_socketpair();
    EXPECT_TRUE(pair);
    if (send_buffer > 0) setsockopt(pair.value().first.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    sender = std::make_unique<Channel>(std::move(pair.value().first), Role::kWorker);
    receiver = std::make_unique<Channel>(std::move(pair.value().second), Role::kFrontend);
  }
  std::unique_ptr<Channel> sender;
  std::unique_ptr<Channel> receiver;
};

std::string numbered_payload(uint64_t number, size_t size) {
  std::string payload(size, static_cast<char>('a' + number % 26));
  std::string text = std::to_string(number) + ";";
  payload.replace(0, text.size(), text);
  return payload;
}

// A memfd that holds its number as text.
UniqueFd numbered_file(uint64_t number) {
  auto file = make_memfd("numbered", 0, false);
  EXPECT_TRUE(file);
  std::string text = std::to_string(number);
  EXPECT_EQ(write(file.value().get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return std::move(file.value());
}

uint64_t number_in(const UniqueFd& file) {
  char text[32] = {};
  EXPECT_GT(pread(file.get(), text, sizeof text - 1, 0), 0);
  return strtoull(text, nullptr, 10);
}

void append_request(Channel& channel, uint64_t number, size_t size, bool with_descriptor = false) {
  FrameWriter frame(channel.out(), FrameType::kRequest, static_cast<uint16_t>(number % 64), number,
                    with_descriptor ? kFlagDescriptor : 0);
  frame.payload().append(numbered_payload(number, size));
  frame.finish();
  if (with_descriptor) channel.attach(frame.start(), numbered_file(number));
}

// What has arrived, checked against what append_request() sends. `size_of` and `has_descriptor` tell it by number.
template <typename SizeOf, typename HasDescriptor>
void take_requests(Channel& channel, uint64_t& expected, SizeOf size_of, HasDescriptor has_descriptor) {
  Frame frame;
  Next next;
  while ((next = channel.next(frame)) == Next::kFrame) {
    ASSERT_EQ(frame.stream, expected);
    ASSERT_EQ(frame.slot, expected % 64);
    ASSERT_EQ(frame.payload, numbered_payload(expected, size_of(expected)));
    ASSERT_EQ(static_cast<bool>(frame.descriptor), has_descriptor(expected));
    if (frame.descriptor) {
      ASSERT_EQ(number_in(frame.descriptor), expected);
      ASSERT_TRUE(is_close_on_exec(frame.descriptor.get()));
    }
    ++expected;
  }
  ASSERT_EQ(next, Next::kNeedMore) << channel.fault();
}

bool never(uint64_t) { return false; }

TEST(Channel, CarriesFramesBothWays) {
  Link link;
  link.sender->send(FrameType::kDrain, {});
  EXPECT_TRUE(link.sender->has_output());
  EXPECT_EQ(link.sender->flush(), Io::kDone);
  EXPECT_FALSE(link.sender->has_output());
  EXPECT_EQ(link.sender->unsent(), 0u);
  ASSERT_EQ(link.receiver->receive(), Io::kDone);
  Frame frame;
  ASSERT_EQ(link.receiver->next(frame), Next::kFrame);
  EXPECT_EQ(frame.type, FrameType::kDrain);
  EXPECT_EQ(link.receiver->next(frame), Next::kNeedMore);
  EXPECT_EQ(link.receiver->receive(), Io::kBlocked);

  link.receiver->send(FrameType::kRetire, "tired");
  EXPECT_EQ(link.receiver->flush(), Io::kDone);
  ASSERT_EQ(link.sender->receive(), Io::kDone);
  ASSERT_EQ(link.sender->next(frame), Next::kFrame);
  EXPECT_EQ(frame.type, FrameType::kRetire);
  EXPECT_EQ(frame.payload, "tired");
}

TEST(Channel, TooManyDescriptorsInFlightPasses) {
  Link link;
  uint64_t taken = 0;
  append_request(*link.sender, 0, 100, true);
  {
    DescriptorShortage shortage;
    EXPECT_EQ(link.sender->flush(), Io::kBlocked);
    EXPECT_TRUE(link.sender->is_starved());
    EXPECT_TRUE(link.sender->has_output());
  }
  EXPECT_EQ(link.sender->flush(), Io::kDone);
  EXPECT_FALSE(link.sender->is_starved());
  ASSERT_EQ(link.receiver->receive(), Io::kDone);
  take_requests(
      *link.receiver, taken, [](uint64_t) { return 100; }, [](uint64_t) { return true; });
  EXPECT_EQ(taken, 1u);
}

TEST(Channel, FlushOfNothingIsDone) {
  Link link;
  EXPECT_EQ(link.sender->flush(), Io::kDone);
  EXPECT_EQ(link.receiver->receive(), Io::kBlocked);
}

TEST(Channel, ABatchArrivesInOneRead) {
  Link link;
  for (uint64_t i = 0; i < 64; ++i) append_request(*link.sender, i, 300);
  ASSERT_EQ(link.sender->flush(), Io::kDone);
  ASSERT_EQ(link.receiver->receive(), Io::kDone);
  uint64_t expected = 0;
  take_requests(
      *link.receiver, expected, [](uint64_t) { return 300; }, never);
  EXPECT_EQ(expected, 64u);
}

TEST(Channel, LargeBatchesPassThroughABlockedSocket) {
  Link link;
  auto size_of = [](uint64_t i) { return i % 50 == 0 ? limits::kMaxFramePayload : 64 + i * 37 % 9000; };
  constexpr uint64_t kFrames = 1500;
  for (uint64_t i = 0; i < kFrames; ++i) append_request(*link.sender, i, size_of(i));
  ASSERT_EQ(link.sender->flush(), Io::kBlocked);
  size_t unsent = link.sender->unsent();
  EXPECT_GT(unsent, 0u);
  EXPECT_EQ(link.sender->flush(), Io::kBlocked);
  EXPECT_EQ(link.sender->unsent(), unsent) << "nothing was lost while it is blocked";
  uint64_t expected = 0;
  for (Io io = Io::kBlocked; io == Io::kBlocked || expected < kFrames;) {
    if (link.receiver->receive() == Io::kDone) {
      ASSERT_NO_FATAL_FAILURE(take_requests(*link.receiver, expected, size_of, never));
    }
    io = link.sender->flush();
    ASSERT_NE(io, Io::kClosed);
  }
  EXPECT_FALSE(link.receiver->mid_frame());
}

TEST(Channel, TakesMoreFramesWhileBlocked) {
  Link link(4096);
  auto size_of = [](uint64_t) { return 5000; };
  uint64_t sent = 0, expected = 0;
  while (sent < 500) {
    for (int i = 0; i < 5; ++i) append_request(*link.sender, sent++, 5000);
    ASSERT_NE(link.sender->flush(), Io::kClosed);
    if (link.receiver->receive() == Io::kDone) {
      ASSERT_NO_FATAL_FAILURE(take_requests(*link.receiver, expected, size_of, never));
    }
  }
  while (expected < sent) {
    ASSERT_NE(link.sender->flush(), Io::kClosed);
    if (link.receiver->receive() == Io::kDone) {
      ASSERT_NO_FATAL_FAILURE(take_requests(*link.receiver, expected, size_of, never));
    }
  }
}

// A worker that is always a little behind: what is out must not be kept for ever.
TEST(Channel, SentBytesAreGivenBackWhileThePeerLagsBehind) {
  Link link;
  constexpr size_t kSize = 64 * 1024;
  auto size_of = [](uint64_t) { return kSize; };
  uint64_t sent = 0, expected = 0;
  while (sent < 1000) {
    append_request(*link.sender, sent++, kSize);
    ASSERT_NE(link.sender->flush(), Io::kClosed);
    if (link.sender->unsent() < 4 * kSize) continue;
    uint64_t before = expected;
    while (expected == before)
      if (link.receiver->receive() == Io::kDone) {
        ASSERT_NO_FATAL_FAILURE(take_requests(*link.receiver, expected, size_of, never));
      }
    ASSERT_LE(link.sender->out().size(), link.sender->unsent() + (8u << 20)) << "after " << sent << " frames";
  }
}

TEST(Channel, PassesTheLargestConfiguration) {
  auto pair = make_socketpair();
  ASSERT_TRUE(pair);
  Channel launcher(std::move(pair.value().first), Role::kFrontend);
  Channel frontend(std::move(pair.value().second), Role::kLauncher);
  launcher.send(FrameType::kConfig, std::string(limits::kMaxConfigBytes, 'c'));
  Frame frame;
  while (frontend.next(frame) == Next::kNeedMore) {
    ASSERT_NE(launcher.flush(), Io::kClosed);
    ASSERT_NE(frontend.receive(), Io::kClosed);
  }
  EXPECT_EQ(frontend.fault(), nullptr);
  EXPECT_EQ(frame.payload.size(), limits::kMaxConfigBytes);
}

TEST(Channel, KnowsThatItIsInTheMiddleOfAFrame) {
  auto pair = make_socketpair();
  ASSERT_TRUE(pair);
  Channel receiver(std::move(pair.value().second), Role::kFrontend);
  EXPECT_FALSE(receiver.mid_frame());
  ASSERT_EQ(write(pair.value().first.get(), "\0\0\0", 3), 3);
  ASSERT_EQ(receiver.receive(), Io::kDone);
  EXPECT_TRUE(receiver.mid_frame());
}

TEST(Channel, MalformedBytesAreAFaultOfTheDecoder) {
  auto pair = make_socketpair();
  ASSERT_TRUE(pair);
  Channel receiver(std::move(pair.value().second), Role::kFrontend);
  ASSERT_EQ(write(pair.value().first.get(), std::string(16, '\xee').data(), 16), 16);
  ASSERT_EQ(receiver.receive(), Io::kDone);
  Frame frame;
  EXPECT_EQ(receiver.next(frame), Next::kMalformed);
  EXPECT_NE(receiver.fault(), nullptr);
}

// --- the end of the peer ---

TEST(ChannelClose, WhatThePeerSentBeforeIsStillRead) {
  Link link;
  append_request(*link.sender, 0, 100, true);
  ASSERT_EQ(link.sender->flush(), Io::kDone);
  link.sender.reset();
  ASSERT_EQ(link.receiver->receive(), Io::kDone);
  uint64_t expected = 0;
  take_requests(
      *link.receiver, expected, [](uint64_t) { return 100; }, [](uint64_t) { return true; });
  EXPECT_EQ(expected, 1u);
  EXPECT_EQ(link.receiver->receive(), Io::kClosed);
  EXPECT_EQ(link.receiver->receive(), Io::kClosed);
}

TEST(ChannelClose, WhatThePeerDidNotReadDoesNotHideWhatItSent) {
  Link link;
  link.receiver->send(FrameType::kRetire, "x");
  ASSERT_EQ(link.receiver->flush(), Io::kDone);
  append_request(*link.sender, 0, 100);
  ASSERT_EQ(link.sender->flush(), Io::kDone);
  link.sender.reset();  // with an unread Retire: the kernel reports ECONNRESET, after the data
  ASSERT_EQ(link.receiver->receive(), Io::kDone);
  uint64_t expected = 0;
  take_requests(
      *link.receiver, expected, [](uint64_t) { return 100; }, never);
  EXPECT_EQ(expected, 1u);
  EXPECT_EQ(link.receiver->receive(), Io::kClosed);
}

TEST(ChannelClose, SendingToNobodyRaisesNoSignal) {
  for (bool with_descriptor : {false, true}) {
    Link link;
    link.receiver.reset();
    append_request(*link.sender, 0, 100, with_descriptor);
    EXPECT_EQ(link.sender->flush(), Io::kClosed);
    EXPECT_EQ(link.sender->flush(), Io::kClosed);
  }
}

TEST(ChannelClose, AClosedChannelIsClosed) {
  Link link;
  link.sender->close();
  EXPECT_EQ(link.sender->fd(), -1);
  EXPECT_EQ(link.sender->receive(), Io::kClosed);
  link.sender->send(FrameType::kDrain, {});
  EXPECT_EQ(link.sender->flush(), Io::kClosed);
  EXPECT_EQ(link.receiver->receive(), Io::kClosed);
}

// --- descriptors ---

TEST(ChannelDescriptors, AreBoundToTheirFramesUnderPartialWrites) {
  size_t before = count_open_descriptors();
  {
    Link link(4096);
    // Sizes around the socket's buffer and around nothing, with and without descriptors in every order.
    auto size_of = [](uint64_t i) { return i % 7 == 3 ? size_t{20'000} : 64 + i * 911 % 3000; };
    auto has_descriptor = [](uint64_t i) { return i * 2654435761u % 5 < 3; };
    constexpr uint64_t kFrames = 600;
    uint64_t sent = 0, expected = 0;
    while (expected < kFrames) {
      for (int i = 0; i < 4 && sent < kFrames; ++i, ++sent)
        append_request(*link.sender, sent, size_of(sent), has_descriptor(sent));
      ASSERT_NE(link.sender->flush(), Io::kClosed);
      Io io = link.receiver->receive();
      ASSERT_TRUE(io == Io::kDone || io == Io::kBlocked);
      ASSERT_NO_FATAL_FAILURE(take_requests(*link.receiver, expected, size_of, has_descriptor));
    }
    EXPECT_FALSE(link.sender->has_output());
  }
  EXPECT_EQ(count_open_descriptors(), before);
}

TEST(ChannelDescriptors, SeventeenEmptyFramesInARow) {
  // The zygote gets a claim page and sixteen channels for a worker of sixteen loops.
  Link link;
  for (uint64_t i = 0; i < 17; ++i) link.sender->send(FrameType::kSpawnDescriptor, {}, numbered_file(i));
  link.sender->send(FrameType::kSpawn, std::string(12, '\0'));
  ASSERT_EQ(link.sender->flush(), Io::kDone);
  Frame frame;
  for (uint64_t i = 0; i < 17; ++i) {
    while (link.receiver->next(frame) == Next::kNeedMore) ASSERT_EQ(link.receiver->receive(), Io::kDone);
    ASSERT_EQ(frame.type, FrameType::kSpawnDescriptor);
    EXPECT_EQ(number_in(frame.descriptor), i);
  }
  while (link.receiver->next(frame) == Next::kNeedMore) ASSERT_EQ(link.receiver->receive(), Io::kDone);
  EXPECT_EQ(frame.type, FrameType::kSpawn);
  EXPECT_FALSE(frame.descriptor);
}

TEST(ChannelDescriptors, TheSenderKeepsNone) {
  size_t before = count_open_descriptors();
  Link link;
  append_request(*link.sender, 0, 64, true);
  EXPECT_EQ(count_open_descriptors(), before + 3);
  ASSERT_EQ(link.sender->flush(), Io::kDone);
  EXPECT_EQ(count_open_descriptors(), before + 2) << "it is on its way, and only there";
  ASSERT_EQ(link.receiver->receive(), Io::kDone);
  EXPECT_EQ(count_open_descriptors(), before + 3);
}

TEST(ChannelDescriptors, UnsentOnesAreClosedWithTheChannel) {
  size_t before = count_open_descriptors();
  {
    Link link;
    append_request(*link.sender, 0, 64, true);
  }
  EXPECT_EQ(count_open_descriptors(), before);
}

// Sends `bytes` with `count` descriptors in one message, as only a peer that misbehaves does.
void send_raw(int fd, std::string_view bytes, size_t count) {
  UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::vector<int> descriptors(count, null.get());
  std::vector<char> control(CMSG_SPACE(sizeof(int) * count));
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * count);
  memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * count);
  ASSERT_EQ(sendmsg(fd, &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

TEST(ChannelFault, MoreDescriptorsInOneMessageThanARead) {
  for (size_t count : {17u, 100u, 253u}) {
    size_t before = count_open_descriptors();
    {
      auto pair = make_socketpair();
      ASSERT_TRUE(pair);
      Channel receiver(std::move(pair.value().second), Role::kWorker);
      send_raw(pair.value().first.get(), "x", count);
      EXPECT_EQ(receiver.receive(), Io::kFault) << count;
    }
    EXPECT_EQ(count_open_descriptors(), before);
  }
}

TEST(ChannelFault, DescriptorsThatNoFrameClaims) {
  size_t before = count_open_descriptors();
  {
    auto pair = make_socketpair();
    ASSERT_TRUE(pair);
    Channel receiver(std::move(pair.value().second), Role::kWorker);
    for (size_t i = 0; i < limits::kMaxPendingDescriptors; ++i) {
      send_raw(pair.value().first.get(), "x", 1);  // bytes of a frame that is never finished
      ASSERT_EQ(receiver.receive(), Io::kDone) << i;
    }
    send_raw(pair.value().first.get(), "x", 1);
    EXPECT_EQ(receiver.receive(), Io::kFault);
    EXPECT_EQ(count_open_descriptors(), before + 2 + limits::kMaxPendingDescriptors);
  }
  EXPECT_EQ(count_open_descriptors(), before);
}

TEST(ChannelDeathTest, AttachmentsComeInTheOrderOfTheirFrames) {
  Link link;
  append_request(*link.sender, 0, 64, true);
  append_request(*link.sender, 1, 64, true);
  EXPECT_DEATH(link.sender->attach(0, UniqueFd()), "broken invariant");
}

// Two threads as two processes would: nothing but the socket between them.
TEST(ChannelThreads, AMillionBytesEachWay) {
  Link link;
  constexpr uint64_t kFrames = 2000;
  auto size_of = [](uint64_t i) { return 64 + i % 700; };
  auto has_descriptor = [](uint64_t i) { return i % 97 == 0; };
  std::thread worker([&] {
    uint64_t expected = 0;
    while (expected < kFrames) {
      Io io = link.receiver->receive();
      if (io == Io::kBlocked) std::this_thread::yield();
      if (io != Io::kDone) continue;
      uint64_t before = expected;
      take_requests(*link.receiver, expected, size_of, has_descriptor);
      for (uint64_t i = before; i < expected; ++i) link.receiver->send(FrameType::kRetire, std::to_string(i));
      while (link.receiver->flush() == Io::kBlocked) std::this_thread::yield();
    }
  });
  uint64_t sent = 0, answered = 0;
  Frame frame;
  while (answered < kFrames) {
    for (int i = 0; i < 20 && sent < kFrames; ++i, ++sent)
      append_request(*link.sender, sent, size_of(sent), has_descriptor(sent));
    Io flushed = link.sender->flush();
    Io received = link.sender->receive();
    if (flushed == Io::kClosed || received == Io::kClosed) break;
    while (link.sender->next(frame) == Next::kFrame) {
      EXPECT_EQ(frame.payload, std::to_string(answered));
      ++answered;
    }
    if (received == Io::kBlocked) std::this_thread::yield();
  }
  worker.join();
  EXPECT_EQ(answered, kFrames);
}

}  // namespace
}  // namespace ravelin::ipc
