#include "worker/js_globals.h"

#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/worker/js_fixture.h"
#include "worker/block_hook.h"
#include "worker/js_process.h"
#include "worker/process_title.h"

namespace ravelin::worker {
namespace {

TEST(Globals, AreThere) {
  Site site;
  EXPECT_EQ(site.run("this === global && global === globalThis"), "true");
  EXPECT_EQ(
      site.run(
          "[rampart.version, rampart.versionNumber, rampart.versionBits, rampart.versionDate instanceof Date].join()"),
      "0.6.3,603,64,true");
  EXPECT_EQ(site.run("var t = performance.now(); typeof t + (performance.now() >= t)"), "numbertrue");
  EXPECT_EQ(site.run("typeof setTimeout"), "undefined");  // this heap has no event loop
}

TEST(Globals, GlobalizeCopiesNames) {
  Site site;
  EXPECT_EQ(site.run("rampart.globalize({ga: 1, gb: 2}); ga + gb"), "3");
  EXPECT_EQ(site.run("rampart.globalize({gc: 3, gd: 4, ga: 7}, ['gc', 'gx', 'ga']); [gc, typeof gd, gx, 'gx' in "
                     "global, ga].join()"),
            "3,undefined,,true,7");
  EXPECT_EQ(site.run("var g = rampart.globalize; g({ge: 5}); ge"), "5");
  EXPECT_TRUE(site.run("rampart.globalize(5)").starts_with("throws TypeError"));
  EXPECT_EQ(site.run("typeof rampart.globalize({})"), "undefined");
}

// runtime-api 1.4
TEST(Globals, JsonParseTakesBuffers) {
  Site site;
  EXPECT_EQ(site.run("JSON.stringify(JSON.parse(new Buffer('{\"n\":[1,2]}')))"), "{\"n\":[1,2]}");
  EXPECT_EQ(site.run("JSON.parse(Uint8Array.allocPlain('\"x\"')) + JSON.parse(new Uint8Array([49, 50]).buffer)"),
            "x12");
  EXPECT_EQ(site.run("JSON.parse(new Buffer('\"\xF0\x9F\x98\x80\"')).length"), "2");
  EXPECT_TRUE(site.run("JSON.parse('{')").starts_with("throws SyntaxError"));
  EXPECT_EQ(site.run("JSON.parse('[1,2,3]', function (k, v) { return Array.isArray(v) ? v.length : v })"), "3");
  EXPECT_EQ(site.run("JSON.parse('\"__proto__\"')"), "__proto__");
}

TEST(Globals, JsonParseRestoresReferences) {
  Site site;
  EXPECT_EQ(site.run("var o = JSON.parse('{\"a\":{\"c\":1},\"b\":{\"_cyclic_ref\":\"$.a\"}}', true); o.a === o.b"),
            "true");
  EXPECT_EQ(site.run("o = JSON.parse('{\"me\":{\"_cyclic_ref\":\"$\"},\"l\":[{\"x y\":{}}],"
                     "\"r\":[{\"_cyclic_ref\":\"$.l[0][\\\\\"x y\\\\\"]\"}]}', true); [o.me === o, o.r[0] === "
                     "o.l[0]['x y']].join()"),
            "true,true");
  EXPECT_EQ(site.run("JSON.stringify(JSON.parse('{\"b\":{\"_cyclic_ref\":\"$.none.x\"}}', true))"),
            "{\"b\":{\"_cyclic_ref\":\"$.none.x\"}}");
  EXPECT_EQ(site.run("JSON.stringify(JSON.parse('{\"b\":{\"_cyclic_ref\":\"$[\\\\\"\"}}', true))"),
            "{\"b\":{\"_cyclic_ref\":\"$[\\\"\"}}");
  EXPECT_EQ(site.run("JSON.parse('{\"a\":{\"c\":1},\"b\":{\"_cyclic_ref\":\"$.a\"}}').b._cyclic_ref"), "$.a");
}

TEST(Process, DescribesTheScript) {
  Site site;
  EXPECT_EQ(site.run("process.scriptPath"), site.folder.path());
  EXPECT_EQ(site.run("process.script"), site.folder / "main.js");
  EXPECT_EQ(site.run("process.scriptName"), "main.js");
  EXPECT_EQ(site.run("process.argv.length + process.argv[2] + process.argv0"), "3extra/usr/bin/ravelin");
  EXPECT_EQ(site.run("process.installPathBin"), executable_directory());
  EXPECT_EQ(site.run("process.getpid() + ' ' + process.pid + ' ' + process.getppid()"),
            std::to_string(getpid()) + " " + std::to_string(getpid()) + " " + std::to_string(getppid()));
  EXPECT_EQ(site.run("process.nCpu >= 1 && process.uptime() >= 0 && process.systemUptime() > process.uptime()"),
            "true");
  EXPECT_EQ(site.run("process.getTotalMem() > process.getFreeMem() && process.getFreeMem() > 0"), "true");
  EXPECT_EQ(site.run("var cpus = process.getCpuInfo(); cpus.length >= 1 && cpus[0].times.idle > 0 && !!cpus[0].model"),
            "true");
}

TEST(Process, EnvironmentIsASnapshot) {
  setenv("RAVELIN_TEST", "a=b", 1);
  Site site;
  unsetenv("RAVELIN_TEST");
  EXPECT_EQ(site.run("process.env.RAVELIN_TEST"), "a=b");
  EXPECT_EQ(site.run("process.env.OTHER = 1; 0"), "0");
  EXPECT_EQ(getenv("OTHER"), nullptr);
}

// Runs the code in a forked child and gives its exit status.
template <typename Code>
int exit_status_of(Code code) {
  const pid_t child = fork();
  if (child == 0) {
    code();
    _exit(99);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Process, ExitEndsTheProcessFromAnywhere) {
  Site site;
  EXPECT_EQ(exit_status_of([&] { site.run("process.exit(3)"); }), 3);
  EXPECT_EQ(exit_status_of([&] { site.run("try { [1].forEach(function () { process.exit() }) } finally { }"); }), 0);
  EXPECT_EQ(exit_status_of([&] { site.run("process.exit('5')"); }), 0);
  EXPECT_EQ(exit_status_of([&] { site.run("process.exit(257)"); }), 1);
  EXPECT_EQ(exit_status_of([&] {
              site.heap.exit_hook = [](int code) { _exit(code + 40); };
              site.run("process.exit(2)");
            }),
            42);
}

TEST(Process, SetMaxMemLimitsTheAddressSpace) {
  Site site;
  EXPECT_EQ(exit_status_of([&] {
              if (site.run("process.setMaxMem(1e6)") != "1000000") _exit(1);
              rlimit limit;
              getrlimit(RLIMIT_AS, &limit);
              _exit(limit.rlim_cur == 1000000ull * 1048576 ? 0 : 2);
            }),
            0);
  for (const char* bad : {"", "'x'", "NaN", "-5", "'%'", "{}"}) {
    EXPECT_TRUE(site.run(std::string("process.setMaxMem(") + bad + ")").starts_with("throws Error: setMaxMem")) << bad;
  }
}

TEST(Process, TitleIsWhatPsShows) {
  Site site;
  EXPECT_EQ(site.run("process.setProcTitle()"), "throws Error: setProcTitle: argument must be a String");
  EXPECT_EQ(site.run("process.setProcTitle(new Array(300).join('x'))"),
            "throws Error: setProcTitle: argument must be a String");
  // A program of its own would be needed to own argv; here the memory is only made to look like it.
  EXPECT_EQ(exit_status_of([&] {
              static char memory[] = "program\0argument";
              char* argv[] = {memory, memory + 8, nullptr};
              keep_argv_for_title(2, argv);
              if (site.run("process.setProcTitle('worker')") != "undefined") _exit(1);
              if (std::string(memory) != "worker" || !getenv("PATH")) _exit(2);
              set_process_title("a title that is longer than the memory");
              _exit(std::string(memory) == "a title that is " && memory[16] == '\0' ? 0 : 3);
            }),
            0);
}

TEST(BlockHook, IsCalledUntilItIsRemoved) {
  int calls = 0;
  about_to_block();
  set_block_hook([](void* argument) { ++*static_cast<int*>(argument); }, &calls);
  about_to_block();
  Site site;
  testing::internal::CaptureStdout();
  site.run("console.log('x')");  // a pipe may be full
  testing::internal::GetCapturedStdout();
  set_block_hook(nullptr, nullptr);
  about_to_block();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace ravelin::worker
