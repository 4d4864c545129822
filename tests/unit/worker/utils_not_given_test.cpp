// An argument given as undefined counts as not given (runtime-api 0): the same call with and without it.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

class NotGiven : public testing::Test {
 protected:
  NotGiven() {
    site_.run("rampart.globalize(rampart.utils); var d = '" + site_.folder.path() + R"(', u;
      var f = d + "/ten"; writeFile(f, "0123456789"); mkdir(d + "/sub"); writeFile(d + "/sub/.hidden", "");
      function same(withUndefined, without) {
        var a = show(withUndefined), b = show(without);
        return a === b && a.indexOf("throws") !== 0 ? "same" : a + " is not " + b;
      }
      function show(call) {
        var value;
        try { value = call(); } catch (e) { return "throws " + e.message; }
        if (getType(value) === "Buffer") return "Buffer " + hexify(value);
        return getType(value) + " " + sprintf("%!J", {v: value});
      })");
  }
  // Both are calls, as JavaScript text.
  void expect_same(const std::string& with_undefined, const std::string& without) {
    EXPECT_EQ(site_.run("same(function(){ return " + with_undefined + "; }, function(){ return " + without + "; })"),
              "same")
        << with_undefined;
  }

  Site site_;
};

TEST_F(NotGiven, InPrinting) {
  expect_same("fprintf(f, u, 'x%s', 1) + readFile(f, true)", "fprintf(f, 'x%s', 1) + readFile(f, true)");
  expect_same("abprintf(bprintf('a'), u, '%s', 'x')", "abprintf(bprintf('a'), '%s', 'x')");
  expect_same("sprintf('%s', u)", "sprintf('%s', 'undefined')");  // a value to print is no optional argument
}

TEST_F(NotGiven, InStringsAndObjects) {
  expect_same("hexify('a\\xff', u)", "hexify('a\\xff')");
  expect_same("stringToBuffer('a', u)", "stringToBuffer('a')");
  expect_same("objectToQuery({a: [1, 2]}, u)", "objectToQuery({a: [1, 2]})");
  expect_same("objectToQuery(u, {a: [1, 2]})", "objectToQuery({a: [1, 2]})");
  expect_same("deepCopy({l: [1]}, {l: [2]}, u)", "deepCopy({l: [1]}, {l: [2]})");
  expect_same("deepCopy(u, {l: [1]}, {l: [2]})", "deepCopy({l: [1]}, {l: [2]})");
  expect_same("deepCopy(true, u, {l: [1]}, {l: [2]})", "deepCopy(true, {l: [1]}, {l: [2]})");
  expect_same("hash('a', u)", "hash('a')");
  expect_same("hash(u, 'a')", "hash('a')");
  expect_same("hash('a', {type: u, returnBuffer: u})", "hash('a')");
  expect_same("hashFile(f, u)", "hashFile(f)");
  expect_same("crc32('a', u) + adler32('a', u)", "crc32('a') + adler32('a')");
  expect_same("gzip('a', u).length + deflate('a', u).length", "gzip('a').length + deflate('a').length");
  expect_same("rampart.import.csv('a,b\\n', u)", "rampart.import.csv('a,b\\n')");
  expect_same("rampart.import.csv(u, 'a,b\\n', {delimiter: u})", "rampart.import.csv('a,b\\n')");
  expect_same("urlComponents('http://a/b', u)", "urlComponents('http://a/b')");
  expect_same("absUrl('http://a/b', 'c', u)", "absUrl('http://a/b', 'c')");
}

TEST_F(NotGiven, InRandomNumbers) {
  expect_same("(srand(5), irand(u, 5))", "(srand(5), irand(5))");
  expect_same("(srand(5), irand(5, u))", "(srand(5), irand(5))");
  expect_same("(srand(5), irand(u, u))", "(srand(5), irand())");
  expect_same("(srand(5), rand(u, 5))", "(srand(5), rand(5))");
  expect_same("(srand(5), gaussrand(u) + normrand(u))", "(srand(5), gaussrand() + normrand())");
  EXPECT_EQ(site_.run("var n = 0; irand(1, 2, function() { return ++n < 3; }, u); n"), "3");
}

TEST_F(NotGiven, InDates) {
  expect_same("dateFmt('%F %T', 0, u)", "dateFmt('%F %T', 0)");
  expect_same("dateFmt('%Y', u, u)", "dateFmt('%Y')");
  expect_same("scanDate('2020-02-03 04:05:06', u)", "scanDate('2020-02-03 04:05:06')");
  expect_same("scanDate('3.2.2020', u, '%d.%m.%Y')", "scanDate('3.2.2020', '%d.%m.%Y')");
}

TEST_F(NotGiven, InFiles) {
  expect_same("readFile(f, u, u, true)", "readFile(f, true)");
  expect_same("readFile(f, {offset: u, length: 3, returnString: u})", "readFile(f, 0, 3)");
  expect_same("readLine(f, u).next()", "readLine(f).next()");
  expect_same("writeFile(f, 'x', u)", "writeFile(f, 'x')");
  expect_same("writeFile(f, 'x', {mode: u, flag: u})", "writeFile(f, 'x')");
  expect_same("appendFile(f, '', u)", "appendFile(f, '')");
  expect_same("(mkdir(d + '/m1', u), stat(d + '/m1').mode)", "(mkdir(d + '/m2'), stat(d + '/m2').mode)");
  expect_same("(mkdir(d + '/r'), rmdir(d + '/r', u))", "(mkdir(d + '/r'), rmdir(d + '/r'))");
  expect_same("readdir(d + '/sub', u)", "readdir(d + '/sub')");
  expect_same("copyFile(f, d + '/c1', u)", "copyFile(f, d + '/c2')");
  expect_same("chown(f, u, u)", "chown(f)");
  expect_same("touch({path: f, nocreate: u, setaccess: u, setmodify: u, reference: u})", "touch(f)");
  expect_same("glob('*', {cwd: d + '/sub', dot: u})", "glob('*', {cwd: d + '/sub'})");
  expect_same("(function() { var n = []; walkDir(d + '/sub', function(p) { n.push(p); }, u); return n; })()",
              "(function() { var n = []; walkDir(d + '/sub', function(p) { n.push(p); }); return n; })()");
  expect_same("cp(f, d + '/c3', u)", "cp(f, d + '/c4')");
  expect_same("rm(d + '/c3', u)", "rm(d + '/c4')");
}

TEST_F(NotGiven, InHandles) {
  expect_same("fopen(f, 'r', u).fileNo() > 2", "fopen(f, 'r').fileNo() > 2");
  expect_same("fopenBuffer(u, u).getString()", "fopenBuffer().getString()");
  expect_same("fwrite(f, 'abc', u)", "fwrite(f, 'abc')");
  expect_same("fwrite(f, 'abc', u, true)", "fwrite(f, 'abc', true)");
  expect_same("fread(f, u, u, true)", "fread(f, true)");
  expect_same("fgets(f, u, 2)", "fgets(f, 2)");
  expect_same("fgets(f, u)", "fgets(f)");
  expect_same("fopen(f, 'r').fseek(2, u).ftell()", "fopen(f, 'r').fseek(2).ftell()");
}

TEST_F(NotGiven, InDescriptors) {
  expect_same(
      "(function() { var n = open(d + '/o1', O.CREAT | O.RDWR, u); write(n, 'abc', u); lseek(n, 0, u); "
      "var b = read(n, 9, u); close(n); return b; })()",
      "(function() { var n = open(d + '/o2', O.CREAT | O.RDWR); write(n, 'abc'); lseek(n, 0); "
      "var b = read(n, 9); close(n); return b; })()");
}

TEST_F(NotGiven, InProcesses) {
  expect_same("kill(process.getpid(), 0, u)", "kill(process.getpid(), 0)");
  expect_same("shell('echo a', u).stdout", "shell('echo a').stdout");
  expect_same("shell(u, 'echo a').stdout", "shell('echo a').stdout");
  expect_same("exec('echo', 'a', u).stdout", "exec('echo', 'a', 'undefined').stdout");  // R 7.4
  expect_same(
      "exec('echo', {timeout: u, killSignal: u, background: u, stdin: u, args: u, env: u, appendEnv: u, cd: u, "
      "changeDirectory: u, returnBuffer: u}).stdout",
      "exec('echo').stdout");
  expect_same("(setenv('RAVELIN_U', '1', u), getenv('RAVELIN_U'))", "(setenv('RAVELIN_U', '1'), getenv('RAVELIN_U'))");
}

}  // namespace
}  // namespace ravelin::worker
