#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "common/check.h"
#include "common/clock.h"
#include "common/reader_patience.h"

namespace ravelin {
namespace {

const char* log_tag = "ravelin";

void append_escaped(std::string& line, std::string_view text) {
  static const char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) {
      line += "\\x";
      line += kHex[byte >> 4];
      line += kHex[byte & 15];
    } else {
      line += c;
    }
  }
}

// A pipe or socket that nobody reads, or reads slowly, must not stop the service: when the patience is up entries are
// dropped, and counted. poll() promises room for kPipeWrite bytes of a pipe: such a write does not block. Changing
// descriptor 2 to non-blocking instead would change it for all who share it, a shell among them.
constexpr size_t kPipeWrite = 4096;
// A descriptor that poll() calls writable may refuse the write all the same: a datagram socket whose peer's queue is
// full, one without room for the whole datagram, a pipe that somebody has filled meanwhile.
constexpr int kMaxRefusals = 16;
ReaderPatience patience;
std::atomic<unsigned> entries_lost{0};

int poll_log(int timeout_ms) {
  pollfd watched{STDERR_FILENO, POLLOUT, 0};
  int found;
  do {
    found = poll(&watched, 1, timeout_ms);
  } while (found < 0 && errno == EINTR);
  return found;
}

bool can_write() {
  if (poll_log(0) != 0) return true;
  const uint64_t begun_ns = monotonic_ns();
  const uint64_t reserved_ns = patience.reserve(begun_ns);
  if (reserved_ns == 0) return false;
  const bool has_room = poll_log(static_cast<int>(reserved_ns / kNsPerMs) + 1) != 0;
  patience.end_wait(reserved_ns, monotonic_ns() - begun_ns, has_room);
  return has_room;
}

bool write_all(std::string_view text) {
  struct stat status {};
  const mode_t kind = fstat(STDERR_FILENO, &status) == 0 ? status.st_mode & S_IFMT : 0;
  const size_t most = kind == S_IFIFO || kind == S_IFCHR ? kPipeWrite : text.size();
  int refusals_left = kMaxRefusals;
  while (!text.empty()) {
    if (kind != S_IFREG && !can_write()) return false;
    ssize_t n = kind == S_IFSOCK ? ::send(STDERR_FILENO, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : ::write(STDERR_FILENO, text.data(), std::min(text.size(), most));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      if (refusals_left-- == 0) return false;
      continue;
    }
    if (n <= 0) return true;  // a log that cannot be written must not stop the service, and waiting does not help
    patience.note_written();
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string entry(std::string_view text) {
  char stamp[64];
  time_t now = time(nullptr);
  tm local;
  localtime_r(&now, &local);
  size_t stamp_length = strftime(stamp, sizeof stamp, "%d/%b/%Y:%H:%M:%S %z ", &local);
  std::string line(stamp, stamp_length);
  line.append("[").append(log_tag).append("] ");
  append_escaped(line, text);
  return line += '\n';
}

}  // namespace

void set_log_tag(const char* tag) { log_tag = tag; }

void log_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const unsigned lost = entries_lost.exchange(0);
  if (lost > 0 && !write_all(entry("warning: nobody read the log: " + std::to_string(lost) + " entries are lost")))
    entries_lost += lost;
  if (!write_all(entry(text))) ++entries_lost;
}

void logf(const char* format, ...) {
  va_list args;
  va_start(args, format);
  char small[1024];
  va_list again;
  va_copy(again, args);
  int needed = vsnprintf(small, sizeof small, format, args);
  va_end(args);
  if (needed >= 0 && static_cast<size_t>(needed) < sizeof small) {
    log_line({small, static_cast<size_t>(needed)});
  } else if (needed >= 0) {
    std::string large(static_cast<size_t>(needed) + 1, '\0');
    vsnprintf(large.data(), large.size(), format, again);
    large.pop_back();
    log_line(large);
  }
  va_end(again);
}

void check_failed(const char* file, int line, const char* condition) {
  logf("alert: broken invariant at %s:%d: %s", file, line, condition);
  abort();
}

}  // namespace ravelin
