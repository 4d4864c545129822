// The pieces of a number in English: its words with their values, and digits. Not for: their grammar (number_words.h).
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

enum class WordKind {
  kUnit,  // 0 to 19
  kTens,  // 20 to 90
  kHundred,
  kScale,        // thousand and more
  kGroup,        // dozen, score, gross: multiply like scales, but come before them
  kDenominator,  // half, third, ...
};

struct NumberWord {
  std::string_view word;
  WordKind kind;
  double value;
};

// A piece of the text: a word in lower case, a number in digits, or one other character.
struct NumberToken {
  std::string text;
  std::optional<double> digits;
  size_t begin;
  size_t end;
};

// The first pieces of the text; space is left out.
std::vector<NumberToken> split_number_text(std::string_view text);

// The number that a word in lower case stands for, or null. Also in the plural, where a number can have one.
const NumberWord* find_number_word(std::string_view text);

}  // namespace ravelin::worker
