#include "worker/js_timers.h"

#include <event2/event.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "common/clock.h"
#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

duk_ret_t native_now(duk_context* js) {
  duk_push_number(js, static_cast<double>(monotonic_ns()) / 1e6);
  return 1;
}

// A heap with timers; scripts append to `seen`, and block(ms) as a slow callback would.
struct Loop {
  event_base* base = event_base_new();
  JsHeap heap;
  std::unique_ptr<JsTimers> timers = std::make_unique<JsTimers>(base, heap.js());

  Loop() {
    install_globals(heap, {});
    duk_push_c_function(heap.js(), native_now, 0);
    duk_put_global_string(heap.js(), "now");
    run("var seen = [], start = now(); function block(ms) { var end = now() + ms; while (now() < end); }");
  }
  ~Loop() {
    timers.reset();
    event_base_free(base);
  }
  std::string run(const std::string& source) { return run_script(heap.js(), source); }
  std::string seen() { return run("seen.join()"); }
  // Turns the loop until no timer is left, or for two seconds.
  void turn() {
    const uint64_t end = monotonic_ns() + 2 * kNsPerSecond;
    while (timers->has_pending() && monotonic_ns() < end) event_base_loop(base, EVLOOP_ONCE);
  }
};

// libevent's own timeouts follow a clock that steps by 4 ms on many machines: 20 of them would take 80 ms.
TEST(JsTimers, ArePreciseBelowAMillisecond) {
  double best_ms = 1e9;
  for (int attempt = 0; attempt < 10 && best_ms > 30; ++attempt) {
    Loop loop;
    loop.run(
        "var left = 20; (function next() { if (left-- > 0) setTimeout(next, 0.2); else seen.push(now() - start) })()");
    loop.turn();
    best_ms = std::min(best_ms, std::stod(loop.seen()));
  }
  EXPECT_GE(best_ms, 20 * 0.2);
  EXPECT_LT(best_ms, 30);
}

TEST(JsTimers, NativeCallsAreQueuedWithTheOthers) {
  Loop loop;
  const uint64_t now = monotonic_ns();
  int calls = 0;
  loop.timers->call_at(now + 2 * kNsPerMs, [&] { calls = calls * 10 + 2; });
  loop.timers->call_at(now, [&] { calls = calls * 10 + 1; });
  const JsTimers::Id cancelled = loop.timers->call_at(now + kNsPerMs, [&] { calls = -1; });
  loop.timers->cancel(cancelled);
  loop.timers->cancel(0);
  loop.timers->cancel(cancelled);
  loop.run("for (var id = 1; id < 5; id++) clearTimeout({eventId: id})");  // a script cannot guess them away
  loop.turn();
  EXPECT_EQ(calls, 12);
}

TEST(JsTimers, RunsAfterTheScriptWithItsArguments) {
  Loop loop;
  EXPECT_FALSE(loop.timers->has_pending());
  loop.run(
      "setTimeout(function () { seen.push('later', arguments.length, arguments[0], arguments[1], this === global) }, "
      "1, 'a', 2); seen.push('first')");
  EXPECT_TRUE(loop.timers->has_pending());
  EXPECT_EQ(loop.seen(), "first");
  loop.turn();
  EXPECT_EQ(loop.seen(), "first,later,2,a,2,true");
  EXPECT_FALSE(loop.timers->has_pending());
}

TEST(JsTimers, RunsByDueTimeThenByCreation) {
  Loop loop;
  loop.run(
      "function add(x) { seen.push(x) }\n"
      "setTimeout(add, 8, 'c'); setTimeout(add, 2, 'b'); setTimeout(add, 0, 'a'); setTimeout(add, 8, 'd')\n"
      "block(20)");
  loop.turn();
  EXPECT_EQ(loop.seen(), "a,b,c,d");
}

TEST(JsTimers, StrangeDelaysCountAsZero) {
  Loop loop;
  loop.run(
      "[undefined, NaN, -5, '100', null, {}].forEach(function (ms, i) { setTimeout(function () { seen.push(i) }, ms) "
      "})\n"
      "setTimeout(function () { seen.push('none') })");
  loop.turn();
  EXPECT_EQ(loop.seen(), "0,1,2,3,4,5,none");
  EXPECT_EQ(
      loop.run("var far = setTimeout(function () {}, 1e300); var never = setInterval(function () {}, Infinity); 1"),
      "1");
  EXPECT_EQ(loop.run("clearTimeout(far); clearTimeout(never)"), "undefined");
  EXPECT_FALSE(loop.timers->has_pending());
}

TEST(JsTimers, ArgumentsAreChecked) {
  Loop loop;
  EXPECT_EQ(loop.run("setTimeout('code', 5)"), "throws Error: setTimeout(): Callback must be a function");
  EXPECT_EQ(loop.run("setInterval()"), "throws Error: setInterval(): Callback must be a function");
  EXPECT_EQ(loop.run("setMetronome({})"), "throws Error: setMetronome(): Callback must be a function");
  for (const char* bad : {"", "undefined", "5", "null", "{}", "'x'"}) {
    EXPECT_TRUE(loop.run(std::string("clearTimeout(") + bad + ")").starts_with("throws Error: clearTimeout()")) << bad;
  }
  EXPECT_EQ(loop.run("typeof setTimeout(function () {}) + !!setTimeout(function () {})"), "objecttrue");
}

TEST(JsTimers, AnyClearFunctionClearsAnyTimerAnyNumberOfTimes) {
  Loop loop;
  loop.run(
      "var a = setTimeout(add, 1, 'a'), b = setInterval(add, 1, 'b'), c = setMetronome(add, 1, 'c');\n"
      "var d = setImmediate(add, 'd');\n"
      "function add(x) { seen.push(x) }\n"
      "clearInterval(a); clearMetronome(b); clearTimeout(c); clearTimeout(c); clearImmediate(d)");
  EXPECT_FALSE(loop.timers->has_pending());
  loop.run(
      "var e = setTimeout(function () { seen.push('e'); clearTimeout(e) }, 0)\n"
      "var n = 0, f = setInterval(function () { if (++n == 3) { clearInterval(f); seen.push('f') } }, 1)");
  loop.turn();
  EXPECT_EQ(loop.seen(), "e,f");
  EXPECT_EQ(loop.run("clearTimeout(e); clearTimeout(f); 'fine'"), "fine");
}

TEST(JsTimers, ClearedByAnEarlierCallbackOfTheSameTurn) {
  Loop loop;
  loop.run(
      "setTimeout(function () { clearTimeout(b); seen.push('a') }, 0); var b = setTimeout(function () { seen.push('b') "
      "}, 0)");
  usleep(1000);
  loop.turn();
  EXPECT_EQ(loop.seen(), "a");
}

// server design: timers of 0 ms must leave room for I/O between them.
TEST(JsTimers, WhatACallbackSetsWaitsForTheNextTurn) {
  Loop loop;
  loop.run("var n = 0; (function again() { n++; if (n < 1000) setImmediate(again) })()");
  event_base_loop(loop.base, EVLOOP_ONCE);
  EXPECT_EQ(loop.run("n"), "2");
  loop.turn();
  EXPECT_EQ(loop.run("n"), "1000");
}

// The worked example of runtime-api 2.2, at a fifth of its times: the times of five calls in steps of 10 ms. A machine
// that is busy with other things may be late, so one undisturbed run of several is enough.
std::string times_of_five_calls(const std::string& function, const std::string& expected) {
  std::string times;
  for (int attempt = 0; attempt < 8 && times != expected; ++attempt) {
    Loop loop;
    loop.run("var calls = 0, id = " + function +
             "(function () {\n"
             "  seen.push(Math.floor((now() - start) / 10));\n"
             "  if (++calls == 2) block(50);\n"
             "  if (calls == 5) clearTimeout(id);\n"
             "}, 20)");
    loop.turn();
    times = loop.seen();
  }
  return times;
}

TEST(JsTimers, IntervalDropsMissedCallsAndBeginsAnew) {
  const std::string expected = "2,4,11,13,15";  // blocked from 40 to 90 ms
  EXPECT_EQ(times_of_five_calls("setInterval", expected), expected);
}

TEST(JsTimers, MetronomeKeepsItsBeat) {
  const std::string expected = "2,4,10,12,14";
  EXPECT_EQ(times_of_five_calls("setMetronome", expected), expected);
}

TEST(JsTimers, ErrorsAreLoggedAndTheLoopGoesOn) {
  Loop loop;
  loop.run(
      "setTimeout(function bad() { throw new TypeError('broken') }, 0)\n"
      "setTimeout(function () { throw 'plain text' }, 0)\n"
      "var n = 0, id = setInterval(function () { if (++n == 2) clearInterval(id); throw new Error('again ' + n) }, 1)");
  testing::internal::CaptureStderr();
  loop.turn();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("Error in setTimeout callback:\n  TypeError: broken\n    at bad (/test/eval.js:1)\n"),
            std::string::npos)
      << log;
  EXPECT_NE(log.find("Error in setTimeout callback:\n  plain text\n"), std::string::npos) << log;
  EXPECT_NE(log.find("Error in setInterval callback:\n  Error: again 2\n"), std::string::npos) << log;
}

TEST(JsTimers, HooksRunAroundEachCallback) {
  Loop loop;
  int before = 0, after = 0;
  loop.timers->set_before_callback([&] { ++before; });
  loop.timers->set_after_callback([&] {
    ++after;
    EXPECT_EQ(before, after);
  });
  testing::internal::CaptureStderr();
  loop.run("setTimeout(function () {}, 0); setTimeout(function () { throw 1 }, 0)");
  loop.turn();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(after, 2);
}

TEST(JsTimers, TheChildOfAForkLeavesTimersBehind) {
  Loop loop;
  loop.run("var early = setTimeout(function () { seen.push('parent') }, 1); setInterval(function () {}, 1)");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    event_base* fresh = event_base_new();
    loop.timers->abandon_after_fork(fresh);
    bool ok = !loop.timers->has_pending();
    loop.run("setTimeout(function () { seen.push('child') }, 1); clearTimeout(early)");
    while (loop.timers->has_pending()) event_base_loop(fresh, EVLOOP_ONCE);
    ok = ok && loop.seen() == "child";
    loop.timers->abandon_after_fork(nullptr);
    loop.run("setTimeout(function () {}, 1)");
    ok = ok && loop.timers->has_pending();
    _exit(ok ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  while (loop.seen().empty()) event_base_loop(loop.base, EVLOOP_ONCE);
  EXPECT_EQ(loop.seen(), "parent");
}

TEST(JsTimers, FinishedTimersLeaveNothingInTheHeap) {
  Loop loop;
  loop.run(
      "var freed = 0; for (var i = 0; i < 50; i++) (function () {\n"
      "  var big = {}; Duktape.fin(big, function () { freed++ }); setTimeout(function () { big }, 0) })()");
  loop.turn();
  EXPECT_EQ(loop.run("Duktape.gc(); Duktape.gc(); freed"), "50");
}

}  // namespace
}  // namespace ravelin::worker
