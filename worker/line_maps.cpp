#include "worker/line_maps.h"

#include <charconv>

#include "worker/varint.h"

namespace ravelin::worker {

namespace {

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// One number of a segment: Base64 digits of 5 bits, low ones first, the lowest bit is the sign. False: malformed.
bool take_segment_number(std::string_view& in, int64_t& number) {
  uint64_t bits = 0;
  for (unsigned shift = 0; shift < 60; shift += 5) {
    const int digit = in.empty() ? -1 : base64_digit(in.front());
    if (digit < 0) return false;
    in.remove_prefix(1);
    bits |= static_cast<uint64_t>(digit & 31) << shift;
    if ((digit & 32) != 0) continue;
    number = (bits & 1) != 0 ? -static_cast<int64_t>(bits >> 1) : static_cast<int64_t>(bits >> 1);
    return true;
  }
  return false;
}

struct FramePlace {
  std::string_view file;
  uint32_t line;
  size_t line_begin;  // of the digits, in the frame's text
  size_t line_end;
};

// The "(file:line)" of a frame.
bool find_place(std::string_view frame, FramePlace& place) {
  if (!frame.starts_with("    at ")) return false;
  const size_t close = frame.rfind(')');
  const size_t open = frame.rfind(" (", close);
  if (close == std::string_view::npos || open == std::string_view::npos) return false;
  const size_t colon = frame.rfind(':', close);
  if (colon == std::string_view::npos || colon < open) return false;
  place.file = frame.substr(open + 2, colon - open - 2);
  place.line_begin = colon + 1;
  place.line_end = close;
  const auto parsed = std::from_chars(frame.data() + colon + 1, frame.data() + close, place.line);
  return parsed.ec == std::errc() && parsed.ptr == frame.data() + close;
}

}  // namespace

std::string line_table_from_mappings(std::string_view mappings) {
  std::string table;
  int64_t state[5] = {};  // column, source, original line, original column, name: all but the column are relative
  int64_t previous = 0;
  int64_t current = 0;
  bool has_line = false;
  for (;;) {
    if (mappings.empty() || mappings.front() == ';') {
      append_varint(table, current - previous);
      previous = current;
      has_line = false;
      if (mappings.empty()) return table;
    }
    if (mappings.front() == ';' || mappings.front() == ',') {
      mappings.remove_prefix(1);
      continue;
    }
    size_t count = 0;
    while (!mappings.empty() && mappings.front() != ';' && mappings.front() != ',') {
      int64_t number = 0;
      if (count == 5 || !take_segment_number(mappings, number)) return {};
      state[count++] += number;
    }
    // The first segment of a line is where its first statement came from.
    if (count < 4 || has_line) continue;
    current = state[2] + 1;
    has_line = true;
  }
}

uint32_t original_line(std::string_view table, uint32_t line) {
  int64_t original = 0;
  for (; line > 0 && !table.empty(); --line) original += take_varint(table);
  return original > 0 ? static_cast<uint32_t>(original) : 0;
}

std::string with_original_lines(std::string_view code, std::string_view table) {
  std::string text;
  text.reserve(code.size() + 64);
  int64_t original = 0;
  int64_t at = 1;  // the line that the text has come to
  while (!code.empty()) {
    const size_t end = code.find('\n');
    const std::string_view line = code.substr(0, end);
    code.remove_prefix(end == std::string_view::npos ? code.size() : end + 1);
    if (!table.empty()) original += take_varint(table);
    const bool is_continued = !text.empty() && text.back() == '\\';
    if (is_continued) {
      text += '\n';
      ++at;
    } else if (!text.empty()) {
      text += ' ';
    }
    for (; at < original; ++at) text += '\n';
    text += line;
  }
  return text;
}

uint32_t LineMaps::line_of(std::string_view file, uint32_t line) const {
  const auto found = tables_.find(std::string(file));
  return found == tables_.end() ? line : original_line(found->second, line);
}

std::string LineMaps::map_stack(std::string_view stack) const {
  std::string mapped;
  mapped.reserve(stack.size());
  while (!stack.empty()) {
    const size_t end = stack.find('\n');
    std::string_view frame = stack.substr(0, end);
    stack.remove_prefix(end == std::string_view::npos ? stack.size() : end + 1);
    FramePlace place;
    if (find_place(frame, place)) {
      const uint32_t line = line_of(place.file, place.line);
      if (line == 0) continue;
      if (line != place.line) {
        if (!mapped.empty()) mapped += '\n';
        mapped.append(frame.substr(0, place.line_begin)).append(std::to_string(line));
        mapped.append(frame.substr(place.line_end));
        continue;
      }
    }
    if (!mapped.empty()) mapped += '\n';
    mapped += frame;
  }
  return mapped;
}

}  // namespace ravelin::worker
