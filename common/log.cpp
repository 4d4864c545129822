#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "common/check.h"

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

}  // namespace

void set_log_tag(const char* tag) { log_tag = tag; }

void log_line(std::string_view text) {
  char stamp[64];
  time_t now = time(nullptr);
  tm local;
  localtime_r(&now, &local);
  size_t stamp_length = strftime(stamp, sizeof stamp, "%d/%b/%Y:%H:%M:%S %z ", &local);
  std::string line(stamp, stamp_length);
  line += '[';
  line += log_tag;
  line += "] ";
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  append_escaped(line, text);
  line += '\n';
  size_t done = 0;
  while (done < line.size()) {
    ssize_t n = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
    if (n <= 0) return;  // a log that cannot be written must not stop the service
    done += static_cast<size_t>(n);
  }
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
