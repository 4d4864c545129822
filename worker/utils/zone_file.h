// Compiled time zone files (RFC 8536, as in /usr/share/zoneinfo). Not for: computing local times. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

struct ZoneFile {
  struct Period {  // what clocks show for a time
    std::string abbreviation;
    int32_t offset_seconds = 0;  // east of UTC
    bool is_dst = false;
  };
  struct Transition {
    int64_t at_seconds = 0;  // since 1970, UTC
    uint8_t period = 0;      // which one begins
  };
  std::vector<Period> periods;
  std::vector<Transition> transitions;
};

// Files that are larger are no zone files.
constexpr size_t kMaxZoneFileBytes = 256 * 1024;

// Nothing when the bytes are no whole file of that format. Of files with 64-bit times these are taken.
std::optional<ZoneFile> parse_zone_file(std::string_view bytes);

}  // namespace ravelin::worker
