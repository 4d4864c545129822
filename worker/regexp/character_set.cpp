#include "worker/regexp/character_set.h"

#include <unicase.h>

#include <algorithm>
#include <cstdlib>

namespace ravelin::worker::regexp {

namespace {

constexpr uint32_t kFirstBeyondAscii = 0x80;
constexpr uint32_t kEndOfCase = 0x1E944;  // no character from here on has another case (Adlam ends here)
constexpr uint32_t kLongS = 0x17F;
constexpr uint32_t kKelvin = 0x212A;
constexpr uint32_t kDotlessI = 0x131;
constexpr uint32_t kDottedI = 0x130;

// Characters with the same key are equal when case is ignored.
struct CaseEntry {
  uint32_t key;
  uint32_t character;
};
using CaseTable = std::vector<CaseEntry>;

// Simple case folding, up to the choice of the one that stands for a group.
uint32_t folded(uint32_t c) {
  if (c == kDottedI || c == kDotlessI) return c;  // only Turkish folds these
  return uc_tolower(uc_toupper(c));
}

// False for a character whose upper case form is several characters, such as that of U+00DF.
bool has_one_upper_case_character(uint32_t c) {
  uint32_t buffer[8];
  size_t size = std::size(buffer);
  uint32_t* result = u32_toupper(&c, 1, nullptr, nullptr, buffer, &size);
  if (result != buffer) free(result);
  return size == 1;
}

uint32_t upper_case_unit(uint32_t c) {
  const uint32_t upper = uc_toupper(c);
  if (upper == c) return c;
  if (upper > 0xFFFF || (c >= kFirstBeyondAscii && upper < kFirstBeyondAscii)) return c;
  return has_one_upper_case_character(c) ? upper : c;
}

CaseTable collect(bool is_unicode) {
  const uint32_t end = is_unicode ? kEndOfCase : 0x10000;
  CaseTable table;
  for (uint32_t c = 0; c < end; ++c) {
    const uint32_t key = is_unicode ? folded(c) : upper_case_unit(c);
    if (key == c) continue;
    table.push_back({key, c});
    table.push_back({key, key});
  }
  const auto order = [](const CaseEntry& a, const CaseEntry& b) {
    return a.key != b.key ? a.key < b.key : a.character < b.character;
  };
  const auto same = [](const CaseEntry& a, const CaseEntry& b) { return a.key == b.key && a.character == b.character; };
  std::sort(table.begin(), table.end(), order);
  table.erase(std::unique(table.begin(), table.end(), same), table.end());
  table.shrink_to_fit();
  return table;
}

const CaseTable& case_table(bool is_unicode) {
  if (is_unicode) {
    static const CaseTable table = collect(true);
    return table;
  }
  static const CaseTable table = collect(false);
  return table;
}

}  // namespace

void CharacterSet::add(const CharacterSet& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
}

void CharacterSet::normalize() {
  if (normalized_ == ranges_.size()) return;
  std::sort(ranges_.begin(), ranges_.end(),
            [](const CharacterRange& a, const CharacterRange& b) { return a.first < b.first; });
  size_t kept = 0;
  for (size_t i = 1; i < ranges_.size(); ++i) {
    if (ranges_[i].first <= ranges_[kept].last + 1) {
      ranges_[kept].last = std::max(ranges_[kept].last, ranges_[i].last);
    } else {
      ranges_[++kept] = ranges_[i];
    }
  }
  if (!ranges_.empty()) ranges_.resize(kept + 1);
  normalized_ = ranges_.size();
}

const std::vector<CharacterRange>& CharacterSet::ranges() {
  normalize();
  return ranges_;
}

bool CharacterSet::contains(uint32_t character) {
  normalize();
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), character,
                                      [](uint32_t c, const CharacterRange& range) { return c < range.first; });
  return after != ranges_.begin() && character <= std::prev(after)->last;
}

bool CharacterSet::is_everything() {
  normalize();
  return ranges_.size() == 1 && ranges_[0] == CharacterRange{0, kLastCharacter};
}

void CharacterSet::invert() {
  normalize();
  std::vector<CharacterRange> gaps;
  uint32_t next = 0;
  for (const CharacterRange& range : ranges_) {
    if (range.first > next) gaps.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCharacter) gaps.push_back({next, kLastCharacter});
  ranges_ = std::move(gaps);
  normalized_ = ranges_.size();
}

void CharacterSet::close_over_ascii_case(bool is_unicode) {
  constexpr uint32_t kOtherCase = 'a' - 'A';
  const std::vector<CharacterRange> before = ranges_;
  if (is_unicode && (contains('s') || contains('S'))) ranges_.push_back({kLongS, kLongS});
  if (is_unicode && (contains('k') || contains('K'))) ranges_.push_back({kKelvin, kKelvin});
  for (const CharacterRange& range : before) {
    const uint32_t first_small = std::max<uint32_t>(range.first, 'a');
    const uint32_t last_small = std::min<uint32_t>(range.last, 'z');
    if (first_small <= last_small) add(first_small - kOtherCase, last_small - kOtherCase);
    const uint32_t first_capital = std::max<uint32_t>(range.first, 'A');
    const uint32_t last_capital = std::min<uint32_t>(range.last, 'Z');
    if (first_capital <= last_capital) add(first_capital + kOtherCase, last_capital + kOtherCase);
  }
}

void CharacterSet::close_over_case(bool is_unicode) {
  normalize();
  if (ranges_.empty() || is_everything()) return;
  if (ranges_.back().last < kFirstBeyondAscii) return close_over_ascii_case(is_unicode);
  const CaseTable& table = case_table(is_unicode);
  CharacterSet more;
  for (size_t begin = 0; begin < table.size();) {
    size_t end = begin;
    bool is_in = false;
    while (end < table.size() && table[end].key == table[begin].key) is_in = contains(table[end++].character) || is_in;
    for (; begin < end; ++begin) {
      if (is_in) more.add(table[begin].character);
    }
  }
  add(more);
}

CharacterSet CharacterSet::digits() {
  CharacterSet set;
  set.add('0', '9');
  return set;
}

// White space and line terminators (ECMAScript 12.2, 12.3).
CharacterSet CharacterSet::spaces() {
  CharacterSet set;
  set.add('\t', '\r');
  set.add(0x2000, 0x200A);
  for (uint32_t c : {0x20, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF}) set.add(c);
  return set;
}

CharacterSet CharacterSet::word_characters(bool folds) {
  CharacterSet set;
  set.add('0', '9');
  set.add('A', 'Z');
  set.add('_');
  set.add('a', 'z');
  if (folds) {
    set.add(kLongS);
    set.add(kKelvin);
  }
  return set;
}

}  // namespace ravelin::worker::regexp
