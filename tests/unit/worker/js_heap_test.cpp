#include "worker/js_heap.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

TEST(JsHeap, FindsTheHeapOfEachOfItsContexts) {
  JsHeap heap, other;
  EXPECT_EQ(&JsHeap::of(heap.js()), &heap);
  EXPECT_EQ(&JsHeap::of(other.js()), &other);
  duk_push_thread(heap.js());
  EXPECT_EQ(&JsHeap::of(duk_get_context(heap.js(), -1)), &heap);
  duk_pop(heap.js());
}

TEST(JsHeap, CountsItsBytes) {
  JsHeap heap;
  const size_t before = heap.used_bytes();
  EXPECT_GT(before, 10000u);
  run_script(heap.js(), "var big = new Uint8Array(1 << 20); 0");
  EXPECT_GE(heap.used_bytes(), before + (1 << 20));
  run_script(heap.js(), "big = null; Duktape.gc(); 0");
  EXPECT_LT(heap.used_bytes(), before + 200000);
}

TEST(JsHeap, RefusesToGrowBeyondItsLimit) {
  JsHeap heap;
  const size_t limit = heap.used_bytes() + (4 << 20);
  heap.set_max_bytes(limit);
  const std::string result =
      run_script(heap.js(), "var a = []; while (true) a.push({n: a.length, text: [a.length, 2, 3]})");
  EXPECT_EQ(result, "throws Error: alloc failed");
  EXPECT_TRUE(heap.memory_limit_hit());
  EXPECT_LE(heap.used_bytes(), limit + 256 * 1024 + 4096);  // the reserve for the error; malloc rounds up

  heap.set_max_bytes(0);
  heap.clear_memory_limit_hit();
  run_script(heap.js(), "a = null; Duktape.gc()");
  heap.set_max_bytes(limit);
  EXPECT_EQ(run_script(heap.js(), "new Uint8Array(1 << 20).length"), "1048576");
  EXPECT_FALSE(heap.memory_limit_hit());
}

// Strings make the engine's string table grow, too, whose failure it tolerates: the script goes on into the reserve.
TEST(JsHeap, EveryWayToFillTheHeapEndsInAnError) {
  JsHeap heap;
  const size_t limit = heap.used_bytes() + (4 << 20);
  heap.set_max_bytes(limit);
  EXPECT_EQ(run_script(heap.js(), "var a = []; while (true) a.push(new Array(100).join('x' + a.length))").substr(0, 7),
            "throws ");
  EXPECT_TRUE(heap.memory_limit_hit());
  EXPECT_LE(heap.used_bytes(), limit + 256 * 1024 + 4096);
}

TEST(JsHeap, ReportsTheLimitEvenWhenTheScriptCatchesTheError) {
  JsHeap heap;
  heap.set_max_bytes(heap.used_bytes() + (1 << 20));
  EXPECT_EQ(run_script(heap.js(), "try { new Uint8Array(1 << 24) } catch (e) { 'caught' }"), "caught");
  EXPECT_TRUE(heap.memory_limit_hit());
}

TEST(JsHeap, GarbageDoesNotCountAsHittingTheLimit) {
  JsHeap heap;
  heap.set_max_bytes(heap.used_bytes() + (1 << 20));
  // 100 MB in cycles, which only the collector frees.
  EXPECT_EQ(
      run_script(heap.js(), "for (var i = 0; i < 1000; i++) { var o = {b: new Uint8Array(1e5)}; o.o = o } 'done'"),
      "done");
  EXPECT_FALSE(heap.memory_limit_hit());
}

TEST(JsHeap, DeadlineInterruptsAnEndlessLoop) {
  JsHeap heap;
  const uint64_t start = monotonic_ns();
  heap.arm_deadline(start + 20 * kNsPerMs);
  EXPECT_EQ(run_script(heap.js(), "while (true) {}"), "throws RangeError: execution timeout");
  EXPECT_GE(monotonic_ns() - start, 20 * kNsPerMs);
  EXPECT_TRUE(heap.deadline_passed());
  heap.disarm_deadline();
  EXPECT_FALSE(heap.deadline_passed());
  EXPECT_EQ(run_script(heap.js(), "var n = 0; while (n < 100000) n++; n"), "100000");
}

TEST(JsHeap, NoTryCatchSwallowsTheDeadline) {
  JsHeap heap;
  heap.arm_deadline(monotonic_ns() + 10 * kNsPerMs);
  EXPECT_EQ(run_script(heap.js(),
                       "function spin() { while (true) { try { while (true) {} } catch (e) {} finally { spin() } } }\n"
                       "try { spin() } catch (e) { 'swallowed' }"),
            "throws RangeError: execution timeout");
}

TEST(JsHeap, ScriptThatEndsInTimeIsNotInterrupted) {
  JsHeap heap;
  heap.arm_deadline(monotonic_ns() + 60 * kNsPerSecond);
  EXPECT_EQ(run_script(heap.js(), "var n = 0; while (n < 100000) n++; n"), "100000");
  EXPECT_FALSE(heap.deadline_passed());
}

TEST(JsHeap, InterruptHookRunsWhileScriptRuns) {
  JsHeap heap;
  int calls = 0;
  heap.set_interrupt_hook([](void* argument) { ++*static_cast<int*>(argument); }, &calls);
  run_script(heap.js(), "var n = 0; while (n < 1000000) n++; n");
  EXPECT_GT(calls, 50);
  const int so_far = calls;
  heap.set_interrupt_hook(nullptr, nullptr);
  run_script(heap.js(), "var n = 0; while (n < 1000000) n++; n");
  EXPECT_EQ(calls, so_far);
}

TEST(JsHeap, RandomNumbersFillTheUnitInterval) {
  JsHeap heap;
  EXPECT_EQ(
      run_script(heap.js(),
                 "var sum = 0, bad = 0;\n"
                 "for (var i = 0; i < 20000; i++) { var r = Math.random(); sum += r; if (!(r >= 0 && r < 1)) bad++ }\n"
                 "bad + ' ' + (Math.abs(sum / 20000 - 0.5) < 0.02)"),
      "0 true");
}

TEST(JsHeap, ForkedProcessesDrawDifferentNumbersAfterReseeding) {
  JsHeap heap;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    heap.reseed_random();
    const double number = heap.random_double();
    _exit(write(ends[1], &number, sizeof number) == sizeof number ? 0 : 1);
  }
  double childs = -1;
  EXPECT_EQ(read(ends[0], &childs, sizeof childs), static_cast<ssize_t>(sizeof childs));
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NE(childs, heap.random_double());
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace ravelin::worker
