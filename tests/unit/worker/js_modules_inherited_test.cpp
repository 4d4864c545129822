// Modules that the launcher has loaded, in a worker (JsModules::leave_launcher).
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

// What the server asks for belongs to the worker; what script has in its hands stays.
TEST(InheritedModules, MappedModulesAreLoadedAgainInAWorker) {
  Site site;
  const std::string file =
      site.folder.write("m.js", "n = (typeof n == 'number' ? n : 0) + 1; module.exports = 'load ' + n");
  EXPECT_EQ(site.run("require('m')"), "load 1");
  EXPECT_EQ(exports_of(site, file), "load 1");
  site.modules.leave_launcher();
  EXPECT_EQ(site.run("require('m')"), "load 1");
  EXPECT_EQ(exports_of(site, file), "load 2");
  EXPECT_EQ(exports_of(site, file), "load 2");
  EXPECT_EQ(site.run("require('m')"), "load 2");
}

// Its launcher's exports may hold what cannot be had twice, a database for example.
TEST(InheritedModules, WhoRequiredAMappedModuleInTheLauncherKeepsIt) {
  Site site;
  const std::string count = "n = (typeof n == 'number' ? n : 0) + 1; ";
  const std::string mapped = site.folder.write("m.js", count + "module.exports = 'm' + n");
  site.folder.write("x.js", count + "module.exports = 'x' + n + require('m')");
  EXPECT_EQ(site.run("require('x')"), "x1m2");
  site.modules.leave_launcher();
  EXPECT_EQ(exports_of(site, mapped), "m3");
  EXPECT_EQ(site.run("require('x')"), "x1m2");
  EXPECT_EQ(site.run("require('m')"), "m3");
  EXPECT_EQ(site.run("delete require.cache['" + mapped + "']; require('m')"), "m4");
  EXPECT_EQ(site.run("require('x')"), "x5m4") << "what script loads again is another matter";
}

TEST(InheritedModules, AChangedMappedModuleMakesItsLauncherUsersStale) {
  const std::string count = "n = (typeof n == 'number' ? n : 0) + 1; ";
  for (const bool is_reloaded_first : {false, true}) {
    Site site;
    site.folder.write("part.js", count + "module.exports = 'p' + n");
    const std::string mapped = site.folder.write("m.js", count + "module.exports = 'm' + n + require('part')");
    site.folder.write("x.js", count + "module.exports = 'x' + n + require('m')");
    EXPECT_EQ(site.run("require('x')"), "x1m2p3");
    site.modules.leave_launcher();
    if (is_reloaded_first) {
      EXPECT_EQ(exports_of(site, mapped), "m4p3");
    }
    const std::string m = is_reloaded_first ? "m5p3" : "m4p3", x = is_reloaded_first ? "x6" : "x5";
    site.folder.write("m.js", count + " module.exports = 'm' + n + require('part')");
    EXPECT_EQ(exports_of(site, mapped), m);
    EXPECT_EQ(site.run("require('x')"), x + m);
    site.folder.write("part.js", count + " module.exports = 'changed'");
    EXPECT_TRUE(exports_of(site, mapped).ends_with("changed"));
    EXPECT_TRUE(site.run("require('x')").ends_with("changed"));
  }
}

TEST(InheritedModules, ACycleWithAMappedModuleRunsItAlone) {
  Site site;
  const std::string count = "n = (typeof n == 'number' ? n : 0) + 1; ";
  const std::string mapped =
      site.folder.write("m.js", count +
                                    "exports.load = n; exports.x = require('x'); exports.late = 'late';"
                                    "exports.toString = function () { return [n, exports.x.seen].join() }");
  site.folder.write("x.js",
                    "xs = (typeof xs == 'number' ? xs : 0) + 1; exports.m = require('m');"
                    "exports.seen = 'x' + xs; exports.toString = function () { return xs + exports.m.late }");
  EXPECT_EQ(site.run("require('m')") + site.run("require('x')"), "1,x11late");
  site.modules.leave_launcher();
  EXPECT_EQ(exports_of(site, mapped), "2,x1");
  EXPECT_EQ(exports_of(site, mapped), "2,x1");
  EXPECT_EQ(site.run("require('x')"), "1late");
}

// A module that fails in the worker leaves those alone who have the launcher's.
TEST(InheritedModules, AMappedModuleThatFailsInTheWorkerTakesNobodyWithIt) {
  Site site;
  const std::string mapped =
      site.folder.write("m.js",
                        "n = (typeof n == 'number' ? n : 0) + 1; if (n == 2 || n == 3) throw new Error('no ' + n);"
                        "module.exports = 'm' + n");
  site.folder.write("x.js", "xs = (typeof xs == 'number' ? xs : 0) + 1; module.exports = 'x' + xs + require('m')");
  EXPECT_EQ(site.run("require('x')"), "x1m1");
  site.modules.leave_launcher();
  EXPECT_EQ(exports_of(site, mapped), "failed: Error: no 2");
  EXPECT_EQ(site.run("require('x')"), "x1m1");
  EXPECT_EQ(exports_of(site, mapped), "failed: Error: no 3");
  EXPECT_EQ(site.run("require('x')"), "x1m1");
  EXPECT_EQ(exports_of(site, mapped), "m4");
  EXPECT_EQ(site.run("require('x')"), "x1m1");
}

}  // namespace
}  // namespace ravelin::worker
