// Promise (worker/bootstrap/promise.js) and the queue that runs its reactions.
#include "worker/js_microtasks.h"

#include <gtest/gtest.h>

#include "common/clock.h"
#include "tests/unit/worker/js_fixture.h"
#include "worker/js_error.h"

namespace ravelin::worker {
namespace {

// Runs the script and then its microtasks; gives what it has put into `seen`.
std::string seen_after(const std::string& script) {
  Site site;
  site.run("var seen = []; function see(x) { seen.push(x); return x }");
  const std::string result = site.run(script);
  if (result.starts_with("throws")) return result;
  run_microtasks(site.heap);
  EXPECT_FALSE(site.heap.has_microtasks);
  return site.run("seen.join(' ')");
}

struct Row {
  const char* script;
  const char* seen;
};

TEST(Promise, BehavesAsTheStandardSays) {
  const Row table[] = {
      // Reactions run after the current code, in the order of settling.
      {"see('a'); Promise.resolve('c').then(see); see('b')", "a b c"},
      {"var p = Promise.resolve(1); p.then(function() { see(1) }).then(function() { see(3) }); p.then(function() { "
       "see(2) })",
       "1 2 3"},
      {"new Promise(function(ok, no) { ok(1); no(2); ok(3); throw 4 }).then(see)", "1"},
      {"new Promise(function() { throw 'x' }).catch(see)", "x"},
      {"new Promise(function(ok, no) { no('r') }).then(see, function(e) { see('no ' + e) })", "no r"},
      // Values pass through what is not a function.
      {"Promise.resolve(7).then(5, null).then(see); Promise.reject(8).then(see).catch(see)", "7 8"},
      {"Promise.reject(1).catch(function() { return 2 }).then(see)", "2"},
      {"Promise.resolve(1).then(function() { throw 'boo' }).then(see, function(e) { see('caught ' + e) })",
       "caught boo"},
      // Thenables are followed; the first call counts.
      {"Promise.resolve({then: function(ok, no) { ok('t'); no('u'); throw 'v' }}).then(see)", "t"},
      {"Promise.resolve({then: function() { throw 'v' }}).catch(see)", "v"},
      {"Promise.resolve(Object.defineProperty({}, 'then', {get: function() { throw 'g' }})).catch(see)", "g"},
      {"Promise.resolve({then: 5}).then(function(v) { see(v.then) })", "5"},
      {"new Promise(function(ok) { ok(Promise.reject('in')) }).catch(see)", "in"},
      {"var q = new Promise(function(ok) { setOk = ok }); setOk(q); q.catch(function(e) { see(e.name) })", "TypeError"},
      {"var p = Promise.resolve(1); see(Promise.resolve(p) === p); see(p.then(see) === p)", "true false 1"},
      // finally
      {"Promise.resolve(1).finally(function() { see(arguments.length); return 9 }).then(see)", "0 1"},
      {"Promise.reject(1).finally(function() { see('f') }).catch(see)", "f 1"},
      {"Promise.resolve(1).finally(function() { throw 2 }).catch(see)", "2"},
      // combinators
      {"Promise.all([1, Promise.resolve(2), {then: function(ok) { ok(3) }}]).then(see)", "1,2,3"},
      {"Promise.all([]).then(function(v) { see(v.length) }); Promise.all([Promise.reject('x'), 1]).catch(see)", "0 x"},
      {"Promise.all(new Set([1,2])).then(see)", "1,2"},
      {"Promise.all(5).catch(function(e) { see(e.name) })", "TypeError"},
      {"Promise.allSettled([1, Promise.reject(2)]).then(function(v) { see(JSON.stringify(v)) })",
       R"([{"status":"fulfilled","value":1},{"status":"rejected","reason":2}])"},
      {"Promise.any([Promise.reject(1), Promise.resolve(2)]).then(see)", "2"},
      {"Promise.any([Promise.reject(1), Promise.reject(2)]).catch(function(e) { see(e.name + e.errors + (e instanceof "
       "Error)) })",
       "AggregateError1,2true"},
      {"Promise.any([]).catch(function(e) { see(e.errors.length) })", "0"},
      {"Promise.race([new Promise(function() {}), Promise.resolve('r'), 's']).then(see)", "r"},
      // queueMicrotask
      {"queueMicrotask(function() { see(arguments.length) }); Promise.resolve(1).then(see)", "0 1"},
      {"queueMicrotask(5)", "throws TypeError: queueMicrotask: callback must be a Function"},
      {"Promise(function() {})", "throws TypeError: Promise must be called with new"},
      {"new Promise()", "throws TypeError: Promise: argument must be a Function"},
      {"Promise.prototype.then.call({})", "throws TypeError: Promise.then: this is not a Promise"},
      {"see(String(Promise.resolve())); see(Promise.length + Promise.name); see(Object.keys(Promise.prototype).length)",
       "[object Promise] 1Promise 0"},
  };
  for (const Row& row : table) EXPECT_EQ(seen_after(row.script), row.seen) << row.script;
}

TEST(Promise, LongChainsNeedNoStack) {
  EXPECT_EQ(
      seen_after("var p = Promise.resolve(0); for (var i = 0; i < 5000; ++i) p = p.then(function(n) { return n + 1 }); "
                 "p.then(see)"),
      "5000");
}

// ---- rejections that nobody handles

std::string stderr_of(const std::string& script) {
  Site site;
  testing::internal::CaptureStderr();
  site.run(script);
  run_microtasks(site.heap);
  run_microtasks(site.heap);
  return testing::internal::GetCapturedStderr();
}

TEST(Promise, UnhandledRejectionsAreReportedOnce) {
  const std::string text = stderr_of("function f() { throw new Error('lost') } Promise.resolve().then(f); 0");
  EXPECT_EQ(text.find("Unhandled promise rejection:\n  Error: lost\n    at f (/test/eval.js:1)"), 0u) << text;
  EXPECT_EQ(text.find("rejection", 30), std::string::npos) << text;
  EXPECT_EQ(text.find("ravelin:"), std::string::npos) << text;
  EXPECT_EQ(stderr_of("Promise.reject('text')"), "Unhandled promise rejection:\n  text\n");
  EXPECT_EQ(stderr_of("Promise.reject(1).catch(function() {})"), "");
  EXPECT_EQ(stderr_of("var p = Promise.reject(1); Promise.resolve().then(function() { p.catch(function() {}) })"), "");
}

TEST(Promise, ErrorsOfQueuedCallbacksAreReported) {
  const std::string text = stderr_of("queueMicrotask(function() { throw new Error('q') }); 0");
  EXPECT_EQ(text.find("Error in queueMicrotask callback:\n  Error: q\n"), 0u) << text;
}

// ---- the view from C++

TEST(Promise, StateIsVisibleToNativeCode) {
  Site site;
  duk_context* js = site.js();
  const auto state_of = [&](const char* expression, bool claim = false) {
    EXPECT_EQ(duk_peval_string(js, expression), 0);
    if (claim) claim_promise(js, -1);
    run_microtasks(site.heap);
    const duk_idx_t top = duk_get_top(js);
    const PromiseState state = take_promise(js, -1);
    const bool is_settled = state == PromiseState::kFulfilled || state == PromiseState::kRejected;
    EXPECT_EQ(duk_get_top(js), top + (is_settled ? 1 : 0));
    const std::string text = is_settled ? duk_safe_to_string(js, -1) : "";
    duk_set_top(js, 0);
    return std::pair(state, text);
  };
  testing::internal::CaptureStderr();
  EXPECT_EQ(state_of("5").first, PromiseState::kNotPromise);
  EXPECT_EQ(state_of("({then: function() {}})").first, PromiseState::kNotPromise);
  EXPECT_EQ(state_of("new Promise(function() {})").first, PromiseState::kPending);
  EXPECT_EQ(state_of("Promise.resolve().then(function() { return 'v' })"),
            std::pair(PromiseState::kFulfilled, std::string("v")));
  EXPECT_EQ(state_of("Promise.reject('r')", true), std::pair(PromiseState::kRejected, std::string("r")));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");  // claimed
}

TEST(Microtasks, ThatNeverEndAreStoppedByTheDeadline) {
  Site site;
  ASSERT_EQ(duk_peval_string(site.js(), "(function again() { Promise.resolve().then(again) })()"), 0);
  site.heap.arm_deadline(monotonic_ns() + 20'000'000);
  ASSERT_TRUE(site.heap.has_microtasks);
  duk_set_top(site.js(), 0);
  EXPECT_FALSE(drain_microtasks(site.js()));
  EXPECT_TRUE(site.heap.deadline_passed());
  EXPECT_EQ(duk_get_top(site.js()), 1);
  EXPECT_FALSE(site.heap.has_microtasks);
}

TEST(Microtasks, OfTheParentDoNotRunInTheChild) {
  Site site;
  site.run("var ran = 0; Promise.resolve().then(function() { ++ran }); Promise.reject(1)");
  abandon_microtasks(site.heap);
  testing::internal::CaptureStderr();
  site.run("Promise.resolve().then(function() { ran += 10 })");
  run_microtasks(site.heap);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(site.run("ran"), "10");
}

TEST(Microtasks, OneThatHangsIsStoppedAndTheOthersCanBeKept) {
  Site site;
  site.run("var seen = []; function see(x) { seen.push(x) }");
  site.run("Promise.resolve(1).then(see).then(function() { see(3) })");
  site.run("Promise.resolve().then(function hangs() { try { while (true) {} } catch (e) { see('never') } })");
  site.run("Promise.resolve(2).then(see)");
  site.heap.arm_deadline(monotonic_ns() + 20 * kNsPerMs);
  ASSERT_FALSE(drain_microtasks(site.heap.js(), Rest::kKept));
  EXPECT_TRUE(site.heap.deadline_passed());
  // The place where it hung, though the last one to be interrupted was promise.js.
  const std::string text = error_text(site.heap.js(), -1);
  EXPECT_TRUE(text.starts_with("RangeError: execution timeout\n    at hangs (")) << text;
  duk_pop(site.heap.js());
  site.heap.disarm_deadline();
  EXPECT_TRUE(site.heap.has_microtasks);
  run_microtasks(site.heap);
  EXPECT_EQ(site.run("seen.join(' ')"), "1 2 3");
}

}  // namespace
}  // namespace ravelin::worker
