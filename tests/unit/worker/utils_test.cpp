// The table rows of runtime-api 7.2 to 7.4 on real files and processes, and the manual's own idioms.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "common/clock.h"
#include "tests/unit/worker/js_fixture.h"
#include "tests/unit/worker/script_table.h"

namespace ravelin::worker {
namespace {

class Utils : public ScriptTable {
 protected:
  // Global `d` is a temporary folder with a '/' behind it.
  Utils() { set("d", folder_.path() + "/"); }

  std::string contents_of(const std::string& name) {
    std::ifstream file(folder_ / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  mode_t mode_of(const std::string& name) {
    struct stat status {};
    EXPECT_EQ(stat((folder_ / name).c_str(), &status), 0) << name;
    return status.st_mode & 07777;
  }

  TemporaryFolder folder_;
};

TEST_F(Utils, StringsAndBytes) {
  EXPECT_JS(R"(trim(" \t a b\r\n"))", R"("a b")");
  EXPECT_JS(R"(trim("\u00a0\ufeffx\u2028"))", R"("x")");
  EXPECT_JS("trim(5)", "throws trim(): string is required");
  EXPECT_JS(R"(trim(stringToBuffer("a")))", "throws trim(): string is required");
  EXPECT_JS(R"(bufferToString(stringToBuffer("é")).length)", "1");
  EXPECT_JS(R"(bufferToString(dehexify("6100")).length)", "2");
  EXPECT_JS(R"(bufferToString(new Uint8Array(new Uint8Array([1,65,66,2]).buffer, 1, 2)))", R"("AB")");
  EXPECT_JS(R"((function(){ try { bufferToString("x"); } catch (e) { return e.name + e.message.substr(0, 22); } })())",
            R"("TypeErrorbuffer required, found")");
  EXPECT_JS("stringToBuffer(5)", "Buffer(35)");
  EXPECT_JS(R"(stringToBuffer("\ud83d\ude00"))", "Buffer(f0 9f 98 80)");
  EXPECT_JS(R"(stringToBuffer("a", "dynamic"))", "Buffer(61)");
  EXPECT_JS(R"(hexify("Az~"))", R"("417a7e")");
  EXPECT_JS(R"(hexify(dehexify("C0ffeE"), true))", R"("C0FFEE")");
  EXPECT_JS(R"(dehexify("abc"))", "Buffer(ab c0)");
  EXPECT_JS(R"(dehexify("0g"))", "throws hexToBuf(): invalid input");
  EXPECT_JS(R"((function(){ try { dehexify(5); } catch (e) { return e.name; } })())", R"("TypeError")");
}

TEST_F(Utils, PrintFunctions) {
  EXPECT_JS(R"(abprintf(stringToBuffer("abc"), "%d", 1))", "Buffer(61 62 63 31)");
  EXPECT_JS(R"(abprintf(stringToBuffer("abc"), 1, "%d", 1))", "Buffer(61 31)");
  EXPECT_JS(R"(abprintf(stringToBuffer("abc"), -1, "x"))", "Buffer(61 62 78)");
  EXPECT_JS(R"(abprintf(stringToBuffer("abc"), -9, "x"))", "Buffer(78)");
  EXPECT_JS(R"(abprintf("abc", "x"))", "throws abprintf(): first argument must be a Buffer");
  EXPECT_JS(R"([fprintf(d + "p", "%s\n", "é"), fprintf(d + "p", true, "%d", 7)])", "[3,1]");
  EXPECT_EQ(contents_of("p"), "é\n7");
  EXPECT_JS(R"(fprintf(d + "p", "%s", "new"))", "3");
  EXPECT_EQ(contents_of("p"), "new");
  EXPECT_JS(R"(fprintf(d + "p", false, "%s", "x"))", "1");
  EXPECT_EQ(contents_of("p"), "x");
  EXPECT_JS(R"(fprintf("/no/such/file", "x"))", "throws error opening file '/no/such/file': No such file or directory");
  EXPECT_JS(R"(fprintf(5, "x"))",
            "throws fprintf(output): output must be a filehandle opened with fopen() or a String (filename)");
  EXPECT_JS(R"(fprintf({}, "x"))", "throws error fprintf(): argument is not a file handle");
  EXPECT_JS(R"([typeof stdout.fprintf, typeof stderr.fwrite, typeof errorLog.fflush, stdin !== stdout])",
            R"(["function","function","function",true])");
}

TEST_F(Utils, PrintfIsOneVisibleWrite) {
  int saved = dup(STDOUT_FILENO);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  fflush(stdout);
  dup2(ends[1], STDOUT_FILENO);
  printf("from C ");
  std::string returned = show(R"(printf("%s %d", "é", 5))");
  char text[64];
  ssize_t size = read(ends[0], text, sizeof text);
  dup2(saved, STDOUT_FILENO);
  for (int fd : {saved, ends[0], ends[1]}) close(fd);
  EXPECT_EQ(returned, "4");
  EXPECT_EQ(std::string(text, static_cast<size_t>(std::max<ssize_t>(size, 0))), "from C é 5");
}

TEST_F(Utils, Queries) {
  EXPECT_JS(R"(objectToQuery({q:"a b", n:[1,2], z:null, o:{x:1}}))", R"("q=a+b&n=1&n=2&z=null&o=%7b%22x%22%3a1%7d")");
  EXPECT_JS(R"(objectToQuery({n:["a","b,c"]}, "comma"))", R"("n=a,b%2cc")");
  EXPECT_JS(R"(objectToQuery("bracket", {n:[1,2]}))", R"("n%5B%5D=1&n%5B%5D=2")");
  EXPECT_JS(R"(objectToQuery({k:[1,2]}, "json"))", R"("k=%5b1%2c2%5d")");
  EXPECT_JS(
      R"([objectToQuery({}), objectToQuery({a:""}), objectToQuery({a:[]}), objectToQuery({t:true, u:undefined})])",
      R"(["","a=","a=","t=true&u=undefined"])");
  EXPECT_JS("objectToQuery(5)", "throws objectToQuery(): an Object is required");
  EXPECT_JS(R"(queryToObject("a=1&b=x+y%21&a=2&flag"))", R"({"a":["1","2"],"b":"x y!","flag":true})");
  EXPECT_JS(R"(queryToObject("t[]=x&o[k]=v&o[w]=u&j=%5b1%2ctrue%5d&e="))",
            R"({"t":["x"],"o":{"k":"v","w":"u"},"j":[1,true],"e":""})");
  EXPECT_JS(R"(queryToObject("x={oops}&y=a=b"))", R"({"x":"{oops}","y":"a=b"})");
  EXPECT_JS(R"(queryToObject(""))", "{}");
}

TEST_F(Utils, Types) {
  EXPECT_JS(R"([getType(NaN), getType([]), getType(bprintf("x")), getType(stdout)])",
            R"(["Nan","Array","Buffer","Filehandle"])");
  EXPECT_JS(R"([getType(""), getType(1), getType(trim), getType(true), getType(null), getType(), getType(new Date())])",
            R"(["String","Number","Function","Boolean","Null","Undefined","Date"])");
  EXPECT_JS(R"([getType(Symbol("x")), getType(/x/), getType({}), getType(new Error("x")), getType(new Buffer("x"))])",
            R"(["Symbol","Object","Object","Object","Buffer"])");
}

TEST_F(Utils, DeepCopy) {
  EXPECT_JS("deepCopy({a:{x:1},l:[1]}, {a:{y:2},l:[2]})", R"({"a":{"x":1,"y":2},"l":[2]})");
  EXPECT_JS("deepCopy(true, {l:[1]}, {l:[2]})", R"({"l":[1,2]})");
  EXPECT_JS("(function(){ var t={}, s={i:{a:1}}; deepCopy(t, s); s.i.a=2; return t.i.a; })()", "1");
  EXPECT_JS("(function(){ var s={}; s.me=s; var t=deepCopy({}, s); return t.me === t; })()", "true");
  EXPECT_JS("(function(){ var l=[]; l[0]=l; var t=deepCopy({}, {l:l}); return t.l !== l && t.l[0] === t.l; })()",
            "true");
  EXPECT_JS(R"((function(){ var b=stringToBuffer("x"); var t=deepCopy({}, {b:b}), u=deepCopy(false, false, {}, {b:b});
                b[0]=65; return [t.b[0], u.b[0]]; })())",
            "[120,65]");
  EXPECT_JS(R"((function(){ var d=new Date(0); return deepCopy({}, {d:d}).d === d; })())", "true");
  EXPECT_JS(R"((function(){ deepCopy({}, JSON.parse('{"__proto__":{"polluted":1}}')); return ({}).polluted; })())",
            "undefined");
  EXPECT_JS("deepCopy([], {})", "throws deepCopy: arguments must be plain Objects");
  EXPECT_JS("deepCopy({}, new Date())", "throws deepCopy: arguments must be plain Objects");
  EXPECT_JS("(function(){ var o={}, p=o; for (var i=0;i<5000;i++) p=p.x={}; deepCopy({}, o); })()",
            "throws deepCopy: objects are nested more than 1000 deep");
}

TEST_F(Utils, ReadFile) {
  folder_.write("ten", "0123456789");
  run("var f = d + 'ten'");
  EXPECT_JS("readFile(f, true)", R"("0123456789")");
  EXPECT_JS("readFile(f, 0, 0, true)", R"("0123456789")");
  EXPECT_JS("readFile(f, 2, 3, true)", R"("234")");
  EXPECT_JS("readFile(f, 2, -3, true)", R"("23456")");
  EXPECT_JS("readFile(f, -4, true)", R"("6789")");
  EXPECT_JS("readFile(f, -4, 2, true)", R"("67")");
  EXPECT_JS("readFile(f, 3, 100, true)", R"("3456789")");
  EXPECT_JS("readFile(f, 5, -5)", "Buffer()");
  EXPECT_JS("readFile(f, -4, -1, true)", R"("678")");
  EXPECT_EQ(show("readFile(f, 100)"), "throws readFile(\"" + (folder_ / "ten") +
                                          "\") - negative length puts end of read before offset or start of file");
  EXPECT_JS("readFile(f, 100, 5)", "Buffer()");
  EXPECT_EQ(show("readFile(f, -11)"),
            "throws readFile(\"" + (folder_ / "ten") + "\") - error seeking file: Invalid argument");
  EXPECT_JS("readFile(f, 8)", "Buffer(38 39)");
  EXPECT_JS("readFile({file: f, offset: 1, length: 2, returnString: true})", R"("12")");
  EXPECT_JS("readFile('/no/file', 5, {filename: f, retString: true})", R"("56789")");
  EXPECT_JS("readFile(true, 2, f, 3)", R"("234")");
  EXPECT_JS("readFile({file: f, offset: 'x'})", "throws readFile() - option 'offset' must be a Number");
  EXPECT_JS("readFile(5)", "throws readFile() - error, no file name or handle provided");
}

TEST_F(Utils, ReadFileSpecialCases) {
  folder_.write("text", "a\xc3\xa9z");
  folder_.write("nul", std::string("ab\0cd", 5));
  folder_.write("pid", "1234\n");
  folder_.write("empty", "");
  EXPECT_JS("readFile(d + 'text', 0, 2, true)", R"("a")");
  EXPECT_JS("readFile(d + 'text', 2, true)", R"("z")");
  EXPECT_JS("readFile(d + 'text', 0, 2)", "Buffer(61 c3)");
  EXPECT_JS("readFile(d + 'nul', true)", R"("ab")");
  EXPECT_JS("readFile(d + 'empty')", "Buffer()");
  EXPECT_JS("readFile('/proc/self/stat', true).length > 10", "true");
  EXPECT_JS("readFile('/proc/self/stat', 0, 1, true).length", "1");
  EXPECT_JS("readFile('/no/such')", "throws readFile(\"/no/such\") - error accessing: No such file or directory");
  EXPECT_JS("readFile('/tmp')", "throws readFile(\"/tmp\") - error reading file: Is a directory");
  EXPECT_JS(R"(readFile("/etc/pass\u0000wd"))", "throws readFile(): path contains a NUL byte");
  // The manual's pid file: parseInt(readFile("./ffmpeg.pid")).
  EXPECT_JS("parseInt(readFile(d + 'pid'))", "1234");
  EXPECT_JS(R"([parseInt("ff", 16), parseInt("12px"), parseInt("x"), parseInt.name, parseInt(7.9)])",
            R"([255,12,null,"parseInt",7])");
}

TEST_F(Utils, WriteAndAppend) {
  EXPECT_JS("writeFile(d + 'w', 'one')", "undefined");
  EXPECT_JS("appendFile(d + 'w', stringToBuffer('two'))", "undefined");
  EXPECT_EQ(contents_of("w"), "onetwo");
  EXPECT_JS("writeFile(d + 'w', 'x', {mode: '0600'})", "undefined");
  EXPECT_EQ(mode_of("w"), 0600u);
  EXPECT_JS("writeFile(d + 'w', 'y', {mode: 0666, flag: 'a'})", "undefined");
  EXPECT_EQ(mode_of("w"), 0666u);
  EXPECT_EQ(contents_of("w"), "xy");
  EXPECT_JS("writeFile(d + 'w', 5)", "throws writeFile(): data must be a String or Buffer");
  EXPECT_JS("writeFile(d + 'w', 'x', {flag: 'q'})", "throws writeFile(): invalid flag");
  EXPECT_JS("writeFile(d + 'w', 'x', {mode: 99999})", "throws writeFile(): invalid mode");
  EXPECT_JS("writeFile('/no/such/x', '')", "throws writeFile(): /no/such/x: No such file or directory");
}

TEST_F(Utils, ReadLine) {
  folder_.write("lines", "a\n\nb\r\nlast");
  EXPECT_JS(
      "(function(){ var r = readLine(d + 'lines'), all = [], l; while ((l = r.next())) all.push(l);"
      " return [all, r.next(), r.next()]; })()",
      R"([["a\n","\n","b\r\n","last"],null,null])");
  EXPECT_JS("(function(){ var r = readLine({data: 'x\\ny'}); return [r.next(), r.next(), r.next()]; })()",
            R"(["x\n","y",null])");
  EXPECT_JS("readLine({file: d + 'lines'}).next()", R"("a\n")");
  EXPECT_JS("readLine('/no/such')", "throws readLine: error opening '/no/such': No such file or directory");
  EXPECT_JS("readLine(5)", "throws readLine: a file name, a file handle or {data: ...} is required");
  // An object that inherits from a reader does not own it.
  run("var r = readLine(d + 'lines'); for (var i = 0; i < 100; i++) Object.create(r.next); Duktape.gc();");
  EXPECT_JS("r.next()", R"("a\n")");
}

TEST_F(Utils, ReadLineTimesOutOnAFifo) {
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  int writer = open((folder_ / "fifo").c_str(), O_RDWR | O_CLOEXEC);
  run("var r = readLine(d + 'fifo', 20)");
  EXPECT_JS("r.next()", "null");
  ASSERT_EQ(write(writer, "par", 3), 3);
  EXPECT_JS("r.next()", "null");
  ASSERT_EQ(write(writer, "t\n", 2), 2);
  EXPECT_JS("r.next()", R"("part\n")");
  close(writer);
}

TEST_F(Utils, Stat) {
  folder_.write("file", "12345");
  chmod((folder_ / "file").c_str(), 0640);
  TemporaryFolder::set_time(folder_ / "file", 1600000000, 999000000);
  ASSERT_EQ(symlink("file", (folder_ / "link").c_str()), 0);
  run("var st = stat(d + 'file'), dir = stat(d), ln = lstat(d + 'link')");
  EXPECT_JS("[st.size, st.mode & 0777, st.permissions, st.nlink, st.isFile, st.isFIFO, st.readable]",
            R"([5,416,"-rw-r-----",1,true,false,true])");
  EXPECT_JS("[st.mtime instanceof Date, st.mtime.getTime(), typeof st.mtime.toLocaleString()]",
            R"([true,1600000000000,"string"])");
  EXPECT_JS("[dir.isDirectory(), st.isDirectory()]", "[true,false]");
  EXPECT_JS("[dir.isDirectory == true, st.isDirectory == false]", "[true,true]");
  EXPECT_JS("[JSON.parse(JSON.stringify(st)).isDirectory, JSON.parse(sprintf('%J', dir)).isDirectory]", "[false,true]");
  EXPECT_JS(
      "[dir.permissions.substr(0, 1), ln.permissions.substr(0, 1), ln.isSymbolicLink, ln.link, st.isSymbolicLink]",
      R"(["d","l",true,"file",null])");
  EXPECT_JS("stat(d + 'link').size", "5");
  EXPECT_JS("[stat(d + 'none'), stat(), stat(5), stat('a\\u0000b'), lstat(null)]", "[false,false,false,false,false]");
  EXPECT_JS("[exists(d), exists(d + 'none')]", "[true,false]");
  EXPECT_JS(
      "Object.keys(st).join()",
      R"("dev,ino,mode,nlink,uid,gid,rdev,size,blksize,blocks,atime,mtime,ctime,owner,group,)"
      R"(readable,writable,executable,isFile,isDirectory,isBlockDevice,isCharacterDevice,isFIFO,isSocket,permissions")");
  EXPECT_JS("stat('/dev/null').isCharacterDevice", "true");
}

TEST_F(Utils, Directories) {
  mode_t mask = umask(077);
  EXPECT_JS("mkdir(d + 'a/b/c')", "undefined");
  EXPECT_JS("mkdir(d + 'm', '0711'), mkDir(d + 'm')", "undefined");
  umask(mask);
  EXPECT_EQ(mode_of("a"), 0755u);
  EXPECT_EQ(mode_of("a/b/c"), 0755u);
  EXPECT_EQ(mode_of("m"), 0711u);
  folder_.write("a/.hidden", "");
  folder_.write("a/shown", "");
  EXPECT_JS("readdir(d + 'a').sort()", R"(["b","shown"])");
  EXPECT_JS("readDir(d + 'a', true).sort()", R"([".","..",".hidden","b","shown"])");
  EXPECT_JS("readdir('/no')", "throws readdir(): could not open directory /no: No such file or directory");
  EXPECT_JS("mkdir(d + 'a/shown/x')", "throws mkdir(): error creating directory: Not a directory");
  EXPECT_JS("mkdir(5)", "throws mkdir(): path must be a String");
  EXPECT_JS("mkdir(d + 'q', 'rwx')", "throws mkdir(): invalid mode");
  EXPECT_JS("rmdir(d + 'a')", "throws rmdir(): error removing directory: Directory not empty");
  EXPECT_JS("rmdir(d + 'm')", "undefined");
  EXPECT_JS("rmdir(d + 'a/b/c', true)", "throws rmdir(): error removing directory: Directory not empty");
  EXPECT_JS("exists(d + 'a/b')", "false");
}

TEST_F(Utils, WorkingDirectory) {
  std::string before = std::filesystem::current_path();
  EXPECT_JS("(chdir(d), getcwd() + '/' === d)", "true");
  EXPECT_JS("(writeFile('relative', 'x'), exists(d + 'relative'))", "true");
  EXPECT_JS("chdir('/no')", "throws chdir(): error - No such file or directory");
  std::filesystem::current_path(before);
}

TEST_F(Utils, CopyRenameAndLinks) {
  folder_.write("src", "data");
  chmod((folder_ / "src").c_str(), 0750);
  EXPECT_JS("copyFile(d + 'src', d + 'dst')", "undefined");
  EXPECT_EQ(contents_of("dst"), "data");
  EXPECT_EQ(mode_of("dst"), 0750u);
  EXPECT_EQ(show("copyFile(d + 'src', d + 'dst')"),
            "throws copyFile(): error copying '" + (folder_ / "dst") + "': file already exists");
  EXPECT_JS("copyFile({src: d + 'src', dest: d + 'dst', overwrite: true})", "undefined");
  EXPECT_EQ(show("copyFile(d + 'src', d + 'src', true)"),
            "throws copyFile(): error copying '" + (folder_ / "src") + "': source and destination are the same file");
  EXPECT_JS("copyFile('/no', d + 'x')", "throws copyFile(): could not open file '/no': No such file or directory");
  EXPECT_JS("rename(d + 'dst', d + 'moved')", "undefined");
  EXPECT_JS("rename(d + 'src', '/dev/shm/ravelin-moved-' + d.replace(/\\W/g, '')), exists(d + 'src')", "false");
  EXPECT_JS("rename('/dev/shm/ravelin-moved-' + d.replace(/\\W/g, ''), d + 'src'), exists(d + 'src')", "true");
  EXPECT_JS("rename('/no', '/no2')", "throws error renaming '/no' to '/no2': No such file or directory");
  EXPECT_JS("symlink('src', d + 'soft'), readLink(d + 'soft')", R"("src")");
  EXPECT_JS("link({src: d + 'src', target: d + 'hard'}), stat(d + 'src').nlink", "2");
  EXPECT_JS("link('/no', '/no2')",
            "throws link(): error creating hard link from '/no' to '/no2': No such file or directory");
  EXPECT_JS("realPath(d + './soft') === d + 'src'", "true");
  EXPECT_JS("realPath('/no')", "throws realPath: No such file or directory");
  EXPECT_JS("rmFile(d + 'soft'), exists(d + 'soft')", "false");
  EXPECT_JS("rmFile('/no')", "throws rmFile(): error deleting file: No such file or directory");
}

TEST_F(Utils, ModesOwnersAndTimes) {
  folder_.write("f", "");
  EXPECT_JS("chmod(d + 'f', 0604)", "undefined");
  EXPECT_EQ(mode_of("f"), 0604u);
  EXPECT_JS("chmod(d + 'f', '0640')", "undefined");
  EXPECT_EQ(mode_of("f"), 0640u);
  EXPECT_JS("chmod(d + 'f')", "throws chmod(): invalid or no mode specified");
  EXPECT_JS("chmod('/no', 0600)", "throws chmod(): error changing permissions: No such file or directory");
  EXPECT_JS("chown(d + 'f'), chown(d + 'f', -1, -1)", "undefined");
  EXPECT_JS("chown(d + 'f', 'no-such-user')", "throws error changing ownership (user not found): no-such-user");
  EXPECT_JS("touch(d + 'new'), stat(d + 'new').size", "0");
  EXPECT_JS("touch({path: d + 'absent', nocreate: true}), exists(d + 'absent')", "false");
  EXPECT_JS("touch({path: d + 'new', setaccess: false, setmodify: 1500000000}), stat(d + 'new').mtime.getTime()",
            "1500000000000");
  EXPECT_JS("touch({path: d + 'f', reference: d + 'new'}), stat(d + 'f').mtime.getTime()", "1500000000000");
  EXPECT_JS("touch({path: d + 'f', setmodify: new Date(5000)}), stat(d + 'f').mtime.getTime()", "5000");
  EXPECT_JS("touch(d), true", "true");
  EXPECT_JS("touch('/no/such')", "throws touch(): /no/such: No such file or directory");
}

TEST_F(Utils, Exec) {
  EXPECT_JS(R"(exec("printf", "%s-", "a b", 5, true, null).stdout)", R"("a b-5-true-null-")");
  EXPECT_JS(R"(exec("cat", {stdin:"in"}).stdout)", R"("in")");
  EXPECT_JS(R"(exec("echo", "x", {args:["y"]}, "z").stdout)", R"("x z y\n")");
  EXPECT_JS(R"(exec("sh", "-c", "exit 7").exitStatus)", "7");
  EXPECT_JS(R"(exec("sh", "-c", "kill -9 $$").exitStatus)", "137");
  EXPECT_JS(R"(exec("sleep", {timeout:50}, "5").timedOut)", "true");
  EXPECT_JS(R"(exec("env", {env:{A:1}}).stdout)", R"("A=1\n")");
  EXPECT_JS(R"(exec("/no/such/program").exitStatus)", "1");
  EXPECT_JS(R"(exec("/no/such/program").stderr)",
            R"("exec(): could not execute /no/such/program: No such file or directory\n")");
  EXPECT_JS(R"(exec("true", {background:true}).stdout)", "null");
  EXPECT_JS(R"(shell("echo out; echo err >&2; exit 3").stderr)", R"("err\n")");
  EXPECT_JS(R"(shell("pwd", {cd:"/"}).stdout)", R"("/\n")");
  EXPECT_JS(R"(shell({cd:"/"}, "pwd").stdout)", R"("/\n")");
  EXPECT_JS(R"(Object.keys(exec("true")).join())", R"("stdout,stderr,timedOut,exitStatus,pid")");
  EXPECT_JS(R"(exec("echo", undefined, [1,2], "\ud83d\ude00").stdout === "undefined [1,2] \ud83d\ude00\n")", "true");
  EXPECT_JS(R"(exec("printf", "\\377\\001", {returnBuffer:true}).stdout)", "Buffer(ff 01)");
  EXPECT_JS(R"(exec("cat").stdout)", R"("")");
}

TEST_F(Utils, ExecOptions) {
  EXPECT_JS(R"(exec(5))", "throws exec(): first argument must be a String (command to execute)");
  EXPECT_JS(R"(exec("true", {timeout:"1"}))", "throws exec(): timeout value must be a number");
  EXPECT_JS(R"(exec("true", {cd:"/no/such"}))", "throws exec(): changeDirectory value does not exist");
  EXPECT_JS(R"(exec("true", "a\u0000b"))", "throws exec(): argument contains a NUL byte");
  EXPECT_JS(R"(exec("env", {env:{}}).stdout)", R"("")");
  EXPECT_JS(R"(exec("env", {env:{O:{a:1}, S:"s"}}).stdout)", R"js("O={\"a\":1}\nS=s\n")js");
  run("var process = {env: {FROM_SNAPSHOT: 'p', BOTH: 'p'}}");
  EXPECT_JS(R"(exec("env", {env:{BOTH:"e"}, appendEnv:true}).stdout)", R"("BOTH=e\nFROM_SNAPSHOT=p\n")");
  EXPECT_JS(R"((setenv("RAVELIN_LIVE", "yes"), exec("sh", "-c", "echo $RAVELIN_LIVE").stdout))", R"("yes\n")");
  EXPECT_JS(R"(exec("sh", {timeout:50, killSignal:9}, "-c", "trap '' TERM; sleep 5").exitStatus)", "137");
  EXPECT_JS(R"(exec("sh", {timeout:5000}, "-c", "exit 0").timedOut)", "false");
}

TEST_F(Utils, ExecMovesLargeDataBothWays) {
  EXPECT_JS(R"((function(){ var big = sprintf("%1000000s", "x"); big = big + big + big;
                return exec("cat", {stdin: big}).stdout === big; })())",
            "true");
  EXPECT_JS(
      R"(exec("sh", "-c", "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero", {returnBuffer:true}).stdout.length)",
      "300000");
  EXPECT_JS(R"(exec("true", {stdin: sprintf("%1000000s", "x")}).exitStatus)", "0");
}

TEST_F(Utils, ExecEndsAfterATimeoutThoughAGrandchildHoldsThePipe) {
  uint64_t begin_ms = monotonic_ms();
  run(R"(var pid = parseInt(shell("sleep 30 & echo $!; sleep 30", {timeout:200}).stdout))");
  EXPECT_LT(monotonic_ms() - begin_ms, 5000u);
  EXPECT_JS("kill(pid, 'SIGKILL')", "true");
}

// What a program inherits: three descriptors, no blocked or ignored signal.
TEST_F(Utils, ExecInheritsNothing) {
  int leak = open("/dev/null", O_RDONLY);  // deliberately without O_CLOEXEC
  signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  EXPECT_JS(R"(exec("ls", "/proc/self/fd").stdout)", R"("0\n1\n2\n3\n")");  // 3: ls reading the directory
  EXPECT_JS(R"(exec("grep", "SigBlk", "/proc/self/status").stdout)", R"("SigBlk:\t0000000000000000\n")");
  // glibc's spawn may leave its two internal signals, 32 and 33, ignored.
  EXPECT_JS(R"(parseInt(exec("grep", "SigIgn", "/proc/self/status").stdout.split("\t")[1], 16) % 0x80000000)", "0");
  sigprocmask(SIG_SETMASK, &before, nullptr);
  signal(SIGPIPE, SIG_DFL);
  close(leak);
}

TEST_F(Utils, BackgroundPrograms) {
  // The manual's start of a helper: the pid is that of the program, and it reads its configuration from stdin.
  EXPECT_JS(
      "(function(){ var r = exec('sh', '-c', 'cat > \"$0\"; exec sleep 20', d + 'conf', {background:true, "
      "stdin:'conf'});"
      " for (var i = 0; i < 100 && !(exists(d + 'conf') && stat(d + 'conf').size == 4); i++) sleep(0.02);"
      " var alive = kill(r.pid, 0), own = readFile('/proc/' + r.pid + '/stat', true).split(' ');"
      " var session_leader = own[5] == r.pid; kill(r.pid, 'SIGKILL');"
      " for (i = 0; i < 100 && kill(r.pid, 0); i++) sleep(0.02);"
      " return [r.stdout, r.stderr, r.exitStatus, alive, session_leader, kill(r.pid, 0)]; })()",
      "[null,null,0,true,true,false]");
  EXPECT_EQ(contents_of("conf"), "conf");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  EXPECT_JS("exec('/no/such', {background:true}).exitStatus", "1");
}

TEST_F(Utils, Kill) {
  EXPECT_JS(R"(kill(2147483646, 0))", "false");
  EXPECT_JS(R"(kill(0, 15))", "false");
  EXPECT_JS(R"(kill(-1, 9))", "false");
  EXPECT_JS(R"(kill(2147483646, 15, true))", "throws Failed to send signal 15 to process 2147483646 - No such process");
  EXPECT_JS(R"(kill(1, "TERM"))", "throws 'TERM' is not a supported signal");
  EXPECT_JS(R"(kill(1.5))", "throws kill(): the process id must be an integer Number");
  EXPECT_JS(R"(kill(NaN, 0))", "throws kill(): the process id must be an integer Number");
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  set("child", std::to_string(child));
  EXPECT_JS(R"([kill(+child, 0), kill(+child, "SIGTERM")])", "[true,true]");
  // Ended and not yet waited for: gone, as far as a script is concerned.
  EXPECT_JS("(function(){ for (var i = 0; i < 100 && kill(+child, 0); i++) sleep(0.01); return kill(+child, 0); })()",
            "false");
  waitpid(child, nullptr, 0);
}

TEST_F(Utils, SleepAndEnvironment) {
  uint64_t begin_ms = monotonic_ms();
  EXPECT_JS("sleep(0.05)", "undefined");
  EXPECT_GE(monotonic_ms() - begin_ms, 50u);
  EXPECT_JS("sleep(-1)", "undefined");
  EXPECT_JS("sleep('1')", "throws rampart.sleep requires a number (float)");
  EXPECT_JS("[setenv('RAVELIN_T', 'a'), getenv('RAVELIN_T'), setenv('RAVELIN_T', 'b', false), getenv('RAVELIN_T')][3]",
            R"("a")");
  EXPECT_JS("unsetenv('RAVELIN_T'), getenv('RAVELIN_T')", "undefined");
  EXPECT_JS("getenv('')", "throws getenv(): invalid name ''");
  EXPECT_JS("setenv('A=B', 'x')", "throws setenv(): invalid name 'A=B'");
}

// The manual's "Built-in Directory Function", as printed.
TEST_F(Utils, ManualDirectoryFunction) {
  folder_.write("b.txt", "12345");
  folder_.write("sub/x", "");
  run(R"js(
        function dirlist(req) {
            var html="<!DOCTYPE html>\n"+
                '<html><head><meta charset="UTF-8"><title>Index of ' +
                req.path.path+
                "</title><style>td{padding-right:22px;}</style></head><body><h1>"+
                req.path.path+
                '</h1><hr><table>';

            function hsize(size) {
                var ret=rampart.utils.sprintf("%d",size);
                if(size >= 1073741824)
                    ret=rampart.utils.sprintf("%.1fG", size/1073741824);
                else if (size >= 1048576)
                    ret=rampart.utils.sprintf("%.1fM", size/1048576);
                else if (size >=1024)
                    ret=rampart.utils.sprintf("%.1fk", size/1024);
                return ret;
            }

            if(req.path.path != '/')
                html+= '<tr><td><a href="../">Parent Directory</a></td><td></td><td>-</td></tr>';
            rampart.utils.readdir(req.fsPath).sort().forEach(function(d){
                var st=rampart.utils.stat(req.fsPath+'/'+d);
                if (st.isDirectory())
                    d+='/';
                html=rampart.utils.sprintf('%s<tr><td><a href="%s">%s</a></td><td>%s</td><td>%s</td></tr>',
                    html, d, d, st.mtime.toLocaleString() ,hsize(st.size));
            });

            html+="</table></body></html>";
            return {html:html};
        })js");
  std::string html = show("dirlist({path:{path:'/x/'}, fsPath: d}).html");
  EXPECT_NE(html.find(R"(<a href=\"b.txt\">b.txt</a></td><td>Tue Nov 14 2)"), std::string::npos) << html;
  EXPECT_NE(html.find(R"(</td><td>5</td></tr>)"), std::string::npos) << html;
  EXPECT_NE(html.find(R"(<a href=\"sub/\">sub/</a>)"), std::string::npos) << html;
}

}  // namespace
}  // namespace ravelin::worker
