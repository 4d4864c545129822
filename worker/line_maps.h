// LineMaps: which line of the original file a line of compiled code came from, for the stacks of errors. The tables
// stay in the compact form in which the compiler gives them; only an error's stack pays for looking something up. Not
// for: columns (the engine knows none). Part of JsHeap; any process that runs script.
//
// A table is a text: for each compiled line the difference of its original line to that of the line before, as a
// zigzag-coded LEB128 number. Original line 0 marks lines that the compiler put in front (its helper functions).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ravelin::worker {

// The table for the "mappings" of a source map (https://tc39.es/ecma426, version 3). Empty when they are malformed.
std::string line_table_from_mappings(std::string_view mappings);

// The original line of the compiled `line` (both from 1); lines beyond the table count as its last one. 0: none.
uint32_t original_line(std::string_view table, uint32_t line);

// The code with each of its lines on its original one, or as near behind it as can be: for code whose lines nobody
// looks up. Each line of it must be whole (the compiler ends statements with semicolons and writes no comments).
std::string with_original_lines(std::string_view code, std::string_view table);

class LineMaps {
 public:
  // `file` as it stands in stacks. Replaces what was known of it.
  void set(std::string_view file, std::string table) { tables_.insert_or_assign(std::string(file), std::move(table)); }
  // The file is plain again.
  void forget(std::string_view file) {
    if (!tables_.empty()) tables_.erase(std::string(file));
  }
  bool empty() const { return tables_.empty(); }

  // The original line of a line of `file`; `line` itself when the file was not compiled.
  uint32_t line_of(std::string_view file, uint32_t line) const;

  // A stack in the engine's form ("    at name (file:line)" lines behind a message), with original lines and without
  // the frames of the compiler's helpers.
  std::string map_stack(std::string_view stack) const;

 private:
  std::unordered_map<std::string, std::string> tables_;  // by file
};

}  // namespace ravelin::worker
