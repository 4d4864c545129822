// The error log: one line per event, `DD/Mon/YYYY:HH:MM:SS +ZZZZ [tag] text`, written to descriptor 2 with one write()
// (up to 4 KB) so that lines of several processes do not mix. Not for: the access log, script output. Any process, any
// thread.
#pragma once

#include <string_view>

namespace ravelin {

// The process name that stands in each line ("launcher", "frontend", "zygote", "worker"). Set once per process, kept by
// reference: pass a literal.
void set_log_tag(const char* tag);

// Writes one entry; `text` may have several lines, they follow as they are. Control bytes other than newline and tab
// are written as \xHH, since text may carry client data (server-details 13.4, 13.5). Never throws, never blocks on a
// lock. When nobody reads the pipe behind descriptor 2, entries are dropped and later counted in one.
void log_line(std::string_view text);

// printf-style form of log_line.
void logf(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace ravelin
