#include "worker/stack_display.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "worker/block_hook.h"
#include "worker/js_source.h"

namespace ravelin::worker {
namespace {

constexpr std::string_view kFramePrefix = "    at ";
constexpr size_t kMaxShownBytes = 200;  // of a line of source

// Takes the next line off the text.
std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

bool ends_with_engine_source(std::string_view file) {
  return file.ends_with(".cpp") || file.ends_with(".c") || file.ends_with(".h");
}

struct Frame {
  std::string_view text;  // "    at fn (file:line)"
  std::string_view file;
  std::string_view line;
};

// A frame of Duktape's traceback, or nothing when it is not the script's own:
//   at fn (file:line) strict preventsyield    script
//   at [anon] (file:line) internal            where the compiler stood, or __FILE__ and __LINE__ of C code
//   at fn () native strict                    C function
//   at fn light strict                        C function
std::optional<Frame> script_frame(std::string_view line) {
  const size_t open = line.rfind(" (");
  const size_t close = line.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const std::string_view flags = line.substr(close + 1);
  if (flags.starts_with(" native")) return std::nullopt;
  const std::string_view place = line.substr(open + 2, close - open - 2);
  const size_t colon = std::min(place.rfind(':'), place.size());
  Frame frame{line.substr(0, close + 1), place.substr(0, colon), place.substr(std::min(colon + 1, place.size()))};
  if (flags.starts_with(" internal") && ends_with_engine_source(frame.file)) return std::nullopt;
  return frame;
}

// The failing line of the file among its neighbours; empty when the file or the line is not there.
std::string source_around(const std::string& path, uint32_t failing, uint32_t wanted) {
  SourceFile file;
  if (path.empty() || path.front() != '/' || read_source_file(path, file) != 0) return "";
  const uint32_t before = wanted / 2;
  const uint32_t first = failing > before ? failing - before : 1;
  std::string shown;
  std::string_view text = file.text;
  for (uint32_t number = 1; number <= failing + before; ++number) {
    if (text.empty()) return number <= failing ? "" : shown;
    std::string_view line = next_line(text);
    if (number < first) continue;
    if (line.ends_with('\r')) line.remove_suffix(1);
    char head[32];
    snprintf(head, sizeof head, "\n%s %5u  ", number == failing ? "->" : "  ", number);
    shown.append(head).append(line.substr(0, kMaxShownBytes));
    if (line.size() > kMaxShownBytes) shown += "...";
  }
  return shown;
}

std::string source_of_stack(std::string_view frames, int lines) {
  while (!frames.empty()) {
    const std::string_view line = next_line(frames);
    if (!line.starts_with(kFramePrefix)) continue;
    const std::optional<Frame> frame = script_frame(line);
    uint32_t number = 0;
    if (!frame || std::from_chars(frame->line.begin(), frame->line.end(), number).ec != std::errc() || number == 0)
      continue;
    std::string shown = source_around(std::string(frame->file), number, static_cast<uint32_t>(lines));
    if (!shown.empty()) return shown;
  }
  return "";
}

}  // namespace

std::string script_frames(std::string_view frames) {
  std::string out;
  while (!frames.empty()) {
    const std::string_view line = next_line(frames);
    if (line.empty()) continue;
    if (!line.starts_with(kFramePrefix)) {
      out.append("\n").append(line);
    } else if (const std::optional<Frame> frame = script_frame(line)) {
      out.append("\n").append(frame->text);
    }
  }
  return out;
}

std::string displayed_frames(std::string_view frames, const StackDisplay& display) {
  std::string shown = display.is_simple ? script_frames(frames) : std::string(frames);
  if (display.lines > 0) {
    about_to_block();
    shown += source_of_stack(frames, display.lines);
  }
  return shown;
}

}  // namespace ravelin::worker
