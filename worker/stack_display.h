// How the stacks of errors look (rampart.utils.errorConfig, runtime-api 7.8): without the engine's own frames, and with
// lines of source below. Not for: original lines of compiled files (line_maps.h), which frames logs show
// (js_error.h). Any process that runs script.
#pragma once

#include <string>
#include <string_view>

namespace ravelin::worker {

struct StackDisplay {
  bool is_simple = true;  // only the frames of scripts
  int lines = 0;          // of source around the failing one; 0: none
};

// The script's own frames without the engine's remarks, and no others; lines that are no frames stay as they are. With
// a newline before each line.
std::string script_frames(std::string_view frames);

// The frames of a stack, which follow its message, as they shall be shown. Reads the file of the first one when lines
// of source are wanted.
std::string displayed_frames(std::string_view frames, const StackDisplay& display);

}  // namespace ravelin::worker
