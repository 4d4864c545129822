// require() of JSON files, packages as Node finds them, and the shortcuts use and load (runtime-api 3.5).
#include "worker/js_packages.h"

#include <gtest/gtest.h>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

TEST(Packages, AreFoundAsNodeFindsThem) {
  Site site;
  site.folder.write("node_modules/plain/index.js", "module.exports = 'index'");
  site.folder.write("node_modules/named/package.json", R"({"main": "./lib/start"})");
  site.folder.write("node_modules/named/lib/start.js",
                    "module.exports = 'main ' + require('./part') + require('../data')");
  site.folder.write("node_modules/named/lib/part/index.js", "module.exports = 'part '");
  site.folder.write("node_modules/named/data.json", R"("data")");
  site.folder.write("node_modules/folder/package.json", R"({"main": "lib"})");
  site.folder.write("node_modules/folder/lib/index.js", "module.exports = 'folder'");
  site.folder.write("node_modules/@scope/name/index.js", "module.exports = 'scoped'");
  site.folder.write("node_modules/broken/package.json", "{no json");
  site.folder.write("node_modules/broken/index.js", "module.exports = 'fallback'");
  site.folder.write("node_modules/gone/package.json", R"({"main": "missing.js"})");
  site.folder.write("node_modules/gone/index.js", "module.exports = 'index instead'");
  EXPECT_EQ(
      site.run("['plain', 'named', 'folder', '@scope/name', 'broken', 'gone', 'named/lib/part', 'named/data.json']"
               ".map(require).join()"),
      "index,main part data,folder,scoped,fallback,index instead,part ,data");
  EXPECT_EQ(site.run("require.resolve('named')"), site.folder / "node_modules/named/lib/start.js");
  EXPECT_EQ(site.run("require('not-there')"),
            "throws Error: Could not resolve module id not-there: No such file or directory");
  EXPECT_EQ(site.run("require.resolve('not-there')"),
            "throws Error: Could not resolve module id not-there: No such file or directory");
}

TEST(Packages, TheNearestOneWinsAndNeighboursAreFound) {
  Site site;
  site.folder.write("node_modules/dep/index.js", "module.exports = 'outer'");
  site.folder.write("node_modules/a/index.js", "module.exports = require('dep') + ' ' + require('b')");
  site.folder.write("node_modules/a/node_modules/dep/index.js", "module.exports = 'inner'");
  site.folder.write("node_modules/b/index.js", "module.exports = 'b with ' + require('dep')");
  site.folder.write("app/deep/m.js", "module.exports = require('a')");
  EXPECT_EQ(site.run("require('app/deep/m')"), "inner b with outer");
}

TEST(Packages, TheDocumentedListComesFirstButNotInsidePackages) {
  Site site;
  site.folder.write("util.js", "module.exports = 'of the site'");
  site.folder.write("node_modules/util/index.js", "module.exports = 'package'");
  site.folder.write("node_modules/p/index.js", "module.exports = require('util') + ', ' + require('./util')");
  site.folder.write("node_modules/p/util/index.js", "module.exports = 'own'");
  EXPECT_EQ(site.run("require('util') + '; ' + require('p')"), "of the site; package, own");
}

TEST(Packages, FollowAChangeOfMain) {
  Site site;
  site.folder.write("node_modules/p/package.json", R"({"main": "one.js"})");
  site.folder.write("node_modules/p/one.js", "module.exports = 1");
  site.folder.write("node_modules/p/two.js", "module.exports = 2");
  EXPECT_EQ(site.run("require('p')"), "1");
  site.folder.write("node_modules/p/package.json", R"({"main": "two.js"})");
  EXPECT_EQ(site.run("require('p')"), "2");
}

// Node's "Package entry points" and "Subpath patterns".
TEST(Packages, ExportsComeBeforeMain) {
  Site site;
  auto package = [&](const std::string& name, const std::string& json) {
    site.folder.write("node_modules/" + name + "/package.json", json);
    for (const char* file : {"one", "two", "esm", "sub/a", "sub/b.min", "index"}) {
      site.folder.write("node_modules/" + name + "/" + file + ".js", std::string("module.exports = '") + file + "'");
    }
    site.folder.write("node_modules/" + name + "/common.cjs", "module.exports = 'common'");
  };
  package("text", R"({"main": "./one.js", "exports": "./two.js"})");
  package("conditions", R"({"main": "./one.js", "exports": {"import": "./esm.js", "require": "./common.cjs"}})");
  package("nested", R"({"exports": {".": {"browser": "./one.js", "node": {"import": "./esm.js", "default": "./two.js"}},
                        "./feature": {"require": {"default": "./sub/a.js"}}, "./list": [null, "./one.js"]}})");
  package("@scope/star", R"({"exports": {"./*": "./sub/*.js", "./lib/*.js": "./sub/*.min.js", "./lib/no.js": null}})");
  package("order", R"({"exports": {"default": "./one.js", "require": "./two.js"}})");
  package("only-import", R"({"main": "one", "exports": {"import": "./esm.js"}})");
  EXPECT_EQ(site.run("['text', 'conditions', 'nested', 'nested/feature', 'nested/list', '@scope/star/a', "
                     "'@scope/star/lib/b.js', 'order', 'only-import', 'nested/one', 'nested/sub/a.js']"
                     ".map(require).join()"),
            "two,common,two,sub/a,one,sub/a,sub/b.min,one,one,one,sub/a");
}

TEST(Packages, ExportsNeverLeadOutOfThePackage) {
  Site site;
  site.folder.write("node_modules/secret.js", "module.exports = 'outside'");
  site.folder.write("node_modules/bad/node_modules/x.js", "module.exports = 'below'");
  site.folder.write("node_modules/bad/package.json", R"({"exports": {"./a": "./../secret.js", "./b": "../secret.js",
      "./c": "/etc/hostname", "./d": "./node_modules/x.js", "./e/*": "./*", "./f": 5, "./g": {"require": {}}}})");
  for (const char* name : {"bad", "bad/a", "bad/b", "bad/c", "bad/d", "bad/e/../secret.js", "bad/f", "bad/g"}) {
    EXPECT_EQ(site.run("require('" + std::string(name) + "')"),
              "throws Error: Could not resolve module id " + std::string(name) + ": No such file or directory");
  }
}

TEST(Packages, UmdWrappersChooseCommonJs) {
  Site site;
  site.folder.write("node_modules/umd/index.js",
                    "(function (root, factory) {\n"
                    "  if (typeof define === 'function' && define.amd) define([], factory);\n"
                    "  else if (typeof module === 'object' && module.exports) module.exports = factory();\n"
                    "  else root.Umd = factory();\n"
                    "}(this, function () { return 'by module.exports'; }));");
  EXPECT_EQ(site.run("require('umd')"), "by module.exports");
}

TEST(JsonModules, AreParsedCachedAndLoadedAgain) {
  Site site;
  site.folder.write("conf.json", "\xEF\xBB\xBF{\"a\": [1, \"\xC3\xA9\"]}");
  site.folder.write("user.js", "module.exports = require('./conf.json').a");
  EXPECT_EQ(
      site.run("JSON.stringify([require('conf.json'), require('conf.json') === require('./conf'), require('user')])"),
      "[{\"a\":[1,\"\xC3\xA9\"]},true,[1,\"\xC3\xA9\"]]");
  site.folder.write("conf.json", "{\"a\": 2}");
  EXPECT_EQ(site.run("require('user')"), "2");
  const std::string file = site.folder.write("conf.json", "{\"a\": 2,\n \"b\": }");
  EXPECT_EQ(site.run("require('user')"), "throws SyntaxError: invalid json (line 2)");
  EXPECT_EQ(
      site.run("try { require('conf.json') } catch (e) { e.stack.split('\\n')[1].indexOf('" + file + ":2') > 0 }"),
      "true");
  EXPECT_EQ(site.run("typeof require.cache['" + file + "']"), "undefined");
  site.folder.write("conf.json", "3");
  EXPECT_EQ(site.run("require('conf.json')"), "3");
}

TEST(CircularRequires, NothingHalfLoadedStays) {
  Site site;
  site.folder.write("a.js",
                    "exports.early = 1; var b = require('b'); exports.late = b.seen; throw new Error('a fails')");
  site.folder.write("b.js", "var a = require('a'); exports.seen = a.early; exports.a = a");
  EXPECT_EQ(site.run("require('a')"), "throws Error: a fails");
  EXPECT_EQ(site.run("require('b')"), "throws Error: a fails");
  site.folder.write("a.js", "exports.early = 2; var b = require('b'); exports.late = b.seen");
  EXPECT_EQ(site.run("[require('a').late, require('b').seen, require('b').a === require('a')].join()"), "2,2,true");
}

TEST(ModuleExports, AnyKindOfValue) {
  Site site;
  for (const char* value : {"function f() { return 1; }", "{a: 1}", "[1, 2]", "5", "'text'", "null", "undefined"}) {
    site.folder.write("kind.js", std::string("module.exports = ") + value);
    EXPECT_EQ(site.run("var got = require('kind'); var wanted = " + std::string(value) +
                       "; typeof got === typeof wanted &&"
                       " JSON.stringify(got) === JSON.stringify(wanted)"),
              "true")
        << value;
  }
}

TEST(Shortcuts, UseAndLoad) {
  Site site;
  site.folder.write("rampart-thing.js", "module.exports = {name: 'thing'}");
  site.folder.write("rampart-my-part.js", "module.exports = 'part'");
  site.folder.write("other.js", "module.exports = 'other'");
  EXPECT_EQ(site.run("rampart.globalize(rampart.utils); use.thing === require('rampart-thing') && use.other"), "other");
  EXPECT_EQ(
      site.run("[typeof thing, load.thing.name, thing.name, load.Thing === Thing, load['my-part'], my_part].join()"),
      "undefined,thing,thing,true,part,part");
  EXPECT_EQ(site.run("use.none"), "throws Error: use.none: there is no module rampart-none or none");
  EXPECT_EQ(site.run("load.None"), "throws Error: load.None: there is no module rampart-none or None");
  site.folder.write("rampart-bad.js", "throw new Error('while loading')");
  EXPECT_EQ(site.run("use.bad"), "throws Error: while loading");
}

// The last line of a file has no newline behind it: the place of the error is still in the file.
TEST(SyntaxErrors, AtTheEndOfAFileAreOnItsLastLine) {
  Site site;
  for (const char* text : {"\"noTranspile\";\nvar a = (1", "\"noTranspile\";\nvar a = (1\n\n"}) {
    const std::string file = site.folder.write("end.js", text);
    EXPECT_EQ(site.run("try { require('end') } catch (e) { e.lineNumber }"), "2") << text;
  }
  site.folder.write("comment.js", "module.exports = 5 // the end");
  EXPECT_EQ(site.run("require('comment')"), "5");
}

TEST(Packages, AreFoundFromAnotherThreadOfTheEngine) {
  Site site;
  site.folder.write("node_modules/pkg/package.json", R"({"main": "lib/start.js"})");
  site.folder.write("node_modules/pkg/lib/start.js", "exports.text = 'found'");
  EXPECT_EQ(site.run("Duktape.Thread.resume(new Duktape.Thread(function () { return require('pkg').text; }))"),
            "found");
}

// The memory limit ends the reading of a package.json: that says nothing about the file.
TEST(Packages, AFailureIsNotRemembered) {
  constexpr size_t kPaddingBytes = 512 * 1024;
  Site site;
  site.folder.write("node_modules/pkg/package.json",
                    R"({"main": "lib/start.js", "padding": ")" + std::string(kPaddingBytes, 'x') + "\"}");
  site.folder.write("node_modules/pkg/lib/start.js", "exports.text = 'found'");
  site.heap.set_max_bytes(site.heap.used_bytes() + kPaddingBytes / 2);
  EXPECT_NE(site.run("require('pkg').text"), "found");
  site.heap.set_max_bytes(0);
  EXPECT_EQ(site.run("require('pkg').text"), "found");
}

}  // namespace
}  // namespace ravelin::worker
