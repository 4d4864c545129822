// The prepass of the compiler sees every modern script file: it must end, stay inside the text and keep the lines.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "worker/compile_frames.h"
#include "worker/compile_prepass.h"
#include "worker/line_maps.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace ravelin::worker;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const std::string rewritten = rewrite_template_extensions(text);
  if (std::count(text.begin(), text.end(), '\n') != std::count(rewritten.begin(), rewritten.end(), '\n')) abort();
  if (!may_use_template_extensions(text) && rewritten != text) abort();
  read_directive(text);
  original_line(line_table_from_mappings(text), 100);
  LineMaps maps;
  maps.set("/a.js", std::string(text));
  maps.map_stack(text);
  parse_compiled(text);
  return 0;
}
