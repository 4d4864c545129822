#include "worker/utils/zone_file.h"

#include <algorithm>

namespace ravelin::worker {
namespace {

constexpr size_t kHeaderBytes = 44;
constexpr size_t kVersionAt = 4;
constexpr size_t kCountsAt = 20;
constexpr size_t kPeriodBytes = 6;

uint64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// The six counts of a header, and how long its data block is.
struct Counts {
  size_t is_utc, is_standard, leaps, transitions, periods, name_bytes;

  static Counts of(std::string_view header) {
    size_t counts[6];
    for (size_t i = 0; i < 6; ++i) counts[i] = big_endian(header.substr(kCountsAt + 4 * i, 4));
    return {counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
  }
  // 32-bit counts: the sum cannot overflow.
  size_t block_bytes(size_t time_bytes) const {
    return transitions * (time_bytes + 1) + periods * kPeriodBytes + name_bytes + leaps * (time_bytes + 4) +
           is_standard + is_utc;
  }
};

bool has_header(std::string_view bytes) { return bytes.size() >= kHeaderBytes && bytes.starts_with("TZif"); }

std::optional<ZoneFile> parse_block(std::string_view bytes, const Counts& counts, size_t time_bytes) {
  if (bytes.size() < counts.block_bytes(time_bytes) || counts.periods == 0 || counts.periods > 256) return std::nullopt;
  const std::string_view times = bytes.substr(0, counts.transitions * time_bytes);
  const std::string_view indexes = bytes.substr(times.size(), counts.transitions);
  const std::string_view periods = bytes.substr(times.size() + indexes.size(), counts.periods * kPeriodBytes);
  const std::string_view names = bytes.substr(times.size() + indexes.size() + periods.size(), counts.name_bytes);
  ZoneFile zone;
  for (size_t i = 0; i < counts.periods; ++i) {
    const std::string_view fields = periods.substr(i * kPeriodBytes, kPeriodBytes);
    const size_t name_at = static_cast<unsigned char>(fields[5]);
    if (name_at >= names.size()) return std::nullopt;
    const std::string_view name = names.substr(name_at);
    zone.periods.push_back({std::string(name.substr(0, name.find('\0'))),
                            static_cast<int32_t>(static_cast<uint32_t>(big_endian(fields.substr(0, 4)))),
                            fields[4] != 0});
  }
  for (size_t i = 0; i < counts.transitions; ++i) {
    const uint64_t time = big_endian(times.substr(i * time_bytes, time_bytes));
    const auto period = static_cast<uint8_t>(indexes[i]);
    if (period >= counts.periods) return std::nullopt;
    zone.transitions.push_back(
        {time_bytes == 4 ? static_cast<int32_t>(static_cast<uint32_t>(time)) : static_cast<int64_t>(time), period});
  }
  return zone;
}

}  // namespace

std::optional<ZoneFile> parse_zone_file(std::string_view bytes) {
  if (!has_header(bytes)) return std::nullopt;
  const Counts first = Counts::of(bytes);
  if (bytes[kVersionAt] < '2') return parse_block(bytes.substr(kHeaderBytes), first, 4);
  // From version 2 on the same follows once more with 64-bit times.
  bytes.remove_prefix(std::min(bytes.size(), kHeaderBytes + first.block_bytes(4)));
  if (!has_header(bytes)) return std::nullopt;
  return parse_block(bytes.substr(kHeaderBytes), Counts::of(bytes), 8);
}

}  // namespace ravelin::worker
