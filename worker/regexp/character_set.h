// CharacterSet: a set of characters as ranges, and its closure over case as JavaScript sees case
// (ECMAScript 22.2.2.7.3): with flag u the simple case folding of Unicode, without it what toUpperCase() makes of a
// code unit. PCRE2 has neither exactly, so the translator (translate.h) works with these sets and hands over plain
// ranges. Pure functions; the tables of case pairs are libunistring's and are collected at the first question about a
// character beyond ASCII. Any process that runs script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ravelin::worker::regexp {

constexpr uint32_t kLastCharacter = 0x10FFFF;

struct CharacterRange {
  uint32_t first;
  uint32_t last;

  bool operator==(const CharacterRange&) const = default;
};

class CharacterSet {
 public:
  void add(uint32_t first, uint32_t last) { ranges_.push_back({first, last}); }
  void add(uint32_t character) { add(character, character); }
  void add(const CharacterSet& other);

  // In order, none touching the next.
  const std::vector<CharacterRange>& ranges();
  bool contains(uint32_t character);
  bool is_everything();

  void invert();

  // Adds all characters that equal one of the set when case is ignored.
  void close_over_case(bool is_unicode);

  static CharacterSet digits();
  static CharacterSet spaces();
  // With `folds`, those of the flags u and i together: two letters more, whose small forms are s and k.
  static CharacterSet word_characters(bool folds);

 private:
  void normalize();
  void close_over_ascii_case(bool is_unicode);

  std::vector<CharacterRange> ranges_;
  size_t normalized_ = 0;  // so many ranges were there when they were put in order
};

}  // namespace ravelin::worker::regexp
