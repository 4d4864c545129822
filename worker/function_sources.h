// FunctionSources: the texts of script files as their authors wrote them, for toString() of their functions
// (runtime-api 6.3, 6.4: functionSources). A function knows the number of its source and where it stands in the
// compiled text (engine_extra.h), which costs a closure nothing; the rest is looked up here, and only by toString().
// Texts are kept compressed: the file itself may have changed since. Not for: plain scripts, whose functions answer
// "[ecmascript code]". Part of JsHeap; any process that runs script.
#pragma once

#include <duktape.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "worker/compile_prepass.h"

namespace ravelin::worker {

// A function of compiled code: where it ends there (behind its brace), and where it stands in what was compiled. Bytes.
struct FunctionPlace {
  uint32_t code_end = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
};

// The table for the "places" of typescript_host.js, whose numbers count UTF-16 units of `code` and `source`. A table is
// a text: zigzag LEB128 numbers, three for each function, by `code_end`: that, `begin` (both as differences to the
// function before) and the length. Empty when the places are malformed.
std::string function_table_from_places(std::string_view places, std::string_view code, std::string_view source);

// The function that ends there.
std::optional<FunctionPlace> find_function(std::string_view table, uint32_t code_end);

class FunctionSources {
 public:
  struct Source {
    std::string text;                  // of the file
    std::optional<std::string> table;  // nothing: the file was compiled as it is
    std::vector<TextShift> shifts;     // from what was compiled to `text`
    uint32_t head_bytes = 0;           // that the engine saw before the code
  };

  // Takes the place of an earlier version of the file, whose functions keep their text as long as there is room
  // (limits::kReplacedSourceBytes). Returns the number for ravelin_set_source().
  uint32_t add(std::string_view file, Source source);
  // The functions of the file have no text from now on.
  void forget(std::string_view file);

  // The text of a function; `place` as ravelin_function_place() gives it.
  std::optional<std::string> text_of(const uint32_t place[3]) const;

  // Every file is to keep its functions' texts: "use transpilerGlobally" was seen.
  bool is_for_all = false;

 private:
  struct Kept {
    Source source;  // its text is empty when it is compressed
    std::string compressed;
    size_t text_size = 0;
  };
  void retire(uint32_t id);

  uint32_t last_id_ = 0;
  std::unordered_map<uint32_t, Kept> kept_;
  std::unordered_map<std::string, uint32_t> current_;  // by file
  std::deque<uint32_t> replaced_;                      // oldest first
  size_t replaced_bytes_ = 0;
};

// Puts Function.prototype.toString() in the place of the engine's. install_library() calls it.
void install_function_sources(duk_context* js);

}  // namespace ravelin::worker
