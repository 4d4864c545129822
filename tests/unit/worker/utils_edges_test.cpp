// Arguments at the edge of what the reference describes: what counts as options, as a reference, as a character.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

class Edges : public testing::Test {
 protected:
  Edges() { site_.run("rampart.globalize(rampart.utils); var d = '" + site_.folder.path() + "', f = d + '/file';"); }
  std::string run(const std::string& source) { return site_.run(source); }

  Site site_;
};

TEST_F(Edges, ExecTakesPlainObjectsAsOptions) {
  EXPECT_EQ(run("exec('echo', 'A', new Date(0)).stdout"), "A \"1970-01-01T00:00:00.000Z\"\n");
  EXPECT_EQ(run("exec('echo', 'A', /x/, new Map(), new String('s'), 'B').stdout"), "A {} {} \"s\" B\n");
  EXPECT_EQ(run("exec('echo', new Error('boo')).stdout.split('\\n')[0]"), "Error: boo");
  EXPECT_EQ(run("function Point() { this.x = 1; } exec('echo', new Point(), {args: ['z']}).stdout"), "{\"x\":1} z\n");
  EXPECT_EQ(run("exec('cat', new Date(0), Object.assign(Object.create(null), {stdin: 'in'})).exitStatus"), "1");
  EXPECT_EQ(run("exec('cat', Object.assign(Object.create(null), {stdin: 'in'})).stdout"), "in");
}

TEST_F(Edges, KillRefusesSignalsThatThereAreNot) {
  EXPECT_EQ(run("[999, -1, 1e99, 65].map(function(s) { return kill(process.getpid(), s); }).join()"),
            "false,false,false,false");
  EXPECT_EQ(run("kill(process.getpid(), 999, true)").substr(0, 43), "throws Error: Failed to send signal 999 to ");
  EXPECT_EQ(run("kill(process.getpid(), {})"),
            "throws Error: kill(): signal must be a Number or a name like \"SIGTERM\"");
}

TEST_F(Edges, AReferenceIsAnObjectWithThatKeyAlone) {
  EXPECT_EQ(run(R"(JSON.stringify(JSON.parse('{"a":{"c":1},"b":{"_cyclic_ref":"$.a","x":1},"c":{"_cyclic_ref":"$.a"},)"
                R"("d":{"x":1,"_cyclic_ref":"$.a"},"e":{"_cyclic_ref":5}}', true)))"),
            R"({"a":{"c":1},"b":{"_cyclic_ref":"$.a","x":1},"c":{"c":1},"d":{"x":1,"_cyclic_ref":"$.a"},)"
            R"("e":{"_cyclic_ref":5}})");
}

TEST_F(Edges, ACsvDelimiterIsACharacter) {
  EXPECT_EQ(run("JSON.stringify(rampart.import.csv('a\\u00e9\\u00e8b\\u00e9 c\\n1\\u00e9\"2\\u00e9\"\\u00e93\\n', "
                "{delimiter: '\\u00e9x'}).results)"),
            "[[\"a\",\"\u00e8b\",\"c\"],[1,\"2\u00e9\",3]]");
  EXPECT_EQ(run("JSON.stringify(rampart.import.csv('a\\ud83d\\ude00b\\n', {delimiter: '\\ud83d\\ude00'}).results)"),
            "[[\"a\",\"b\"]]");
  EXPECT_EQ(run("JSON.stringify(rampart.import.csv('a\\tb\\t\\n', {delimiter: '\\t'}).results)"),
            "[[\"a\",\"b\",null]]");
}

TEST_F(Edges, ReadFileDropsOnlyTheBeginningOfACharacter) {
  const std::pair<const char*, const char*> rows[] = {
      {"61ff", "61ff"},     {"61f5", "61f5"}, {"61c1", "61c1"},   {"61f880", "61f880"},         {"618080", "618080"},
      {"61c3", "61"},       {"61e2", "61"},   {"61e282", "61"},   {"61e282ac", "61e282ac"},     {"61f0", "61"},
      {"61f4", "61"},       {"61f09f", "61"}, {"61f09f98", "61"}, {"61f09f9880", "61f09f9880"}, {"61", "61"},
      {"61c3a9", "61c3a9"},
  };
  for (const auto& [bytes, read] : rows) {
    EXPECT_EQ(run("writeFile(f, dehexify('" + std::string(bytes) + "')); hexify(readFile(f, true))"), read) << bytes;
  }
}

TEST_F(Edges, ReadFileSaysThatItTakesNoHandle) {
  const std::string message =
      "throws Error: readFile() - error, a file name is needed, not a file handle: fread() takes handles";
  EXPECT_EQ(run("readFile(stdin)"), message);
  EXPECT_EQ(run("writeFile(f, ''); readFile(fopen(f, 'r'), true)"), message);
  EXPECT_EQ(run("readFile()"), "throws Error: readFile() - error, no file name or handle provided");
}

TEST_F(Edges, RmRefusesDotAndDotDot) {
  run("mkdir(d + '/target/in'); symlink(d + '/target', d + '/link'); writeFile(d + '/target/file', 'x');");
  for (const char* path : {"/link/.", "/link/./", "/link/in/..", "/target/.", "/target/in/../"}) {
    EXPECT_EQ(run("rm(d + '" + std::string(path) + "', {recursive: true, force: true})").substr(0, 13), "throws Error:")
        << path;
  }
  EXPECT_NE(run("rm('.', {recursive: true})").find("refusing to remove"), std::string::npos);
  EXPECT_EQ(run("exists(d + '/target/file') && exists(d + '/target/in')"), "true");
  EXPECT_EQ(run("rm(d + '/link', {recursive: true}); exists(d + '/target/file') && !exists(d + '/link')"), "true");
  EXPECT_EQ(run("mkdir(d + '/...'); rm(d + '/...', {recursive: true}); exists(d + '/...')"), "false");
}

TEST_F(Edges, ReadLineTakesNoDirectory) {
  EXPECT_EQ(run("readLine(d)"), "throws Error: readLine: error opening '" + site_.folder.path() + "': Is a directory");
  EXPECT_EQ(run("readLine({file: d}, 10)").substr(0, 13), "throws Error:");
}

// The writer is there from `open` on, or nobody is.
TEST_F(Edges, ReadLineWaitsForTheWriterOfAFifoInNext) {
  run("var fifo = d + '/fifo'; exec('mkfifo', fifo);");
  EXPECT_EQ(run("var begun = performance.now(), r = readLine(fifo, 30); r.next() === null && "
                "performance.now() - begun >= 30"),
            "true");
  EXPECT_EQ(run("var w = open(fifo, O.WRONLY); write(w, 'one\\ntw'); JSON.stringify([r.next(), r.next()])"),
            R"(["one\n",null])");
  EXPECT_EQ(run("write(w, 'o\\n'); JSON.stringify([r.next(), r.next()])"), R"(["two\n",null])");
  EXPECT_EQ(run("write(w, 'end'); close(w); JSON.stringify([r.next(), r.next()])"), R"(["end",null])");
}

TEST_F(Edges, TheModuleOfTheMainScriptHasOnlyResolve) {
  EXPECT_EQ(run("'' + module + Object.getOwnPropertyNames(module)"), "[object Object]resolve");
  EXPECT_EQ(run("module.hasOwnProperty('resolve') && typeof module.resolve"), "function");
  site_.folder.write("m.js",
                     "module.exports = ['' + module, module.hasOwnProperty('resolve'), typeof module.resolve];");
  EXPECT_EQ(run("require('m').join()"), "[object Object],false,function");
}

}  // namespace
}  // namespace ravelin::worker
