// Patterns come from scripts, which may have them from anybody: whatever they are, the translator ends within bounds,
// and what it writes PCRE2 takes or refuses with the errors that are expected of it. Then it matches a little.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/regexp/engine.h"
#include "worker/regexp/program.h"
#include "worker/regexp/replacement.h"
#include "worker/regexp/subject.h"

namespace {

using namespace ravelin::worker;
using namespace ravelin::worker::regexp;

void match(duk_context* js, Engine& engine, Code& code, std::string_view text) {
  Subject subject(js);
  subject.assign(text, code.flags.unicode);
  std::vector<size_t> ends;
  for (size_t unit = 0; unit <= subject.size() && engine.match(js, code, subject, unit, code.flags.sticky, ends);) {
    if (ends.size() != (code.captures + 1) * 2) abort();
    for (size_t i = 0; i < ends.size(); ++i) {
      if (ends[i] == PCRE2_UNSET) continue;
      if (ends[i] > subject.size()) abort();
      const Subject::Place place = subject.place_of(ends[i]);
      if (place.byte > text.size() || subject.unit_at(place.index) != ends[i]) abort();
    }
    unit = ends[1] == ends[0] ? ends[1] + 1 : ends[1];
    if (ends[1] < ends[0]) break;  // PCRE2's \K, which patterns cannot have
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static JsHeap heap;
  if (size < 1 || size > 2000) return 0;
  Flags flags;
  flags.ignore_case = (bytes[0] & 1) != 0;
  flags.multiline = (bytes[0] & 2) != 0;
  flags.dot_all = (bytes[0] & 4) != 0;
  flags.unicode = (bytes[0] & 8) != 0;
  flags.sticky = (bytes[0] & 16) != 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  Replaced replaced;
  const std::vector<GroupName> names = {{"a", 0}};
  replaced.text = text;
  replaced.groups = {text};
  replaced.names = &names;
  expand_replacement(text, replaced, [](std::string_view) {});
  run_protected(heap.js(), [&](duk_context* js) {
    Engine engine(js);
    auto code = engine.code_of(make_program(flags, text));
    if (!code) return;
    heap.arm_deadline(1);  // long ago: after the first piece of steps a match ends
    match(js, engine, *code.value(), text.substr(0, 200));
  });
  heap.disarm_deadline();
  if (duk_get_top(heap.js()) > 0) duk_set_top(heap.js(), 0);
  return 0;
}
