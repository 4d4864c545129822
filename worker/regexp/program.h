// The form in which a RegExp object and a compiled function keep an expression of this engine: a text in the place of
// the script engine's bytecode for expressions. Two bytes of flags, then the pattern as it was written. The script
// engine's own begins with its flags too, and has never kExtended among them.
#pragma once

#include <string>
#include <string_view>

#include "worker/regexp/translate.h"

namespace ravelin::worker::regexp {

// The first byte: those that the script engine has as well, at its places. engine_extra.inc knows kExtended.
constexpr char kGlobal = 1;
constexpr char kIgnoreCase = 2;
constexpr char kMultiline = 4;
constexpr char kExtended = 0x40;
// The second byte.
constexpr char kDotAll = 1;
constexpr char kUnicode = 2;
constexpr char kSticky = 4;
constexpr char kHasIndices = 8;
constexpr size_t kProgramHead = 2;

inline bool is_program(std::string_view text) { return text.size() >= kProgramHead && (text[0] & kExtended) != 0; }

inline std::string make_program(const Flags& flags, std::string_view pattern) {
  std::string program(kProgramHead, kExtended);
  program[0] = static_cast<char>(kExtended | (flags.global ? kGlobal : 0) | (flags.ignore_case ? kIgnoreCase : 0) |
                                 (flags.multiline ? kMultiline : 0));
  program[1] = static_cast<char>(kExtended | (flags.dot_all ? kDotAll : 0) | (flags.unicode ? kUnicode : 0) |
                                 (flags.sticky ? kSticky : 0) | (flags.has_indices ? kHasIndices : 0));
  return program.append(pattern);
}

inline Flags flags_of(std::string_view program) {
  Flags flags;
  flags.global = (program[0] & kGlobal) != 0;
  flags.ignore_case = (program[0] & kIgnoreCase) != 0;
  flags.multiline = (program[0] & kMultiline) != 0;
  flags.dot_all = (program[1] & kDotAll) != 0;
  flags.unicode = (program[1] & kUnicode) != 0;
  flags.sticky = (program[1] & kSticky) != 0;
  flags.has_indices = (program[1] & kHasIndices) != 0;
  return flags;
}

}  // namespace ravelin::worker::regexp
