// From JavaScript's regular expressions (ECMAScript 2022 with Annex B) to those of PCRE2. The subject is matched as one
// 32-bit unit per code unit of the String, or per code point with flag u, without PCRE2's UTF mode: so that lone
// surrogates are characters like any other, as the standard has it.
// What remains different from the standard: a capture inside of a repeated group keeps what an earlier turn matched
// when the last turn did not reach it, a turn that matches nothing ends the repetition instead of being taken back, and
// references that ignore case do so as with flag u.
// Linear in time but for lookbehinds, which have limits (pattern_tree.cpp). Pure functions, any process that runs
// script.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace ravelin::worker::regexp {

struct Flags {
  bool has_indices = false;  // d
  bool global = false;       // g
  bool ignore_case = false;  // i
  bool multiline = false;    // m
  bool dot_all = false;      // s
  bool unicode = false;      // u
  bool sticky = false;       // y

  bool operator==(const Flags&) const = default;
};

struct GroupName {
  std::string name;  // UTF-8 as the engine has it
  uint32_t group;
};

struct Translated {
  std::u32string pattern;
  bool is_caseless = false;        // PCRE2_CASELESS, which is about ASCII letters alone then
  bool uses_unicode_case = false;  // PCRE2_UCP: for references that ignore case
  uint32_t captures = 0;
  std::vector<GroupName> names;  // in the order of the pattern
};

constexpr size_t kMaxPatternLength = 100'000;
constexpr size_t kMaxNesting = 200;
constexpr uint32_t kMaxCaptures = 10'000;

// `source`: code points with flag u, code units without. Errors say what is wrong, without position: patterns are
// short.
Result<Translated> translate(std::u32string_view source, const Flags& flags);

}  // namespace ravelin::worker::regexp
