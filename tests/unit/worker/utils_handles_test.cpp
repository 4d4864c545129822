// runtime-api 7.7 (handles) and the raw descriptors of 7.8 on real files.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/unit/worker/js_fixture.h"
#include "tests/unit/worker/script_table.h"
#include "worker/utils/file_handle.h"

namespace ravelin::worker {
namespace {

class UtilsHandles : public ScriptTable {
 protected:
  UtilsHandles() { set("d", folder_.path() + "/"); }

  std::string contents_of(const std::string& name) {
    std::ifstream file(folder_ / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TemporaryFolder folder_;
};

TEST_F(UtilsHandles, ExampleOfTheReference) {
  run(R"(var h = fopen(d + "t1.txt", "w+"); h.fprintf("%s\n", "one"); h.fwrite("two\n");)");
  EXPECT_JS("h.rewind().fgets(99)", R"("one\n")");
  EXPECT_JS("h.fread(true)", R"("two\n")");
  EXPECT_JS("[h.fclose(), h.fclose()]", "[null,null]");
  EXPECT_EQ(contents_of("t1.txt"), "one\ntwo\n");
}

TEST_F(UtilsHandles, Opening) {
  EXPECT_EQ(show("fopen(d + 'none', 'r')"),
            "throws error opening file '" + (folder_ / "none") + "': No such file or directory");
  EXPECT_JS("fopen('/x', 'rb')", "throws error opening file '/x': invalid mode 'rb'");
  EXPECT_JS("fopen('/x')", "throws error opening file '/x': invalid mode ''");
  EXPECT_JS("fopen(5, 'r')", "throws fopen(): path must be a String");
  EXPECT_JS("fopen(d + 'x', 'w', stdin)",
            "throws fopen(): the stream must be stdin to read, or stdout or stderr to write");
  run("var h = fopen(d + 'a', 'a'); h.fwrite('1'); fopen(d + 'a', 'a').fwrite('2'); h.fwrite('3')");
  EXPECT_EQ(contents_of("a"), "123");
  EXPECT_JS("[getType(h), getType(fopenBuffer()), getType(stdin), getType(errorLog)]",
            R"(["Filehandle","Filehandle","Filehandle","Filehandle"])");
  EXPECT_JS("(h = fopen(d + 'a', 'r+'), h.fwrite('x'), h.fclose(), 0)", "0");
  EXPECT_EQ(contents_of("a"), "x23");
}

TEST_F(UtilsHandles, ClosedHandlesSaySo) {
  run("var h = fopen(d + 'c', 'w'); fclose(h)");
  EXPECT_JS("h.fwrite('x')", "throws error fwrite(): file handle was previously closed");
  EXPECT_JS("fread(h)", "throws error fread(): file handle was previously closed");
  EXPECT_JS("fprintf(h, 'x')", "throws error fprintf(): file handle was previously closed");
  EXPECT_JS("readLine(h)", "throws error readLine(): file handle was previously closed");
  EXPECT_JS("fseek({}, 0)", "throws error fseek(): argument is not a file handle");
  EXPECT_JS("fclose(5)", "throws error fclose(): argument is not a file handle");
}

TEST_F(UtilsHandles, ReadingConsumesWhatItReturns) {
  folder_.write("r", "0123456789\nline two\nlast");
  run("var h = fopen(d + 'r', 'r')");
  EXPECT_JS("h.fread(3)", "Buffer(30 31 32)");
  EXPECT_JS("h.fread(2, 4096, true)", R"("34")");
  EXPECT_JS("[h.fgets(), h.fgets(3), h.fgets(100), h.ftell()]", R"(["5","678","9\n",11])");
  EXPECT_JS("fgets(h, {echo:false}, 100)", R"("line two\n")");
  EXPECT_JS("[h.fgets(2), h.fgets(9), h.fgets(9)]", R"(["la","st",null])");
  EXPECT_JS("h.fread()", "Buffer()");
  EXPECT_JS("[fgets(d + 'r', 4), fread(d + 'r', true).length, fread(true, d + 'r')]",
            "throws error fread(): argument is not a file handle");
  EXPECT_JS("[fgets(d + 'r', 4), fread(d + 'r', true).length]", R"(["0123",24])");
  EXPECT_JS("fgets('/no')", "throws error opening file '/no': No such file or directory");
  EXPECT_JS("fopen(d + 'x', 'w').fread()", "throws fread(): Bad file descriptor");
}

TEST_F(UtilsHandles, Positions) {
  folder_.write("p", "abcdef");
  run("var h = fopen(d + 'p', 'r+')");
  EXPECT_JS("h.fseek(2) === h && h.rewind() === h && h.fflush() === h", "true");
  EXPECT_JS("[fseek(h, 2), fread(h, 1, true), fseek(h, -2, 'SEEK_END'), fread(h, 1, true), ftell(h)]",
            R"([null,"c",null,"e",5])");
  EXPECT_JS("[h.fseek(-3, 'seek_cur').fread(1, true), rewind(h), fflush(h)]", R"(["c",null,null])");
  EXPECT_JS("h.fseek(1, 'middle')", R"(throws fseek(): whence must be "seek_set", "seek_cur" or "seek_end")");
  EXPECT_JS("h.fseek('x')", "throws fseek(): offset must be a Number");
  EXPECT_JS("h.fseek(-1)", "throws fseek(): Invalid argument");
  // A line read ahead does not move where the next byte is written.
  EXPECT_JS("(h.rewind().fgets(2), h.fwrite('X'), h.fclose(), 0)", "0");
  EXPECT_EQ(contents_of("p"), "abXdef");
}

TEST_F(UtilsHandles, Writing) {
  EXPECT_JS(
      "[fwrite(d + 'w', 'hello', 4), fwrite(d + 'w', stringToBuffer('++'), true), fwrite(d + 'w', 'xyz', 1, true)]",
      "[4,2,1]");
  EXPECT_EQ(contents_of("w"), "hell++x");
  EXPECT_JS("fwrite(d + 'w', 'new')", "3");
  EXPECT_EQ(contents_of("w"), "new");
  EXPECT_JS("fwrite(d + 'w', 5)", "throws fwrite(): error - data must be a String or Buffer");
}

TEST_F(UtilsHandles, MemoryHandles) {
  run("var b = fopenBuffer(16); b.fprintf('%s-%d', 'é', 5); b.fwrite('!')");
  EXPECT_JS("[b.getString(), b.getBuffer().length, b.fileNo(), b.rewind().fread(2, true)]", R"(["é-5!",5,-1,"é"])");
  EXPECT_JS("[b.fclose(), b.getString()]", R"([null,"é-5!"])");
  EXPECT_JS("b.fwrite('x')", "throws error fwrite(): file handle was previously closed");
  EXPECT_JS("(b.destroy(), b.getString())", "throws getString(): the buffer was destroyed");
  EXPECT_JS("fopenBuffer('stdout')",
            "throws fopenBuffer(): the stream must be stdin to read, or stdout or stderr to write");
  EXPECT_JS("fopenBuffer(stdout, 'x')", "throws fopenBuffer(): the chunk size must be a Number");
  EXPECT_JS("fopen(d + 'f', 'w').getString()", "throws getString(): this is no handle of fopenBuffer()");
}

TEST_F(UtilsHandles, StreamsAreRedirectedUntilTheHandleIsClosed) {
  run("var b = fopenBuffer(stdout, 64); printf('from script, '); stdout.fwrite('handle')");
  printf(", C");
  run("b.fclose()");
  EXPECT_JS("b.getString()", R"("from script, handle, C")");
  run("var f = fopen(d + 'err', 'w', stderr); stderr.fprintf('%s', 'oops'); f.fclose()");
  EXPECT_EQ(contents_of("err"), "oops");
  // The collector closes, too.
  run("(function() { fopenBuffer(stdout); })(); Duktape.gc(); Duktape.gc()");
  testing::internal::CaptureStdout();
  run("printf('back')");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "back");
}

TEST_F(UtilsHandles, AStreamIsRedirectedOnceAtATime) {
  run("var b = fopenBuffer(stdout)");
  folder_.write("second", "kept");
  EXPECT_JS("fopen(d + 'second', 'w', stdout)",
            "throws fopen(): stdout leads to another handle already, which must be closed first: "
            "Device or resource busy");
  EXPECT_EQ(contents_of("second"), "kept");
  EXPECT_JS("fopenBuffer(stdout)",
            "throws fopenBuffer(): stdout leads to another handle already, which must be closed first: "
            "Device or resource busy");
  run("printf('first'); b.fclose(); var f = fopen(d + 'second', 'w', stdout); printf('second'); f.fclose()");
  EXPECT_JS("b.getString()", R"("first")");
  EXPECT_EQ(contents_of("second"), "second");
}

// As in a worker, whose birth closes what is no file, and which has opened something else under that number.
TEST_F(UtilsHandles, AHandleLeavesForeignDescriptorsOfAChildAlone) {
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  folder_.write("kept", "of both");
  run("var fifo = fopen(d + 'fifo', 'r+'), number = fifo.fileNo(), kept = fopen(d + 'kept', 'r')");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    duk_get_global_string(js(), "number");
    const int number = duk_get_int(js(), -1);
    duk_pop(js());
    const int other = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(other, number);
    EXPECT_JS("fifo.fwrite('x')", "throws error fwrite(): file handle was previously closed");
    EXPECT_JS("(fifo.fclose(), kept.fread(true))", R"("of both")");
    run("fifo = null; Duktape.gc(); Duktape.gc()");
    EXPECT_TRUE(fcntl(number, F_GETFD) >= 0) << "closed what was not its own";
    _exit(HasFailure() ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_JS("fifo.fwrite('x')", "1");
}

// As in a worker, which has closed the pipe that was stdout in the launcher, and has something else there.
TEST_F(UtilsHandles, ARedirectionLeavesForeignDescriptorsAlone) {
  const int number = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);
  ASSERT_GE(number, 0);
  FileHandle handle(UniqueFd(open((folder_ / "x").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
  const int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);  // the number that redirect() will get
  close(saved);
  ASSERT_TRUE(handle.redirect(STDOUT_FILENO));
  const int other = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  dup2(other, saved);
  handle.close();
  struct stat at_stdout, at_saved;
  const bool is_open = fstat(saved, &at_saved) == 0;
  fstat(STDOUT_FILENO, &at_stdout);
  dup2(number, STDOUT_FILENO);
  close(number);
  close(saved);
  close(other);
  EXPECT_TRUE(is_open);
  EXPECT_FALSE(S_ISDIR(at_stdout.st_mode));
}

// A line without end must not be read whole for a part of it.
TEST_F(UtilsHandles, PartsOfAnEndlessLine) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(write(ends[1], "0123456789", 10), 10);
  FileHandle handle{UniqueFd(ends[0])};
  alarm(20);  // it would wait for the newline
  EXPECT_EQ(handle.read_line(-1, 4), "0123");
  EXPECT_EQ(handle.read_line(-1, 4), "4567");
  ASSERT_EQ(write(ends[1], "\nx", 2), 2);
  EXPECT_EQ(handle.read_line(-1, 99), "89\n");
  close(ends[1]);
  EXPECT_EQ(handle.read_line(-1, 99), "x");
  alarm(0);
}

TEST_F(UtilsHandles, LinesOfAHandleOutliveTheScriptsReference) {
  folder_.write("l", "a\nb\n");
  run("var next = fopen(d + 'l', 'r').readLine().next; Duktape.gc(); Duktape.gc()");
  EXPECT_JS("[next(), next(), next()]", R"(["a\n","b\n",null])");
}

TEST_F(UtilsHandles, WhatInheritsFromAHandleDoesNotOwnIt) {
  run("var h = fopen(d + 'o', 'w'); for (var i = 0; i < 50; i++) Object.create(h); Duktape.gc(); Duktape.gc()");
  EXPECT_JS("h.fwrite('still open')", "10");
}

TEST_F(UtilsHandles, OnTheOpenFile) {
  run("var h = fopen(d + 's', 'w+'); h.fwrite('12345')");
  EXPECT_JS("[h.fstat().size, h.fstat().isFile, 'readable' in h.fstat(), h.fileNo() > 2]", "[5,true,false,true]");
  EXPECT_JS("[h.fsync(), h.fdatasync(), h.ftruncate(2), h.fstat().size, h.fchmod('0600'), h.fstat().mode & 0777]",
            "[null,null,null,2,null,384]");
  EXPECT_JS("(h.fUtimes(1000, new Date(2000000)), [h.fstat().atime.getTime(), h.fstat().mtime.getTime()])",
            "[1000000,2000000]");
  EXPECT_JS("(h.fUtimes({setaccess: false, setmodify: 7}), [h.fstat().atime.getTime(), h.fstat().mtime.getTime()])",
            "[1000000,7000]");
  EXPECT_JS("h.fchown(-1, -1)", "undefined");
  EXPECT_JS("h.ftruncate(-1)", "throws ftruncate(): length must be a Number, 0 or more");
  EXPECT_JS("h.fchmod()", "throws fchmod(): invalid or no mode specified");
  EXPECT_JS("h.fchown('no-such-user')", "throws error changing ownership (user not found): no-such-user");
}

TEST_F(UtilsHandles, StandardInput) {
  int saved = dup(STDIN_FILENO);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "one\ntwo\nthree", 13), 13);
  close(ends[1]);
  dup2(ends[0], STDIN_FILENO);
  EXPECT_JS("[stdin.fgets(10), getchar(), stdin.getchar(2), readLine(stdin).next(), stdin.fread(true), getchar(5)]",
            R"(["one\n","t","wo","\n","three",""])");
  dup2(saved, STDIN_FILENO);
  for (int fd : {saved, ends[0]}) close(fd);
}

TEST_F(UtilsHandles, RawDescriptors) {
  run("var fd = open(d + 'raw', O.RDWR | O.CREAT | O.EXCL | O.CLOEXEC, '0640')");
  EXPECT_JS("[write(fd, 'hello'), write(fd, stringToBuffer('J'), 0), lseek(fd, 0), bufferToString(read(fd, 3))]",
            R"([5,1,0,"Jel"])");
  EXPECT_JS("[bufferToString(read(fd, 99, 3)), read(fd, 9, 99).length, lseek(fd, -1, O.SEEK_END)]", R"(["lo",0,4])");
  EXPECT_JS("[fstatFd(fd).size, fsyncFd(fd), fdatasyncFd(fd), ftruncateFd(fd, 1), fstatFd(fd).size]",
            "[5,null,null,null,1]");
  EXPECT_JS("[fchmodFd(fd, 0600), fchownFd(fd, -1, -1), futimesFd(fd, 5, 6), fstatFd(fd).mtime.getTime()]",
            "[null,null,null,6000]");
  EXPECT_JS("[close(fd)]", "[null]");
  EXPECT_JS("read(fd, 1)", "throws read(): Bad file descriptor");
  EXPECT_JS("close(fd)", "throws close(): Bad file descriptor");
  EXPECT_EQ(show("open({path: d + 'raw', flags: O.CREAT | O.EXCL | O.WRONLY})"),
            "throws open(): " + (folder_ / "raw") + ": File exists");
  EXPECT_JS("open(d + 'raw')", "throws open(): flags must be a Number");
  EXPECT_JS("read('x', 1)", "throws read(): the descriptor must be a Number");
  EXPECT_JS("[O.RDONLY, O.SEEK_SET, O.SEEK_CUR, Object.keys(O).length]", "[0,0,1,19]");
}

}  // namespace
}  // namespace ravelin::worker
