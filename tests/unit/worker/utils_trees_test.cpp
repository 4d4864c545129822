// runtime-api 7.8 on real files: trees, links, archives, compression, watching; and that every name of section 7 is
// there.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/clock.h"
#include "common/unique_fd.h"
#include "tests/unit/common/open_descriptors.h"
#include "tests/unit/worker/js_fixture.h"
#include "tests/unit/worker/script_table.h"
#include "worker/js_timers.h"

namespace ravelin::worker {
namespace {

class UtilsTrees : public ScriptTable {
 protected:
  UtilsTrees() { set("d", folder_.path() + "/"); }

  std::string contents_of(const std::string& name) {
    std::ifstream file(name.starts_with('/') ? name : folder_ / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TemporaryFolder folder_;
};

// The complete list of names of runtime-api 7, and those of its aliases.
TEST_F(UtilsTrees, EveryNameOfTheReferenceIsThere) {
  EXPECT_JS(R"((
    "printf sprintf bprintf fprintf abprintf trim bufferToString stringToBuffer hexify dehexify objectToQuery " +
    "queryToObject getType deepCopy readFile writeFile appendFile readLine stat lstat exists mkdir mkDir rmdir rmDir " +
    "readdir readDir copyFile rmFile rename link symlink readLink realPath chmod chown touch getcwd getCwd chdir chDir " +
    "exec shell kill sleep getenv setenv unsetenv dateFmt scanDate autoScanDate hash rand irand srand gaussrand " +
    "normrand fopen fopenBuffer fclose fwrite fread fgets fseek ftell rewind fflush stdin stdout stderr accessLog " +
    "errorLog getchar truncate statVfs mkdTemp tmpDir homeDir lchown lchmod lUtimes walkDir glob cp rm zipList zipGet " +
    "zipExtract gzip deflate deflateRaw gunzip inflate inflateRaw crc32 adler32 urlComponents absUrl toASCII toUnicode " +
    "open close read write lseek fstatFd fsyncFd fdatasyncFd ftruncateFd fchmodFd fchownFd futimesFd O watch fork " +
    "daemon newPipe forkpty hll timezone stringToNumber minify errorConfig getScopeVars eventCallback repl execRaw " +
    "hashFile toJsonSafe wordReplace readlink statvfs tmpdir homedir mkdtemp lutimes walkdir use load")
    .split(" ").filter(function(name) { return Object.keys(rampart.utils).indexOf(name) < 0; }))",
            "[]");
  EXPECT_JS("wordReplace()", "throws wordReplace(): not available in Ravelin");
}

TEST_F(UtilsTrees, SmallFileFunctions) {
  folder_.write("f", "12345");
  EXPECT_JS("[truncate(d + 'f', 2), stat(d + 'f').size, truncate(d + 'f', 9), stat(d + 'f').size]", "[null,2,null,9]");
  EXPECT_JS("truncate(d + 'f', -1)", "throws truncate(): length must be a Number, 0 or more");
  EXPECT_JS("truncate('/no', 1)", "throws truncate(): /no: No such file or directory");
  EXPECT_JS(
      "Object.keys(statVfs(d)).join()",
      R"("bsize,frsize,blocks,bfree,bavail,files,ffree,favail,fsid,flag,namemax,totalBytes,freeBytes,availBytes")");
  EXPECT_JS("statVfs('/no')", "throws statVfs(): /no: No such file or directory");
  EXPECT_JS(
      "(function() { var t = mkdTemp(d + 'tmp-'), s = stat(t);"
      " return [t.length - d.length, s.isDirectory == true, s.mode & 0777]; })()",
      "[10,true,448]");
  EXPECT_JS("mkdTemp('/no/such/x')", "throws mkdTemp(): /no/such/x: No such file or directory");
  EXPECT_JS(
      "[setenv('TMPDIR', '/var/tmp//'), tmpDir(), setenv('TMPDIR', ''), setenv('TMP', '/x/'), tmpdir(), "
      "unsetenv('TMP')]",
      R"([null,"/var/tmp",null,null,"/x",null])");
  run("var home = getenv('HOME'); setenv('HOME', '/somewhere')");
  EXPECT_JS("homeDir()", R"("/somewhere")");
  run("unsetenv('HOME')");
  EXPECT_JS("homedir().charAt(0)", R"("/")");
  run("if (home) setenv('HOME', home)");
}

TEST_F(UtilsTrees, LinksThemselves) {
  folder_.write("f", "");
  run("symlink('f', d + 'l')");
  EXPECT_JS(
      "(lUtimes(d + 'l', 100, new Date(200000)), [lstat(d + 'l').mtime.getTime(), stat(d + 'f').mtime.getTime() > "
      "1e12])",
      "[200000,true]");
  EXPECT_JS("[lchown(d + 'l', -1, -1), lchmod(d + 'f', 0600), stat(d + 'f').mode & 0777]", "[null,null,384]");
  EXPECT_EQ(show("lchmod(d + 'l', 0600)"), "throws lchmod(): " + (folder_ / "l") + ": Operation not supported");
  EXPECT_JS("lUtimes('/no', 1, 1)", "throws lUtimes(): /no: No such file or directory");
}

TEST_F(UtilsTrees, WalkDir) {
  folder_.write("w/a/deep", "");
  folder_.write("w/b", "");
  run("symlink('a', d + 'w/l'); function walk(options) { var seen = []; walkDir(d + 'w', function(p, t, n) {"
      " seen.push(p.slice(d.length) + ' ' + t + ' ' + n); }, options); return seen; }");
  EXPECT_JS("walk()", R"(["w dir 0","w/a dir 1","w/a/deep file 2","w/b file 1","w/l symlink 1"])");
  EXPECT_JS("walk({postOrder: true})", R"(["w/a/deep file 2","w/a dir 1","w/b file 1","w/l symlink 1","w dir 0"])");
  EXPECT_JS("walk({followLinks: true}).slice(-2)", R"(["w/l dir 1","w/l/deep file 2"])");
  EXPECT_JS("(function() { var n = 0; walkdir(d + 'w', function() { return ++n < 2; }); return n; })()", "2");
  EXPECT_JS("walkDir('/no', trim)", "throws walkDir(): /no: No such file or directory");
  EXPECT_JS("walkDir(d)", "throws walkDir(): second argument must be a Function");
}

TEST_F(UtilsTrees, Glob) {
  for (const char* name : {"g/a.js", "g/b.js", "g/c.txt", "g/.h.js", "g/s/d.js", "g/s/t/e.js"}) folder_.write(name, "");
  run("var o = {cwd: d + 'g'}");
  EXPECT_JS("glob('*.js', o)", R"(["a.js","b.js"])");
  EXPECT_JS("glob('?.[jt]*', o)", R"(["a.js","b.js","c.txt"])");
  EXPECT_JS("glob('[!a].js', o)", R"(["b.js"])");
  EXPECT_JS("glob('**/*.js', o)", R"(["a.js","b.js","s/d.js","s/t/e.js"])");
  EXPECT_JS("glob('*.js', {cwd: d + 'g', dot: true})", R"([".h.js","a.js","b.js"])");
  EXPECT_JS("glob(d + 'g/s/*.js')[0] === d + 'g/s/d.js'", "true");
  EXPECT_JS("glob('none*', o)", "[]");
  EXPECT_JS("glob('./*.js', o)", R"(["./a.js","./b.js"])");
  EXPECT_JS("glob('../*/s/./*.js', {cwd: d + 'g'})", R"(["../g/s/./d.js"])");
  EXPECT_JS("[glob('s/..', o), glob('none/..', o)]", R"([["s/.."],[]])");
  EXPECT_JS("glob(5)", "throws glob(): pattern must be a String");
}

TEST_F(UtilsTrees, CpAndRm) {
  folder_.write("c/x", "one");
  folder_.write("c/s/y", "two");
  run("symlink('x', d + 'c/l'); chmod(d + 'c/x', 0640); touch({path: d + 'c/x', setmodify: 1000})");
  EXPECT_EQ(show("cp(d + 'c', d + 'to')"),
            "throws cp(): " + (folder_ / "c") + ": is a directory; set {recursive:true}");
  EXPECT_JS("cp(d + 'c', d + 'to', {recursive: true, preserveTimestamps: true})", "undefined");
  EXPECT_JS(
      "[readFile(d + 'to/s/y', true), readLink(d + 'to/l'), stat(d + 'to/x').mode & 0777, stat(d + "
      "'to/x').mtime.getTime()]",
      R"(["two","x",416,1000000])");
  EXPECT_JS("(cp(d + 'c', d + 'deref', {recursive: true, dereference: true}), lstat(d + 'deref/l').isSymbolicLink)",
            "false");
  folder_.write("n", "new");
  EXPECT_EQ(show("cp(d + 'n', d + 'to/x', {errorOnExist: true})"),
            "throws cp(): " + (folder_ / "to/x") + ": File exists");
  EXPECT_JS("(cp(d + 'n', d + 'to/x', {force: false}), readFile(d + 'to/x', true))", R"("one")");
  EXPECT_JS("(cp(d + 'n', d + 'to/x'), readFile(d + 'to/x', true))", R"("new")");
  EXPECT_EQ(show("cp(d + 'c', d + 'c/in/side', {recursive: true})"),
            "throws cp(): " + (folder_ / "c/in/side") + ": a directory cannot be copied into itself");
  EXPECT_EQ(show("cp('/', d + 'root', {recursive: true})"),
            "throws cp(): " + (folder_ / "root") + ": a directory cannot be copied into itself");
  EXPECT_JS("exists(d + 'root')", "false");
  EXPECT_JS("cp('/no', d + 'q')", "throws cp(): /no: No such file or directory");
  EXPECT_EQ(show("rm(d + 'to')"), "throws rm(): " + (folder_ / "to") + ": is a directory; set {recursive:true}");
  EXPECT_JS("[rm(d + 'to', {recursive: true}), exists(d + 'to'), rm(d + 'n'), rm(d + 'n', {force: true})]",
            "[null,false,null,null]");
  // A FIFO would wait for a writer, a device may have no end.
  ASSERT_EQ(mkfifo((folder_ / "c/fifo").c_str(), 0600), 0);
  EXPECT_EQ(show("cp(d + 'c', d + 'c2', {recursive: true})"),
            "throws cp(): " + (folder_ / "c/fifo") + ": is not a file, directory or link");
  EXPECT_EQ(show("copyFile(d + 'c/fifo', d + 'q')"),
            "throws copyFile(): could not open file '" + (folder_ / "c/fifo") + "': Operation not supported");
  EXPECT_JS("rm('/no/such')", "throws rm(): /no/such: No such file or directory");
}

constexpr char kMemoryFolder[] = "/dev/shm";  // thousands of folders on a disk take their time

// Makes `depth` folders in one another below `folder`, each with a file and, behind the next one, another folder.
void make_deep_tree(const std::string& folder, int depth) {
  UniqueFd at(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int level = 0; level < depth; ++level) {
    ASSERT_EQ(mkdirat(at.get(), "d", 0700), 0);
    ASSERT_EQ(mkdirat(at.get(), "side", 0700), 0);
    const UniqueFd file(openat(at.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_TRUE(file);
    at.reset(openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(at);
  }
}

TEST_F(UtilsTrees, RmRemovesATreeDeeperThanDescriptorsGo) {
  TemporaryFolder quick(kMemoryFolder);
  set("d", quick.path() + "/");
  const std::string tree = quick / "tree";
  ASSERT_EQ(mkdir(tree.c_str(), 0700), 0);
  make_deep_tree(tree, 3000);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{256, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const size_t open_before = count_open_descriptors();
  EXPECT_JS("[rm(d + 'tree', {recursive: true}), exists(d + 'tree')]", "[null,false]");
  EXPECT_EQ(count_open_descriptors(), open_before);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(system(("rm -rf " + tree).c_str()), 0);  // after a failure: the fixture cannot
}

// Somebody moves a folder away while rm() is below it: its way back must not lead to what lies beside it now.
TEST_F(UtilsTrees, RmDoesNotComeBackToAnotherFolder) {
  constexpr int kRounds = 60, kDepth = 60;
  TemporaryFolder quick(kMemoryFolder);
  set("d", quick.path() + "/");
  quick.write("elsewhere/keep", "x");
  std::string middle = quick / "tree";
  for (int i = 0; i < kDepth / 2; ++i) middle += "/d";
  for (int round = 0; round < kRounds && !contents_of(quick / "elsewhere/keep").empty(); ++round) {
    ASSERT_EQ(mkdir((quick / "tree").c_str(), 0700), 0);
    make_deep_tree(quick / "tree", kDepth);
    std::atomic<bool> begins{false};
    std::thread mover([&] {
      while (!begins) {
      }
      for (const uint64_t then_ns = monotonic_ns() + round * 40'000; monotonic_ns() < then_ns;) {
      }
      rename(middle.c_str(), (quick / "elsewhere/moved").c_str());
    });
    begins = true;
    show("rm(d + 'tree', {recursive: true})");  // an error is as good
    mover.join();
    std::filesystem::remove_all(quick / "tree");
    std::filesystem::remove_all(quick / "elsewhere/moved");
  }
  EXPECT_EQ(contents_of(quick / "elsewhere/keep"), "x");
}

TEST_F(UtilsTrees, RmRemovesALinkAndNotWhatItLeadsTo) {
  folder_.write("victim/keep", "x");
  for (const char* name : {"link", "link/", "link//"}) {
    ASSERT_EQ(symlink("victim", (folder_ / "link").c_str()), 0);
    set("name", name);
    EXPECT_EQ(show("rm(d + name, {recursive: true})"), "undefined") << name;
    EXPECT_EQ(contents_of("victim/keep"), "x") << name;
    EXPECT_JS("readdir(d).sort()", R"(["victim"])") << name;
  }
  EXPECT_JS("[rm(d + 'victim/', {recursive: true}), readdir(d)]", "[null,[]]");
}

TEST_F(UtilsTrees, RmSaysWhatItCouldNotRemove) {
  const std::string file = folder_.write("tree/locked/file", "x");
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod((folder_ / "tree/locked").c_str(), 0555), 0);
  const bool is_root = geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(seteuid(65534), 0);  // root may remove it
  }
  EXPECT_EQ(show("rm(d + 'tree', {recursive: true})"), "throws rm(): " + file + ": Permission denied");
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  ASSERT_EQ(chmod((folder_ / "tree/locked").c_str(), 0755), 0);
}

// Somebody puts a link in the place of a folder and back, all the time.
TEST_F(UtilsTrees, RmNeverFollowsALinkOutOfTheTree) {
  folder_.write("victim/keep", "x");
  std::atomic<bool> ends_now{false};
  const std::string inside = folder_ / "tree/folder", link = folder_ / "link";
  std::thread swapper([&] {
    while (!ends_now) renameat2(AT_FDCWD, inside.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
  });
  for (int i = 0; i < 500 && !contents_of("victim/keep").empty(); ++i) {
    std::error_code ignored;  // the other thread moves them about
    std::filesystem::create_directories(inside, ignored);
    std::filesystem::remove_all(link, ignored);
    std::filesystem::create_symlink(folder_ / "victim", link, ignored);
    show("rm(d + 'tree', {recursive: true})");  // an error is as good
  }
  ends_now = true;
  swapper.join();
  EXPECT_EQ(contents_of("victim/keep"), "x");
}

TEST_F(UtilsTrees, Compression) {
  EXPECT_JS("crc32(\"abc\")", "891568578");
  EXPECT_JS("adler32(\"abc\")", "38600999");
  EXPECT_JS("[crc32('c', crc32('ab')), adler32('c', adler32('ab')), crc32(''), adler32('', 5)]",
            "[891568578,38600999,0,5]");
  run("var text = ''; for (var i = 0; i < 5000; i++) text += 'line ' + i % 10 + '\\n'");
  for (const char* pair : {"gunzip(gzip(text))", "inflate(deflate(text, 1))", "inflateRaw(deflateRaw(text, 99))"}) {
    EXPECT_EQ(show("bufferToString(" + std::string(pair) + ") === text"), "true") << pair;
  }
  EXPECT_JS("[gzip(text, 12).length <= gzip(text, 1).length, gzip(text).length < 500]", "[true,true]");
  EXPECT_JS("bufferToString(gunzip(bprintf('%s%s', gzip('a'), gzip('b'))))", R"("ab")");
  // Many members: each must not cost what the rest of the input costs.
  run("var part = gzip(''), many = part; for (var i = 0; i < 15; i++) many = bprintf('%s%s', many, many);");
  const uint64_t begin_ms = monotonic_ms();
  EXPECT_JS("gunzip(many).length", "0");
  EXPECT_LT(monotonic_ms() - begin_ms, 5000u);
  EXPECT_JS("gunzip('no gzip')", "throws gunzip(): bad compressed data");
  EXPECT_JS("inflate(gzip('x'))", "throws inflate(): bad compressed data");
  EXPECT_JS("gzip(5)", "throws gzip(): data must be a String or Buffer");
  EXPECT_JS("exec('gzip', '-dc', {stdin: gzip('through gzip')}).stdout", R"("through gzip")");
  EXPECT_JS("gunzip(gzip('')).length", "0");
}

// A stored and a deflated entry, a folder, and a name that leads out.
TEST_F(UtilsTrees, Zip) {
  run(R"js(
    function u16(n) { return bprintf("%c%c", n & 255, n >> 8 & 255); }
    function u32(n) { n = n >>> 0; return bprintf("%c%c%c%c", n & 255, n >>> 8 & 255, n >>> 16 & 255, n >>> 24); }
    function zip(entries) {
      var files = bprintf(""), list = bprintf("");
      entries.forEach(function(e) {
        var raw = stringToBuffer(e.text), data = e.method ? deflateRaw(raw) : raw;
        var head = bprintf("%s%s%s%s%s%s%s%s%s", u16(e.method), u16(0x6000), u16(0x5421), u32(e.crc || crc32(raw)),
                           u32(data.length), u32(raw.length), u16(e.name.length), u16(0), "");
        list = bprintf("%s%s%s%s%s%s%s%s%s%s%s", list, u32(0x02014b50), u16(0x0314), u16(20), u16(0), head, u16(0),
                       bprintf("%s%s", u16(0), u16(0)), u32(0x81A40000), u32(files.length), e.name);
        files = bprintf("%s%s%s%s%s%s%s", files, u32(0x04034b50), u16(20), u16(0), head, e.name, data);
      });
      var n = entries.length;
      return bprintf("%s%s%s%s%s%s%s%s%s%s", files, list, u32(0x06054b50), u16(0), u16(0), u16(n), u16(n),
                     u32(list.length), u32(files.length), u16(0));
    }
    var z = zip([{name: "a.txt", text: "stored", method: 0}, {name: "s/b.txt", text: "deflated deflated", method: 8},
                 {name: "s/", text: "", method: 0}]);
    writeFile(d + "z.zip", z);
  )js");
  EXPECT_JS("Object.keys(zipList(d + 'z.zip'))", R"(["a.txt","s/b.txt","s/"])");
  EXPECT_JS(
      "(function() { var e = zipList(z)['s/b.txt']; return [e.size, e.method, e.crc32 === crc32('deflated deflated'),"
      " e.mode & 0777, e.mtime.getFullYear(), e.mtime.getMonth(), e.mtime.getHours(), e.isFile]; })()",
      "[17,8,true,420,2022,0,12,true]");
  EXPECT_JS("[bufferToString(zipGet(z, 'a.txt')), bufferToString(zipGet(d + 'z.zip', 's/b.txt'))]",
            R"(["stored","deflated deflated"])");
  EXPECT_JS("zipGet(z, 'none')", "throws zipGet(): there is no entry 'none'");
  EXPECT_JS("[zipExtract(z, d + 'out'), readFile(d + 'out/s/b.txt', true), stat(d + 'out/a.txt').mode & 0777]",
            R"([3,"deflated deflated",420])");
  EXPECT_JS("[zipExtract(z, d + 'part', ['s/']), exists(d + 'part/a.txt')]", "[2,false]");
  EXPECT_JS("zipExtract(zip([{name: '../evil', text: 'x', method: 0}]), d + 'out')",
            "throws zipExtract(): the name '../evil' leads out");
  EXPECT_JS("zipExtract(z, '')", "throws zipExtract(): destination is empty");
  EXPECT_JS("zipExtract(z, d + 'none', [])", "0");
  // Entries that claim 6 GB, and two names for the same data.
  run("function patched(at, bytes) { var c = stringToBuffer(zip([{name: 'a', text: 'x', method: 8},"
      " {name: 'b', text: 'x', method: 8}])); var list = c.length - 22 - 94;"
      " bytes.forEach(function(b, i) { c[list + at[0] + i] = b; if (at[1]) c[list + at[1] + i] = b; }); return c; }");
  EXPECT_JS("zipExtract(patched([24, 47 + 24], [0, 0, 0, 192]), d + 'bomb')",
            "throws zipExtract(): the entries have more than 4294967296 bytes");
  EXPECT_JS("zipExtract(patched([47 + 42], [0, 0, 0, 0]), d + 'bomb')",
            "throws zipExtract(): b: another entry has the same data");
  EXPECT_JS("zipGet(patched([24], [0, 0, 0, 1]), 'a')", "throws zipGet(): a: bad compressed data");
  EXPECT_JS("zipGet(zip([{name: 'a', text: 'x', method: 0, crc: 5}]), 'a')", "throws zipGet(): a: wrong checksum");
  EXPECT_JS("zipList('/no')", "throws zipList(): /no: No such file or directory");
  EXPECT_JS("zipList(stringToBuffer('PK..'))", "throws zipList(): this is no ZIP file, or it is damaged");
  // Damage of any kind throws or does not, but never reads outside.
  run("for (var i = 0; i < z.length; i++) { var c = stringToBuffer(z); c[i] ^= 255;"
      " try { Object.keys(zipList(c)).forEach(function(n) { zipGet(c, n); }); } catch (e) {} }");
}

TEST_F(UtilsTrees, Undocumented) {
  folder_.write("h", "hello");
  EXPECT_JS("hashFile(d + 'h') === hash('hello')", "true");
  EXPECT_JS("hashFile(d + 'h', {type: 'city'})", R"("23c7ada5f323c8df")");
  EXPECT_JS("hashFile('/no')", "throws hashFile(): /no: No such file or directory");
  EXPECT_JS("execRaw({path: 'sh', args: ['me', '-c', 'echo $0']}).stdout", R"("me\n")");
  EXPECT_JS("execRaw('sh')", "throws execRaw(): an Object is required");
  EXPECT_JS("toJsonSafe({a:{b:1}, c:[1,2]})", R"("{\"a\":{\"b\":1}, \"c\":[1, 2]}")");
}

class UtilsWatch : public UtilsTrees {
 protected:
  UtilsWatch() : base_(event_base_new()), timers_(std::make_unique<JsTimers>(base_, js())) {
    run("var seen = []; function note(e) { seen.push(e.type + ' ' + e.path.slice(d.length) + (e.isDir ? '/' : '')); }");
  }
  ~UtilsWatch() override {
    timers_.reset();
    event_base_free(base_);
  }
  // Until the script says `done` or two seconds have gone by.
  void loop() {
    for (int i = 0; i < 200 && show("typeof done") == "\"undefined\""; ++i) {
      const timeval step = {0, 10000};
      event_base_loopexit(base_, &step);
      event_base_dispatch(base_);
    }
  }
  event_base* base_;
  std::unique_ptr<JsTimers> timers_;
};

TEST_F(UtilsWatch, TellsWhatHappensInADirectory) {
  folder_.write("old", "");
  run("var w = watch(d.slice(0, -1), function(e) { note(e); if (e.path === d + 'sub') { done = 1; return false; } })");
  EXPECT_JS("[w.backend, w.path + '/' === d]", R"(["inotify",true])");
  run("appendFile(d + 'old', 'x'); rename(d + 'old', d + 'new'); rmFile(d + 'new'); mkdir(d + 'sub')");
  loop();
  EXPECT_JS("seen.filter(function(s, i) { return seen.indexOf(s) === i; })",
            R"(["change old","rename old","rename new","delete new","create sub/"])");
  EXPECT_JS("w.close()", "undefined");
}

TEST_F(UtilsWatch, LooksNowAndThenWhenAsked) {
  folder_.write("f", "1");
  run("var w = watch({path: d + 'f', poll: true, interval: 10}, function(e) { note(e); done = 1; throw new "
      "Error('mine'); });"
      "appendFile(d + 'f', '2')");
  testing::internal::CaptureStderr();
  loop();
  run("w.close()");
  EXPECT_TRUE(testing::internal::GetCapturedStderr().starts_with("Error in watch callback:\n  Error: mine\n    at "));
  EXPECT_JS("[w.backend, seen[0]]", R"(["polling","change f"])");
}

// A worker that closes what it has inherited leaves the descriptor alone that has the watcher's number by then.
TEST_F(UtilsWatch, ClosedInAChild) {
  folder_.write("f", "1");
  run("var w = watch(d + 'f', note)");
  int number = -1;
  char target[64] = {};
  for (int fd = 3; fd < 256 && number < 0; ++fd) {
    const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target - 1);
    if (size > 0 && std::string_view(target, static_cast<size_t>(size)).ends_with("inotify")) number = fd;
  }
  ASSERT_GE(number, 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(STDERR_FILENO, number);
    run("w.close()");
    _exit(fcntl(number, F_GETFD) >= 0 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  run("w.close()");
}

TEST_F(UtilsWatch, WrongArguments) {
  for (const char* interval : {"NaN", "Infinity", "-Infinity"}) {
    EXPECT_EQ(show("watch({path: d, poll: true, interval: " + std::string(interval) + "}, note).close()"), "undefined");
  }
  EXPECT_JS("watch('/no', note)", "throws watch(): /no: No such file or directory");
  EXPECT_JS("watch(d)", "throws watch(): a callback Function is required");
  EXPECT_JS("watch(note)", "throws watch(): a path is required");
}

}  // namespace
}  // namespace ravelin::worker
