// What a pattern consists of, between reading it (translate.cpp) and writing it for PCRE2: sequences of nodes with
// quantifiers. It exists for lookbehinds: PCRE2 wants each of their alternatives to match a fixed number of characters,
// and many of JavaScript's can be brought into that form.
// Not for: syntax. Pure functions, any process that runs script.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ravelin::worker::regexp {

// Thrown inside of this folder for a pattern that is refused.
struct PatternError {
  std::string message;
};

constexpr uint32_t kUnlimited = UINT32_MAX;

struct Node;
using Sequence = std::vector<Node>;

struct Node {
  enum class Kind {
    kCharacter,  // `text` matches one character
    kAssertion,  // `text` matches none
    kReference,  // `text` matches what a group has matched: any number
    kGroup,      // `text` opens it; the alternatives and ")" follow
    kCapture,
    kLookahead,
    kLookbehind,
  };

  Kind kind = Kind::kCharacter;
  std::u32string text;
  std::vector<Sequence> alternatives;  // of the kinds with parentheses; at least one
  uint32_t min = 1;
  uint32_t max = 1;
  bool is_lazy = false;

  bool is_assertion() const {
    return kind == Kind::kAssertion || kind == Kind::kLookahead || kind == Kind::kLookbehind;
  }
};

// Appends the pattern for PCRE2. Parentheses may nest as deep as the C stack allows: the reader limits it.
void write_pattern(const std::vector<Sequence>& alternatives, std::u32string& out);

// Gives each alternative of a lookbehind a fixed length. Throws PatternError when that cannot be done.
void fix_lookbehind(Node& lookbehind);

}  // namespace ravelin::worker::regexp
