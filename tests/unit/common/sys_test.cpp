#include "common/sys.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

#include "tests/unit/common/idle_child.h"
#include "tests/unit/common/open_descriptors.h"

namespace ravelin {
namespace {

// Runs `body` in a forked child and returns its exit code (-1: it died): for calls that change the whole process.
int exit_code_of_child(const std::function<int()>& body) {
  pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool becomes_readable(int fd, int timeout_ms) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, timeout_ms) == 1;
}

TEST(Sys, ErrorsSayWhatWasTriedAndWhy) {
  EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
  EXPECT_FALSE(errno_text(123456).empty());
  Error error = system_error("opening /x", EACCES);
  EXPECT_EQ(error.code, ErrorCode::kSystem);
  EXPECT_EQ(error.message, "opening /x: Permission denied");
}

TEST(Sys, SocketpairIsAConnectedNonblockingStream) {
  auto pair = make_socketpair();
  ASSERT_TRUE(pair);
  auto& [left, right] = pair.value();
  for (int fd : {left.get(), right.get()}) {
    EXPECT_TRUE(is_close_on_exec(fd));
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    int type = 0, domain = 0;
    socklen_t size = sizeof type;
    EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
    EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size), 0);
    EXPECT_EQ(type, SOCK_STREAM);
    EXPECT_EQ(domain, AF_UNIX);
  }
  char byte = 0;
  EXPECT_EQ(read(left.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(write(right.get(), "x", 1), 1);
  EXPECT_EQ(read(left.get(), &byte, 1), 1);
  EXPECT_EQ(write(left.get(), "y", 1), 1);
  EXPECT_EQ(read(right.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
}

TEST(Sys, SealedMemfdKeepsItsSize) {
  auto fd = make_memfd("unit", 4096, true);
  ASSERT_TRUE(fd);
  EXPECT_TRUE(is_close_on_exec(fd.value().get()));
  EXPECT_EQ(fcntl(fd.value().get(), F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
  EXPECT_EQ(ftruncate(fd.value().get(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate(fd.value().get(), 8192), -1);
  EXPECT_EQ(pwrite(fd.value().get(), "x", 1, 4096), -1) << "writing behind the end would grow it";
  EXPECT_EQ(pwrite(fd.value().get(), "x", 1, 4095), 1) << "its contents may change";
  struct stat status {};
  EXPECT_EQ(fstat(fd.value().get(), &status), 0);
  EXPECT_EQ(status.st_size, 4096);
}

TEST(Sys, UnsealedMemfdMayGrow) {
  auto fd = make_memfd("unit", 0, false);
  ASSERT_TRUE(fd);
  EXPECT_EQ(fcntl(fd.value().get(), F_GET_SEALS), 0);
  EXPECT_EQ(write(fd.value().get(), "hello", 5), 5);
  EXPECT_EQ(ftruncate(fd.value().get(), 2), 0);
}

TEST(Sys, TemporaryFileHasNoName) {
  char folder[] = "/tmp/ravelin-unit-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  {
    auto file = make_temporary_file(folder);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(std::filesystem::is_empty(folder));
    EXPECT_TRUE(is_close_on_exec(file.value().get()));
    struct stat status {};
    ASSERT_EQ(fstat(file.value().get(), &status), 0);
    EXPECT_EQ(status.st_nlink, 0u);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    EXPECT_EQ(pwrite(file.value().get(), "body", 4, 0), 4);
    char back[4];
    EXPECT_EQ(pread(file.value().get(), back, 4, 0), 4);
    EXPECT_EQ(std::string_view(back, 4), "body");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  EXPECT_EQ(rmdir(folder), 0);
}

TEST(Sys, TemporaryFileNeedsItsFolder) {
  auto file = make_temporary_file("/no/such/folder");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kSystem);
  EXPECT_NE(file.error().message.find("/no/such/folder"), std::string::npos);
  EXPECT_NE(file.error().message.find("No such file or directory"), std::string::npos);
}

TEST(Sys, SpoolDirectoryIsTmpdirWhenThatIsAbsolute) {
  const char* present = getenv("TMPDIR");
  std::string saved = present != nullptr ? present : "";
  unsetenv("TMPDIR");
  EXPECT_EQ(spool_directory(), "/tmp");
  setenv("TMPDIR", "/var/spool", 1);
  EXPECT_EQ(spool_directory(), "/var/spool");
  setenv("TMPDIR", "relative", 1);
  EXPECT_EQ(spool_directory(), "/tmp");
  setenv("TMPDIR", "", 1);
  EXPECT_EQ(spool_directory(), "/tmp");
  present != nullptr ? setenv("TMPDIR", saved.c_str(), 1) : unsetenv("TMPDIR");
}

TEST(Sys, PidfdTellsDeathAndCarriesSignals) {
  IdleChild child;
  auto pidfd = open_pidfd(child.pid());
  ASSERT_TRUE(pidfd) << pidfd.error().message;
  int fd = pidfd.value().get();
  EXPECT_TRUE(is_close_on_exec(fd));
  EXPECT_FALSE(becomes_readable(fd, 0));
  EXPECT_TRUE(signal_pidfd(fd, 0));
  EXPECT_TRUE(signal_pidfd(fd, SIGKILL));
  EXPECT_TRUE(becomes_readable(fd, 10'000));
  int status = child.wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_FALSE(signal_pidfd(fd, SIGKILL)) << "it is reaped: its number may be another's by now";
}

TEST(Sys, PidfdErrors) {
  EXPECT_FALSE(open_pidfd(-1));
  EXPECT_FALSE(signal_pidfd(-1, 0));
}

TEST(Sys, CloexecFromMarksAllDescriptorsAbove) {
  EXPECT_EQ(exit_code_of_child([] {
              int below = fcntl(0, F_DUPFD, 200), at = fcntl(0, F_DUPFD, 300), above = fcntl(0, F_DUPFD, 400);
              set_cloexec_from(at);
              return !is_close_on_exec(below) && is_close_on_exec(at) && is_close_on_exec(above) ? 0 : 1;
            }),
            0);
}

// Opens 100..109, keeps `keep`, closes from 102 up; returns which of 100..109 are left, as text.
std::string left_open(const std::vector<int>& keep) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  pid_t pid = fork();
  if (pid == 0) {
    for (int fd = 100; fd < 110; ++fd) dup2(pipe_ends[1], fd);
    close_all_except(102, keep.data(), keep.size());
    char left[10];
    size_t count = 0;
    for (int fd = 100; fd < 110; ++fd)
      if (is_open(fd)) left[count++] = static_cast<char>('0' + fd - 100);
    ssize_t n = write(100, left, count);  // 100 is below the first to close
    _exit(n == static_cast<ssize_t>(count) ? 0 : 1);
  }
  close(pipe_ends[1]);
  char left[16];
  ssize_t n = read(pipe_ends[0], left, sizeof left);
  close(pipe_ends[0]);
  waitpid(pid, nullptr, 0);
  return std::string(left, static_cast<size_t>(std::max<ssize_t>(n, 0)));
}

TEST(Sys, CloseAllExceptKeepsExactlyTheList) {
  EXPECT_EQ(left_open({}), "01");
  EXPECT_EQ(left_open({102}), "012");
  EXPECT_EQ(left_open({104}), "014");
  EXPECT_EQ(left_open({102, 103, 109}), "01239");
  EXPECT_EQ(left_open({104, 106}), "0146");
  EXPECT_EQ(left_open({3, 100, 105}), "015") << "entries below the first are left alone anyway";
  EXPECT_EQ(left_open({105, 105}), "015");
  EXPECT_EQ(left_open({-1, 105}), "015") << "a descriptor that was never opened";
  EXPECT_EQ(left_open({500}), "01");
}

TEST(Sys, ProcessNameIsCut) {
  EXPECT_EQ(exit_code_of_child([] {
              set_process_name("a-name-that-is-longer-than-15");
              char name[16] = {};
              prctl(PR_GET_NAME, name, 0, 0, 0);
              return std::string_view(name) == "a-name-that-is-" ? 0 : 1;
            }),
            0);
}

TEST(Sys, NonblockingGoesOnAndOff) {
  auto pair = make_socketpair();
  ASSERT_TRUE(pair);
  int fd = pair.value().first.get();
  EXPECT_TRUE(set_nonblocking(fd, false));
  EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_TRUE(set_nonblocking(fd, true));
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_FALSE(set_nonblocking(-1, true));
}

TEST(Sys, KnowsAStoppedProcess) {
  IdleChild child;
  EXPECT_FALSE(process_is_stopped(child.pid()));
  child.send(SIGSTOP);
  EXPECT_TRUE(WIFSTOPPED(child.wait(WUNTRACED)));
  EXPECT_TRUE(process_is_stopped(child.pid()));
  child.send(SIGCONT);
  EXPECT_TRUE(WIFCONTINUED(child.wait(WCONTINUED)));
  EXPECT_FALSE(process_is_stopped(child.pid()));
}

TEST(Sys, AProcessNameDoesNotFoolTheStoppedCheck) {
  IdleChild child("x) T 1 (y");
  const std::string comm = "/proc/" + std::to_string(child.pid()) + "/comm";
  for (std::string name; name != "x) T 1 (y"; std::getline(std::ifstream(comm), name)) usleep(1000);
  EXPECT_FALSE(process_is_stopped(child.pid()));
  child.send(SIGSTOP);
  EXPECT_TRUE(WIFSTOPPED(child.wait(WUNTRACED)));
  EXPECT_TRUE(process_is_stopped(child.pid()));
}

TEST(Sys, ADeadProcessIsNotStopped) {
  EXPECT_FALSE(process_is_stopped(-1));
  EXPECT_FALSE(process_is_stopped(0x7ffffff0));
}

}  // namespace
}  // namespace ravelin
