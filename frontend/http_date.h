// Dates of HTTP (RFC 9110 5.6.7) without locale or time zone tables, and the Date header line made once per second.
// Not for: log lines (common/log.h). Frontend; a DateCache belongs to one loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ravelin::frontend {

// Appends "Sun, 06 Nov 1994 08:49:37 GMT". Seconds outside the years 0 to 9999 are brought to the nearest end.
void append_http_date(std::string& out, int64_t unix_seconds);

// All three forms that RFC 9110 5.6.7 asks a recipient to take; nullopt for anything else, also for impossible dates.
// `now` places the two-digit years of RFC 850.
std::optional<int64_t> parse_http_date(std::string_view text, int64_t now);

// Whole seconds of the wall clock, from the coarse clock (no system call).
int64_t wall_seconds();

class DateCache {
 public:
  // "Date: ...\r\n" of this second. Valid until the next call.
  std::string_view line() { return line_at(wall_seconds()); }
  std::string_view line_at(int64_t unix_seconds);

 private:
  int64_t second_ = INT64_MIN;
  std::string line_;
};

}  // namespace ravelin::frontend
