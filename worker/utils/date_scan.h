// Reading dates from text by strptime patterns, known or tried one after another (runtime-api 7.5).
// Not for: JavaScript values (dates.cpp). Pure functions but for the clock: what a text leaves out is today's, in UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

struct ScannedDate {
  int64_t seconds = 0;         // since the epoch
  int64_t offset_seconds = 0;  // east of UTC, as found in the text or assumed
  size_t end = 0;              // bytes of the text that were used
  std::string format;          // the pattern that matched
};

// Matches the beginning of `text`. `assumed_offset` holds when the text has no numeric zone. A fraction of a second
// (".123",
// ".123Z") is skipped, and %y must not be followed by more digits.
std::optional<ScannedDate> scan_date(std::string_view text, const std::string& format, int64_t assumed_offset);

// The patterns of scanDate() without a format.
std::optional<ScannedDate> scan_common_date(std::string_view text, int64_t assumed_offset);

// All patterns of autoScanDate(), then all again without the commas of the text.
std::optional<ScannedDate> scan_any_date(std::string_view text);

struct ZoneMeaning {
  std::string_view name;   // what an abbreviation stands for: "America/New_York"
  int64_t offset_seconds;  // east of UTC
};

// What the abbreviation ("EST") may mean, the likeliest first; empty when it is not known.
std::vector<ZoneMeaning> zones_abbreviated(std::string_view abbreviation);

}  // namespace ravelin::worker
