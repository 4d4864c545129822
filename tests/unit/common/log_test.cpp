#include "common/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "common/clock.h"
#include "tests/unit/common/extended_regex.h"
#include "tests/unit/common/stderr_capture.h"

namespace ravelin {
namespace {

const std::string kPrefix = "^[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4} \\[unit\\] ";

// The text of an entry without its stamp and tag.
std::string without_prefix(const std::string& entry) {
  auto end = end_of_match(entry, kPrefix);
  EXPECT_TRUE(end) << entry;
  return entry.substr(end.value_or(0));
}

// The one entry that was logged.
std::string entry_text(StderrCapture& log) {
  std::vector<std::string> writes = log.writes();
  EXPECT_EQ(writes.size(), 1u);
  return writes.size() == 1 ? without_prefix(writes[0]) : "";
}

class Log : public testing::Test {
 protected:
  void SetUp() override { set_log_tag("unit"); }
  void TearDown() override { set_log_tag("ravelin"); }
};

TEST_F(Log, WritesTimeTagAndTextInOneWrite) {
  StderrCapture log;
  log_line("hello");
  EXPECT_EQ(entry_text(log), "hello\n");
}

TEST_F(Log, TagIsTheProcess) {
  StderrCapture log;
  set_log_tag("zygote");
  log_line("x");
  EXPECT_NE(log.text().find(" [zygote] x\n"), std::string::npos);
}

TEST_F(Log, StampIsNow) {
  StderrCapture log;
  char before[32], after[32];
  time_t then = time(nullptr);
  strftime(before, sizeof before, "%d/%b/%Y:%H:%M:%S %z", localtime(&then));
  log_line("x");
  time_t now = time(nullptr);
  strftime(after, sizeof after, "%d/%b/%Y:%H:%M:%S %z", localtime(&now));
  std::string stamp = log.text().substr(0, strlen(before));
  EXPECT_TRUE(stamp == before || stamp == after) << stamp;
}

TEST_F(Log, EscapesControlBytes) {
  StderrCapture log;
  for (int c = 0; c < 256; ++c) {
    char byte = static_cast<char>(c);
    log_line("a" + std::string(1, byte) + "b");
    char escaped[8];
    snprintf(escaped, sizeof escaped, "\\x%02X", c);
    bool control = (c < 0x20 && byte != '\n' && byte != '\t') || c == 0x7f;
    EXPECT_EQ(entry_text(log), "a" + (control ? escaped : std::string(1, byte)) + "b\n") << c;
  }
}

TEST_F(Log, EndsWithOneNewline) {
  StderrCapture log;
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", "\n"}, {"\n", "\n"}, {"a\n", "a\n"}, {"a\n\n\n", "a\n"}, {"a\nb\n", "a\nb\n"}};
  for (const auto& [text, line] : rows) {
    log_line(text);
    EXPECT_EQ(entry_text(log), line);
  }
}

TEST_F(Log, FormatsTextOfAnyLength) {
  StderrCapture log;
  logf("%s-%d", "x", 5);
  EXPECT_EQ(entry_text(log), "x-5\n");
  logf("100%% %s", "");
  EXPECT_EQ(entry_text(log), "100% \n");
  for (size_t length : {1022u, 1023u, 1024u, 1025u, 100'000u}) {
    std::string text(length, 'y');
    logf("%s", text.c_str());
    EXPECT_EQ(entry_text(log), text + "\n") << length;
  }
}

TEST_F(Log, FormatEscapesItsArguments) {
  StderrCapture log;
  logf("path %s", "/a\r\x1b[31m");
  EXPECT_EQ(entry_text(log), "path /a\\x0D\\x1B[31m\n");
}

TEST_F(Log, PercentSignsInALineAreText) {
  StderrCapture log;
  log_line("%s %n %d");
  EXPECT_EQ(entry_text(log), "%s %n %d\n");
}

TEST_F(Log, AFullDiskStopsNothing) {
  UniqueFd saved(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  dup2(full.get(), STDERR_FILENO);
  log_line("lost");
  dup2(saved.get(), STDERR_FILENO);
}

// From now on send() fails with EAGAIN in this process.
bool refuse_to_send() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof filter / sizeof filter[0], filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// A datagram socket that poll() calls writable may refuse all the same. The entry is dropped and counted; nobody spins.
TEST_F(Log, ASocketThatAlwaysRefusesStopsNothing) {
  const auto log_to_such_a_socket = [] {
    alarm(20);
    int ends[2], pipe_ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0 || pipe(pipe_ends) != 0 || !refuse_to_send()) _exit(1);
    dup2(ends[1], STDERR_FILENO);
    log_line("refused");
    dup2(pipe_ends[1], STDERR_FILENO);
    log_line("x");
    char text[512] = {};
    if (read(pipe_ends[0], text, sizeof text - 1) < 0) _exit(2);
    _exit(strstr(text, " 1 entries are lost") ? 0 : 3);
  };
  EXPECT_EXIT(log_to_such_a_socket(), testing::ExitedWithCode(0), "");
}

// Stands behind descriptor 2: a pipe without any room.
class FullPipe {
 public:
  FullPipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    const UniqueFd writer(ends[1]);
    fcntl(writer.get(), F_SETFL, O_NONBLOCK);
    const std::string page(4096, 'x');
    while (write(writer.get(), page.data(), page.size()) > 0) {
    }
    fcntl(writer.get(), F_SETFL, 0);
    dup2(writer.get(), STDERR_FILENO);
  }
  ~FullPipe() { dup2(saved_.get(), STDERR_FILENO); }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  void read_page() {
    std::string bytes(4096, '\0');
    EXPECT_GT(read(reader_.get(), bytes.data(), bytes.size()), 0);
  }

 private:
  UniqueFd saved_{fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)};
  UniqueFd reader_;
};

// How often this thread has slept.
long sleeps() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

TEST_F(Log, NobodyWaitsAgainForAReaderWhoNeverReads) {
  {
    FullPipe pipe;
    log_line("in vain");
    poll(nullptr, 0, 1100);  // the next second, with patience of its own
    const long before = sleeps();
    log_line("lost at once");
    EXPECT_EQ(sleeps(), before);
  }
  StderrCapture log;
  log_line("x");
  EXPECT_NE(log.text().find("nobody read the log: 2 entries are lost\n"), std::string::npos) << log.text();
}

// Takes one page whenever kPauseMs have gone.
TEST_F(Log, ASlowReaderDoesNotHoldEveryEntry) {
  constexpr int kPauseMs = 50, kEntries = 60;
  auto pipe = std::make_unique<FullPipe>();
  std::atomic<bool> ends_now{false};
  std::thread slow([&] {
    for (; !ends_now; poll(nullptr, 0, kPauseMs)) pipe->read_page();
  });
  const uint64_t begun_ms = monotonic_ms();
  for (int i = 0; i < kEntries; ++i) log_line(std::string(4000, 'y'));
  const uint64_t took_ms = monotonic_ms() - begun_ms;
  ends_now = true;
  slow.join();
  pipe.reset();
  EXPECT_LT(took_ms, kEntries * kPauseMs / 3) << "each entry waited for the reader";
  StderrCapture log;
  log_line("x");
  EXPECT_NE(log.text().find("nobody read the log: "), std::string::npos) << "what was lost is counted";
}

TEST_F(Log, LinesOfSeveralThreadsDoNotMix) {
  constexpr int kThreads = 4, kLines = 15;
  StderrCapture log;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([t] {
      for (int i = 0; i < kLines; ++i) logf("thread %d line %d.", t, i);
    });
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> seen;
  for (const std::string& write : log.writes()) {
    std::string text = without_prefix(write);
    EXPECT_TRUE(end_of_match(text, "^thread [0-9] line [0-9]+\\.\n$")) << text;
    EXPECT_TRUE(seen.insert(text).second) << text;
  }
  EXPECT_EQ(seen.size(), size_t{kThreads * kLines});
}

}  // namespace
}  // namespace ravelin
