// Numbers in the tables of line_maps and function_sources: zigzag-coded LEB128, so that small differences of either
// sign take a byte. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ravelin::worker {

inline void append_varint(std::string& out, int64_t number) {
  uint64_t zigzag = (static_cast<uint64_t>(number) << 1) ^ (number < 0 ? UINT64_MAX : 0);
  for (; zigzag >= 0x80; zigzag >>= 7) out.push_back(static_cast<char>(zigzag | 0x80));
  out.push_back(static_cast<char>(zigzag));
}

// From the front of a text; what is left of a number that is cut off counts as it is.
inline int64_t take_varint(std::string_view& in) {
  uint64_t zigzag = 0;
  for (unsigned shift = 0; !in.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    zigzag |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  return static_cast<int64_t>(zigzag >> 1) ^ -static_cast<int64_t>(zigzag & 1);
}

}  // namespace ravelin::worker
