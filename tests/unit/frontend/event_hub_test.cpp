#include "frontend/event_hub.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/limits.h"
#include "common/sys.h"
#include "ipc/event_frames.h"
#include "tests/unit/common/open_descriptors.h"

namespace ravelin::frontend {
namespace {

using ipc::Frame;
using ipc::FrameType;

// A context at the other end of a socketpair, which reads only when it is told to.
struct Peer : EventHub::Port {
  Peer() {
    auto pair = make_socketpair();
    EXPECT_TRUE(pair);
    ours = std::make_unique<ipc::Channel>(std::move(pair.value().first), ipc::Role::kWorker);
    theirs = std::make_unique<ipc::Channel>(std::move(pair.value().second), ipc::Role::kFrontend);
  }
  ipc::Channel& channel() override { return *ours; }
  ipc::EventWords& words() override { return event_words; }
  void wrote() override { has_written = true; }

  // "event=data" of each Deliver, "-event.listener" of each Off, "-event" of each Remove.
  std::vector<std::string> read() {
    std::vector<std::string> seen;
    do {
      ours->flush();
      while (theirs->receive() == ipc::Channel::Io::kDone) {
        Frame frame;
        while (theirs->next(frame) == ipc::FrameDecoder::Next::kFrame) seen.push_back(text_of(frame));
      }
    } while (ours->has_output());
    return seen;
  }
  static std::string text_of(const Frame& frame) {
    if (frame.type == FrameType::kEventDeliver) {
      auto message = ipc::decode_event_message(frame.payload, static_cast<bool>(frame.descriptor));
      if (!message) return "?";
      std::string data = frame.descriptor ? "memfd " + std::to_string(lseek(frame.descriptor.get(), 0, SEEK_END))
                                          : std::string(message->data);
      return std::string(message->event) + "=" + data;
    }
    bool is_off = frame.type == FrameType::kEventOff;
    auto end = is_off ? ipc::decode_event_off(frame.payload) : ipc::decode_event_remove(frame.payload);
    if (!end) return "?";
    return "-" + std::string(end->event) + (is_off ? "." + std::string(end->listener) : "");
  }

  std::unique_ptr<ipc::Channel> ours, theirs;
  ipc::EventWords event_words;
  bool has_written = false;
};

struct Hub : EventHub {
  Hub() : EventHub(4), peers(4) {
    for (uint32_t id = 0; id < 4; ++id) attach(id, peers[id], "worker " + std::to_string(id));
  }
  const char* send(uint32_t from, FrameType type, const std::string& payload, UniqueFd descriptor = UniqueFd()) {
    Frame frame;
    frame.type = type;
    frame.payload = payload;
    frame.descriptor = std::move(descriptor);
    return handle(from, frame);
  }
  const char* on(uint32_t from, std::string_view event, uint64_t serial = 1) {
    std::string payload;
    ipc::encode_event_on(payload, {serial, event});
    return send(from, FrameType::kEventOn, payload);
  }
  const char* trigger(uint32_t from, std::string_view event, std::string_view data) {
    std::string payload;
    ipc::encode_event_message(payload, {event, data, 0});
    return send(from, FrameType::kEventTrigger, payload);
  }
  const char* trigger_memfd(uint32_t from, size_t file_bytes, size_t said_bytes, bool sealed = true) {
    auto memfd = make_memfd("event", file_bytes, sealed);
    EXPECT_TRUE(memfd);
    std::string payload;
    ipc::encode_event_message(payload, {"e", {}, said_bytes});
    return send(from, FrameType::kEventTrigger, payload, std::move(memfd.value()));
  }
  // As much as the sender's window allows. Returns how many triggers.
  size_t flood(uint32_t from, const std::string& data) {
    size_t count = 0;
    while (sent[from] - peers[from].event_words.credited.load() < limits::kEventWindow) {
      EXPECT_EQ(trigger(from, "e", data), nullptr);
      sent[from] += ipc::event_cost(4 + 1 + data.size(), 0);
      ++count;
    }
    return count;
  }
  uint64_t credit(uint32_t id) { return peers[id].event_words.credited.load(); }

  std::vector<Peer> peers;
  uint64_t sent[4] = {};
  uint64_t now_ns = kNsPerSecond;
};

using Seen = std::vector<std::string>;

TEST(EventHub, PassesOnToAllOthersThatListen) {
  Hub hub;
  EXPECT_EQ(hub.on(0, "e"), nullptr);
  EXPECT_EQ(hub.on(1, "e"), nullptr);
  EXPECT_EQ(hub.on(2, "other"), nullptr);
  EXPECT_EQ(hub.trigger(0, "e", "data"), nullptr);
  EXPECT_EQ(hub.trigger(3, "e", "more"), nullptr);
  EXPECT_EQ(hub.trigger(3, "unknown", "x"), nullptr);
  EXPECT_TRUE(hub.peers[1].has_written);
  EXPECT_FALSE(hub.peers[2].has_written);
  EXPECT_EQ(hub.peers[0].read(), Seen{"e=more"});
  EXPECT_EQ(hub.peers[1].read(), (Seen{"e=data", "e=more"}));
  EXPECT_EQ(hub.peers[2].read(), Seen{});
  EXPECT_EQ(hub.peers[3].read(), Seen{});
}

TEST(EventHub, KeepsTheOrderOfASender) {
  Hub hub;
  hub.on(1, "e");
  std::string off, remove;
  ipc::encode_event_off(off, {5, "e", "f"});
  ipc::encode_event_remove(remove, {6, "e", {}});
  hub.trigger(0, "e", "1");
  EXPECT_EQ(hub.send(0, FrameType::kEventOff, off), nullptr);
  hub.trigger(0, "e", "2");
  EXPECT_EQ(hub.send(0, FrameType::kEventRemove, remove), nullptr);
  hub.trigger(0, "e", "3");
  EXPECT_EQ(hub.peers[1].read(), (Seen{"e=1", "-e.f", "e=2", "-e", "e=3"}));
}

TEST(EventHub, TellsWhichListenersItKnows) {
  Hub hub;
  hub.on(1, "a", 1);
  EXPECT_EQ(hub.peers[1].event_words.synced.load(), 1u);
  hub.on(1, "b", 2);
  hub.on(1, "a", 3);
  EXPECT_EQ(hub.peers[1].event_words.synced.load(), 3u);
  EXPECT_EQ(hub.listeners("a"), 1u) << "a context is listed once";
}

TEST(EventHub, ListenersEndWithUnlistenAndWithTheirContext) {
  Hub hub;
  hub.on(1, "e");
  hub.on(2, "e");
  EXPECT_EQ(hub.send(1, FrameType::kEventUnlisten, "e"), nullptr);
  EXPECT_EQ(hub.send(1, FrameType::kEventUnlisten, "unknown"), nullptr);
  EXPECT_EQ(hub.listeners("e"), 1u);
  hub.detach(2);
  EXPECT_EQ(hub.listeners("e"), 0u);
  hub.detach(2);
  EXPECT_NE(hub.on(2, "e"), nullptr) << "it takes no part";
  hub.attach(2, hub.peers[2], "worker 2");
  hub.trigger(0, "e", "x");
  EXPECT_EQ(hub.peers[2].read(), Seen{}) << "a new process in the same slot begins without listeners";
}

TEST(EventHub, WhatItKeepsOfAContextIsBounded) {
  Hub hub;
  std::string name(limits::kMaxEventNameBytes, 'n');
  const char* fault = nullptr;
  size_t count = 0;
  for (; fault == nullptr && count < 10'000; ++count) {
    name.replace(0, 8, std::to_string(10'000'000 + count));
    fault = hub.on(1, name);
  }
  EXPECT_STREQ(fault, "listens to too many events");
  EXPECT_EQ(count, limits::kMaxEventNamesBytes / limits::kMaxEventNameBytes + 1);
}

TEST(EventHub, CreditComesAtTheEndOfTheTurn) {
  Hub hub;
  hub.on(1, "e");
  EXPECT_TRUE(hub.is_idle());
  hub.trigger(0, "e", "data");
  EXPECT_FALSE(hub.is_idle());
  EXPECT_EQ(hub.credit(0), 0u);
  EXPECT_FALSE(hub.end_of_turn(hub.now_ns));
  EXPECT_EQ(hub.credit(0), ipc::event_cost(4 + 1 + 4, 0));
  EXPECT_TRUE(hub.is_idle());
}

TEST(EventHub, ASenderThatIgnoresItsWindowIsAtFault) {
  Hub hub;
  hub.flood(0, std::string(1000, 'x'));
  EXPECT_STREQ(hub.trigger(0, "e", "x"), "more events than it has credit for");
  hub.end_of_turn(hub.now_ns);
  EXPECT_EQ(hub.trigger(0, "e", "x"), nullptr);
}

TEST(EventHub, SendersWaitForAListenerThatIsBehind) {
  Hub hub;
  hub.on(1, "e");
  const std::string data(1000, 'x');
  size_t count = 0;
  for (int turn = 0; turn < 100; ++turn) {
    count += hub.flood(0, data);
    hub.peers[1].ours->flush();
    hub.end_of_turn(hub.now_ns);
  }
  EXPECT_LT(hub.peers[1].ours->unsent(), limits::kEventHighWater + limits::kEventWindow + 2000);
  EXPECT_LT(hub.credit(0), hub.sent[0]);
  EXPECT_EQ(hub.peers[1].read().size(), count) << "nothing is lost";
  hub.end_of_turn(hub.now_ns);
  EXPECT_EQ(hub.credit(0), hub.sent[0]);
  EXPECT_TRUE(hub.is_idle());
}

TEST(EventHub, OnlyThoseWaitWhoseListenerIsBehind) {
  Hub hub;
  hub.on(1, "e");
  for (int turn = 0; turn < 20; ++turn) {
    hub.flood(0, std::string(1000, 'x'));
    hub.end_of_turn(hub.now_ns);
  }
  uint64_t before = hub.credit(3);
  hub.trigger(3, "another", "x");
  hub.end_of_turn(hub.now_ns);
  EXPECT_GT(hub.credit(3), before);
}

TEST(EventHub, AListenerThatTakesNothingMissesWhatComes) {
  Hub hub;
  hub.on(1, "e");
  hub.on(2, "e");
  const std::string data(1000, 'x');
  testing::internal::CaptureStderr();
  size_t sent = 0, seen_by_2 = 0;
  for (int tick = 0; tick < 40; ++tick) {
    sent += hub.flood(0, data);
    seen_by_2 += hub.peers[2].read().size();
    hub.end_of_turn(hub.now_ns += EventHub::kTickMs * kNsPerMs);
  }
  EXPECT_EQ(hub.credit(0), hub.sent[0]) << "it stops nobody any more";
  EXPECT_EQ(seen_by_2, sent);
  size_t taken = hub.peers[1].read().size();
  hub.end_of_turn(hub.now_ns);
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("warning: worker 1 has taken few or no events for 5 s"), std::string::npos) << log;
  EXPECT_EQ(log.find("few or no events"), log.rfind("few or no events")) << log;
  EXPECT_NE(log.find("it has missed " + std::to_string(sent - taken)), std::string::npos) << log;
  EXPECT_TRUE(hub.is_idle());
  hub.trigger(0, "e", "again");
  EXPECT_EQ(hub.peers[1].read(), Seen{"e=again"});
}

TEST(EventHub, RemovalsReachAlsoAListenerThatTakesNothing) {
  Hub hub;
  hub.on(1, "e");
  for (int tick = 0; tick < 40; ++tick) {
    hub.flood(0, std::string(1000, 'x'));
    hub.end_of_turn(hub.now_ns += EventHub::kTickMs * kNsPerMs);
  }
  std::string off;
  ipc::encode_event_off(off, {5, "e", "f"});
  EXPECT_EQ(hub.send(2, FrameType::kEventOff, off), nullptr);
  EXPECT_EQ(hub.trigger(2, "e", "missed"), nullptr);
  // A flood of them is bounded too.
  off.clear();
  const std::string long_name(30'000, 'f');
  ipc::encode_event_off(off, {5, "e", long_name});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(hub.send(2, FrameType::kEventOff, off), nullptr);
    hub.end_of_turn(hub.now_ns);
  }
  EXPECT_LT(hub.peers[1].ours->unsent(), 2 * limits::kEventHighWater + off.size() + 100);
  Seen seen = hub.peers[1].read();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "-e.f"), 1);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "e=missed"), 0);
}

TEST(EventHub, ScopeIsForAllContextsAndThoseToCome) {
  Hub hub;
  hub.detach(2);
  std::string scope;
  ipc::encode_event_on(scope, {7, {}});
  EXPECT_EQ(hub.send(1, FrameType::kEventScope, scope), nullptr);
  EXPECT_EQ(hub.peers[1].event_words.synced.load(), 7u);
  EXPECT_EQ(hub.peers[0].event_words.scoped.load(), 1u);
  EXPECT_EQ(hub.peers[1].event_words.scoped.load(), 1u);
  EXPECT_EQ(hub.peers[2].event_words.scoped.load(), 0u);
  hub.attach(2, hub.peers[2], "worker 2");
  EXPECT_EQ(hub.peers[2].event_words.scoped.load(), 1u);
}

TEST(EventHub, AListenerThatIsSlowIsWaitedFor) {
  Hub hub;
  hub.on(1, "e");
  size_t sent = 0, taken = 0;
  Frame frame;
  for (int tick = 0; tick < 100; ++tick) {
    sent += hub.flood(0, std::string(1000, 'x'));
    hub.peers[1].ours->flush();
    hub.peers[1].theirs->receive();  // one read in a quarter of a second
    while (hub.peers[1].theirs->next(frame) == ipc::FrameDecoder::Next::kFrame) ++taken;
    hub.end_of_turn(hub.now_ns += EventHub::kTickMs * kNsPerMs);
  }
  EXPECT_EQ(taken + hub.peers[1].read().size(), sent);
}

TEST(EventHub, AListenerThatTakesALittleNowAndThenHoldsNobody) {
  Hub hub;
  hub.on(1, "e");
  testing::internal::CaptureStderr();
  for (int tick = 0; tick < 60; ++tick) {
    hub.flood(0, std::string(1000, 'x'));
    hub.peers[1].ours->flush();
    char bytes[20'000];  // more than the kernel holds in one piece: flush() makes progress
    EXPECT_GT(read(hub.peers[1].theirs->fd(), bytes, sizeof bytes), 0);
    hub.end_of_turn(hub.now_ns += EventHub::kTickMs * kNsPerMs);
  }
  EXPECT_EQ(hub.credit(0), hub.sent[0]);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("worker 1 has taken few or no events for 5 s"),
            std::string::npos);
}

TEST(EventHub, WhatIsTakenInDescriptorsCounts) {
  Hub hub;
  hub.on(1, "e");
  Frame frame;
  testing::internal::CaptureStderr();
  for (int tick = 0; tick < 60; ++tick) {
    for (int i = 0; hub.sent[0] - hub.credit(0) < limits::kEventWindow && i < 20; ++i) {
      ASSERT_EQ(hub.trigger_memfd(0, 400'000, 400'000), nullptr);
      hub.sent[0] += ipc::event_cost(4 + 1 + 8, 400'000);
    }
    hub.peers[1].ours->flush();
    hub.peers[1].theirs->receive();  // a descriptor in a quarter of a second
    while (hub.peers[1].theirs->next(frame) == ipc::FrameDecoder::Next::kFrame) frame.descriptor.reset();
    hub.end_of_turn(hub.now_ns += EventHub::kTickMs * kNsPerMs);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(EventHub, TheDeathOfAListenerFreesItsSenders) {
  Hub hub;
  hub.on(1, "e");
  for (int turn = 0; turn < 20; ++turn) {
    hub.flood(0, std::string(1000, 'x'));
    hub.end_of_turn(hub.now_ns);
  }
  EXPECT_LT(hub.credit(0), hub.sent[0]);
  hub.detach(1);
  hub.end_of_turn(hub.now_ns);
  EXPECT_EQ(hub.credit(0), hub.sent[0]);
}

TEST(EventHub, DataInDescriptors) {
  Hub hub;
  hub.on(1, "e");
  hub.on(2, "e");
  EXPECT_EQ(hub.trigger_memfd(0, 100'000, 100'000), nullptr);
  EXPECT_EQ(hub.peers[1].ours->unsent_weight(), 100'000u);
  EXPECT_EQ(hub.peers[1].read(), Seen{"e=memfd 100000"});
  EXPECT_EQ(hub.peers[2].read(), Seen{"e=memfd 100000"});
  hub.end_of_turn(hub.now_ns);
  EXPECT_GT(hub.credit(0), 100'000u);
  constexpr char kBad[] = "EventTrigger whose descriptor is no sealed memfd with its data";
  EXPECT_STREQ(hub.trigger_memfd(0, 100'000, 100'001), kBad);
  EXPECT_STREQ(hub.trigger_memfd(0, 100'000, 100'000, false), kBad);
  EXPECT_STREQ(hub.trigger_memfd(0, limits::kMaxInlineEvent, limits::kMaxInlineEvent),
               "EventTrigger with a descriptor for data that fits into the frame");
  EXPECT_STREQ(hub.send(0, FrameType::kEventTrigger, "x"), "EventTrigger that does not decode");
}

TEST(EventHub, OtherFramesAreRefused) {
  Hub hub;
  EXPECT_NE(hub.send(0, FrameType::kEventDeliver, std::string(4, '\0')), nullptr);
  EXPECT_NE(hub.send(0, FrameType::kReply, {}), nullptr);
  EXPECT_NE(hub.send(0, FrameType::kEventOff, std::string(12, '\xff')), nullptr);
}

}  // namespace
}  // namespace ravelin::frontend
