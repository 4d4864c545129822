#include "worker/js_events.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/sys.h"
#include "ipc/event_frames.h"
#include "tests/unit/common/open_descriptors.h"
#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

using ipc::Frame;
using ipc::FrameType;

// A context with an event loop; scripts append to `seen`.
struct Loop {
  event_base* base = event_base_new();
  JsHeap heap;
  std::unique_ptr<JsEvents> events = std::make_unique<JsEvents>(base, heap.js());

  Loop() {
    install_globals(heap, {});
    run("var ev = rampart.event, seen = []; function see(u, d) { seen.push(u === undefined ? d : u + ':' + d) }");
  }
  ~Loop() {
    events.reset();
    event_base_free(base);
  }
  std::string run(const std::string& source) { return run_script(heap.js(), source); }
  std::string seen() { return run("seen.splice(0).join()"); }
  void turn() { event_base_loop(base, 0); }
};

// The frontend's end of a context's channel.
struct Hub : EventUplink {
  explicit Hub(Loop& owner) : loop(owner) {
    auto pair = make_socketpair();
    EXPECT_TRUE(pair);
    context_end = std::make_unique<ipc::Channel>(std::move(pair.value().first), ipc::Role::kFrontend);
    hub_end = std::make_unique<ipc::Channel>(std::move(pair.value().second), ipc::Role::kWorker);
    loop.events->connect(*this);
  }
  ipc::Channel& channel() override { return *context_end; }
  void wrote() override {}
  void flush() override { context_end->flush(); }
  const ipc::EventWords& words() override {
    if (on_look) on_look();
    return event_words;
  }
  void take_while_waiting() override { ++waited; }
  void resume_reading() override { ++resumed; }

  // "on 1 e", "trigger e <data bytes>", "off e f", "remove e", "unlisten e" for each frame that came.
  std::string read() {
    std::string seen;
    context_end->flush();
    while (hub_end->receive() == ipc::Channel::Io::kDone) {
      Frame frame;
      while (hub_end->next(frame) == ipc::FrameDecoder::Next::kFrame) {
        if (!seen.empty()) seen += "; ";
        seen += text_of(frame);
      }
    }
    return seen;
  }
  static std::string text_of(const Frame& frame) {
    switch (frame.type) {
      case FrameType::kEventOn: {
        auto on = ipc::decode_event_on(frame.payload);
        return "on " + std::to_string(on->serial) + " " + std::string(on->event);
      }
      case FrameType::kEventScope:
        return "scope " + std::to_string(ipc::decode_event_on(frame.payload)->serial);
      case FrameType::kEventUnlisten:
        return "unlisten " + std::string(frame.payload);
      case FrameType::kEventOff: {
        auto off = ipc::decode_event_off(frame.payload);
        return "off " + std::string(off->event) + " " + std::string(off->listener);
      }
      case FrameType::kEventRemove:
        return "remove " + std::string(ipc::decode_event_remove(frame.payload)->event);
      default: {
        auto message = ipc::decode_event_message(frame.payload, static_cast<bool>(frame.descriptor));
        uint64_t bytes = frame.descriptor ? message->memfd_bytes : message->data.size();
        return "trigger " + std::string(message->event) + " " + std::to_string(bytes);
      }
    }
  }
  bool deliver(std::string_view event, std::string_view data) {
    std::string payload;
    ipc::encode_event_message(payload, {event, data, 0});
    return give(FrameType::kEventDeliver, payload);
  }
  bool off(std::string_view event, std::string_view listener, uint64_t issued_ns) {
    std::string payload;
    ipc::encode_event_off(payload, {issued_ns, event, listener});
    return give(FrameType::kEventOff, payload);
  }
  bool give(FrameType type, std::string_view payload, UniqueFd descriptor = UniqueFd()) {
    Frame frame;
    frame.type = type;
    frame.payload = payload;
    frame.descriptor = std::move(descriptor);
    return loop.events->take(frame);
  }

  Loop& loop;
  std::unique_ptr<ipc::Channel> context_end, hub_end;
  ipc::EventWords event_words;
  std::function<void()> on_look;
  int waited = 0;
  int resumed = 0;
};

TEST(JsEvents, TellsTheHub) {
  Loop loop;
  loop.run("ev.on('early', 'f', see)");
  Hub hub(loop);
  EXPECT_EQ(hub.read(), "on 1 early") << "what was registered before there was a hub";
  loop.run("ev.on('e', 'a', see); ev.on('e', 'b', see); ev.on('e', 'a', see)");
  EXPECT_EQ(hub.read(), "on 2 e") << "once for all listeners of an event";
  loop.run("ev.trigger('e'); ev.trigger('unknown', 1); ev.off('e', 'a'); ev.off('e', 'b'); ev.remove('x')");
  EXPECT_EQ(hub.read(), "trigger e 0; trigger unknown 1; off e a; off e b; remove x");
  loop.turn();
  EXPECT_EQ(hub.read(), "unlisten e");
  loop.run("ev.on('e', 'a', see)");
  EXPECT_EQ(hub.read(), "on 3 e");
  loop.events->disconnect();
  loop.run("ev.trigger('e', 5)");
  loop.turn();
  EXPECT_EQ(hub.read(), "");
  EXPECT_EQ(loop.seen(), ",,5") << loop.run("seen");
}

TEST(JsEvents, TakesWhatTheHubPassesOn) {
  Loop loop;
  Hub hub(loop);
  loop.run("ev.on('e', 'f', see)");
  EXPECT_TRUE(hub.deliver("e", "\x05"));
  EXPECT_TRUE(hub.deliver("unknown", "\x06"));
  EXPECT_EQ(loop.seen(), "") << "nothing runs but from the loop";
  loop.turn();
  EXPECT_EQ(loop.seen(), "5");
  EXPECT_FALSE(hub.give(FrameType::kEventDeliver, "x"));
  EXPECT_FALSE(hub.give(FrameType::kRequest, "x"));
  testing::internal::CaptureStderr();
  EXPECT_TRUE(hub.deliver("e", "\xff"));
  loop.turn();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("an event was dropped: TypeError: the data"),
            std::string::npos);
}

TEST(JsEvents, RemovalsFromOthersEndWhatIsOlder) {
  Loop loop;
  Hub hub(loop);
  const uint64_t before = monotonic_ns();
  loop.run("ev.on('e', 'f', see)");
  EXPECT_TRUE(hub.off("e", "f", before));
  EXPECT_TRUE(hub.deliver("e", "\x01"));
  EXPECT_TRUE(hub.off("e", "g", monotonic_ns()));
  EXPECT_TRUE(hub.off("e", "f", monotonic_ns()));
  EXPECT_TRUE(hub.deliver("e", "\x02"));
  loop.turn();
  EXPECT_EQ(loop.seen(), "1");
}

TEST(JsEvents, WaitsForItsWindow) {
  Loop loop;
  Hub hub(loop);
  loop.run("var data = new Array(1001).join('x'); for (var i = 0; i < 1024; i++) ev.trigger('e', data)");
  EXPECT_EQ(hub.waited, 0);
  int looks = 0;
  hub.on_look = [&] {
    hub.read();
    if (++looks == 5) hub.event_words.credited.store(1'000'000);
  };
  loop.run("for (i = 0; i < 30; i++) ev.trigger('e', data)");
  EXPECT_GE(hub.waited, 3);
  EXPECT_GE(looks, 5);
}

TEST(JsEvents, TheEndOfTheScriptsTimeEndsTheWaiting) {
  Loop loop;
  Hub hub(loop);
  loop.heap.arm_deadline(monotonic_ns() + 100 * kNsPerMs);
  hub.on_look = [&] { hub.read(); };
  EXPECT_EQ(loop.run("var data = new Array(1001).join('x'); for (;;) ev.trigger('e', data)"),
            "throws RangeError: execution timeout");
  loop.heap.disarm_deadline();
}

TEST(JsEvents, LargeDataTravelsInADescriptor) {
  Loop loop;
  Hub hub(loop);
  loop.run("ev.on('e', 'f', function (u, d) { seen.push(d.length, d[99999]) })");
  loop.run("var b = new Uint8Array(100000); b[99999] = 7; ev.trigger('e', b)");
  EXPECT_EQ(hub.read(), "on 1 e; trigger e 100005");
  loop.turn();
  EXPECT_EQ(loop.seen(), "100000,7");
}

TEST(JsEvents, LargeDataOfOthersIsCopiedSoThatDescriptorsDoNotPileUp) {
  Loop loop;
  Hub hub(loop);
  loop.run("ev.on('e', 'f', function (u, d) { seen.push(d.length, d[d.length - 1]) })");
  const size_t before = count_open_descriptors();
  for (const auto& [size, head] : {std::pair<size_t, std::string>{100'000, std::string("\x5a\0\x01\x86\xa0", 5)},
                                   {2'000'000, std::string("\x5a\0\x1e\x84\x80", 5)}}) {
    const std::string bytes = head + std::string(size - 1, '\0') + '\x07';
    auto memfd = make_memfd("event", bytes.size(), true);
    ASSERT_TRUE(memfd);
    ASSERT_EQ(pwrite(memfd.value().get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    std::string payload;
    ipc::encode_event_message(payload, {"e", {}, bytes.size()});
    EXPECT_TRUE(hub.give(FrameType::kEventDeliver, payload, std::move(memfd.value())));
  }
  EXPECT_EQ(count_open_descriptors(), before + 1) << "the first is copied, the second is too large";
  loop.turn();
  EXPECT_EQ(loop.seen(), "100000,7,2000000,7");
  EXPECT_EQ(count_open_descriptors(), before);
}

TEST(JsEvents, ScopeIsForAllContexts) {
  Loop loop;
  loop.run("ev.on('e', 'f', see)");
  Hub first(loop);
  EXPECT_EQ(first.read(), "on 1 e");
  loop.run("ev.scopeToModule(); ev.scopeToModule()");
  EXPECT_EQ(first.read(), "scope 2");
  EXPECT_FALSE(loop.events->is_known_to_hub());
  first.event_words.synced.store(2);
  EXPECT_TRUE(loop.events->is_known_to_hub());
  loop.events->disconnect();
  Hub second(loop);
  EXPECT_EQ(second.read(), "scope 1; on 2 e") << "a new hub hears of it";
}

TEST(JsEvents, ScopeThatAnotherContextHasChosenOutlivesTheHub) {
  Loop loop;
  Hub first(loop);
  first.event_words.scoped.store(1);
  loop.run("ev.scopeToModule()");
  EXPECT_EQ(first.read(), "") << "it is so already";
  loop.events->disconnect();
  Hub second(loop);
  EXPECT_EQ(second.read(), "scope 1");
}

TEST(JsEvents, SyncWaitsForTheHub) {
  Loop loop;
  Hub hub(loop);
  EXPECT_FALSE(loop.events->is_unsynced());
  loop.run("ev.on('e', 'f', see)");
  EXPECT_TRUE(loop.events->is_unsynced());
  int looks = 0;
  hub.on_look = [&] {
    if (++looks == 3) hub.event_words.synced.store(1);
  };
  loop.events->sync();
  EXPECT_EQ(looks, 3);
  EXPECT_EQ(hub.read(), "on 1 e");
  EXPECT_FALSE(loop.events->is_unsynced());
  loop.run("ev.on('e', 'g', see)");
  EXPECT_FALSE(loop.events->is_unsynced());
}

TEST(JsEvents, SaysWhenItIsFull) {
  Loop loop;
  Hub hub(loop);
  loop.run("var n = 0; ev.on('e', 'f', function () { n++ })");
  const std::string data = std::string("\x59\x9c\x40") + std::string(40000, 'x');
  int count = 0;
  for (; !loop.events->is_full(); ++count) EXPECT_TRUE(hub.deliver("e", data));
  EXPECT_LT(count * data.size(), 5u * 1024 * 1024);
  EXPECT_EQ(hub.resumed, 0);
  loop.turn();
  EXPECT_FALSE(loop.events->is_full());
  EXPECT_EQ(hub.resumed, 1);
  EXPECT_EQ(loop.run("n"), std::to_string(count));
}

TEST(JsEvents, HooksRunAroundEachCallback) {
  Loop loop;
  int before = 0, after = 0;
  loop.events->set_before_callback([&] { ++before; });
  loop.events->set_after_callback([&] { EXPECT_EQ(++after, before); });
  testing::internal::CaptureStderr();
  loop.run("ev.on('e', 'a', see); ev.on('e', 'b', function () { throw 1 }); ev.trigger('e'); ev.trigger('e')");
  loop.turn();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "Error in event callback: 1\nError in event callback: 1\n");
  EXPECT_EQ(after, 4);
}

TEST(JsEvents, TheChildOfAForkLeavesListenersAndTriggersBehind) {
  Loop loop;
  loop.run("ev.on('e', 'f', see, 'parent'); ev.trigger('e', 1)");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    event_base* fresh = event_base_new();
    loop.events->abandon_after_fork(fresh);
    loop.run("ev.trigger('e', 2); ev.on('e', 'g', see, 'child'); ev.trigger('e', 3)");
    event_base_loop(fresh, 0);
    bool ok = loop.seen() == "child:3";
    loop.events->abandon_after_fork(nullptr);
    loop.run("ev.on('e', 'g', see, 'child'); ev.trigger('e', 4)");
    _exit(ok ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  loop.turn();
  EXPECT_EQ(loop.seen(), "parent:1");
}

TEST(JsEvents, EndedListenersLeaveNothingInTheHeap) {
  Loop loop;
  loop.run(
      "var freed = 0; for (var i = 0; i < 50; i++) (function () {\n"
      "  var big = {}; Duktape.fin(big, function () { freed++; ev.on('fin', 'f' + freed, see) });\n"
      "  ev.on('e', 'f' + i % 10, see, big) })(); ev.remove('e')");
  loop.turn();
  EXPECT_EQ(loop.run("Duktape.gc(); Duktape.gc(); freed"), "50");
}

TEST(JsEvents, TooManyEvents) {
  Loop loop;
  EXPECT_EQ(loop.run("for (var i = 0; i < 70000; i++) ev.on('e' + i, 'f', see)"),
            "throws RangeError: event.on: this context listens to too many events");
  EXPECT_EQ(loop.run("i"), std::to_string(limits::kMaxEventsPerContext));
  EXPECT_EQ(loop.run("ev.on('e1', 'g', see)"), "undefined");
  EXPECT_EQ(loop.run("ev.on(new Array(40000).join('x'), 'f', see)"),
            "throws RangeError: event.on: a name has more than 32768 bytes");
}

}  // namespace
}  // namespace ravelin::worker
