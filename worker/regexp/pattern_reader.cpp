#include "worker/regexp/pattern_reader.h"

#include <unictype.h>

#include <algorithm>
#include <utility>

#include "worker/format_utf8.h"
#include "worker/regexp/properties.h"

namespace ravelin::worker::regexp {

namespace {

constexpr uint32_t kFirstBeyondAscii = 0x80;
constexpr size_t kMaxPropertyName = 64;

bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool is_octal(char32_t c) { return c >= U'0' && c <= U'7'; }
bool is_letter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }
bool is_high_surrogate(uint32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool is_low_surrogate(uint32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }
uint32_t joined(uint32_t high, uint32_t low) { return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00); }

int hex_value(char32_t c) {
  if (is_digit(c)) return static_cast<int>(c - U'0');
  if (c >= U'a' && c <= U'f') return static_cast<int>(c - U'a' + 10);
  if (c >= U'A' && c <= U'F') return static_cast<int>(c - U'A' + 10);
  return -1;
}

void append_ascii(std::u32string& out, std::string_view text) {
  for (char c : text) out += static_cast<char32_t>(c);
}

bool is_name_start(uint32_t c) { return c == '$' || c == '_' || uc_is_property_id_start(c); }
bool is_name_part(uint32_t c) { return c == '$' || c == 0x200C || c == 0x200D || uc_is_property_id_continue(c); }

// Characters beyond FFFF are two surrogates in the engine's texts.
void append_engine_text(std::string& out, uint32_t c) {
  if (c <= 0xFFFF) return append_code_point(out, c);
  append_code_point(out, 0xD800 + ((c - 0x10000) >> 10));
  append_code_point(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
}

// Members of a class. Two letters beyond ASCII equal s and k when case is ignored.
std::u32string ascii_text(bool is_negated, bool ignores_case) {
  if (is_negated) return ignores_case ? U"KSks\\x{80}-\\x{10ffff}" : U"\\x{80}-\\x{10ffff}";
  return ignores_case ? U"\\x{0}-\\x{7f}\\x{17f}\\x{212a}" : U"\\x{0}-\\x{7f}";
}

}  // namespace

void append_character(std::u32string& out, uint32_t character) {
  if (is_letter(character) || is_digit(character)) {
    out += static_cast<char32_t>(character);
    return;
  }
  constexpr const char* kDigits = "0123456789abcdef";
  std::u32string digits;
  for (uint32_t rest = character; rest != 0 || digits.empty(); rest >>= 4)
    digits += static_cast<char32_t>(kDigits[rest & 0xF]);
  out += U"\\x{";
  out.append(digits.rbegin(), digits.rend());
  out += U'}';
}

bool PatternReader::skip(std::u32string_view text) {
  if (!has(text)) return false;
  at_ += text.size();
  return true;
}

std::optional<uint32_t> PatternReader::read_number() {
  if (!is_digit(peek())) return std::nullopt;
  uint64_t number = 0;
  while (is_digit(peek())) number = std::min<uint64_t>(number * 10 + (in_[at_++] - U'0'), kUnlimited - 1);
  return static_cast<uint32_t>(number);
}

std::optional<uint32_t> PatternReader::read_hex(size_t digits) {
  uint32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const int digit = hex_value(peek(i));
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  at_ += digits;
  return value;
}

// Behind "\u{".
uint32_t PatternReader::read_braced_escape() {
  uint32_t value = 0;
  if (peek() == U'}') fail("invalid Unicode escape");
  for (; peek() != U'}'; ++at_) {
    const int digit = hex_value(peek());
    if (digit < 0 || value > kLastCharacter >> 4) fail("invalid Unicode escape");
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  ++at_;
  if (value > kLastCharacter) fail("invalid Unicode escape");
  return value;
}

// Behind "\u".
uint32_t PatternReader::read_unicode_escape() {
  if (traits_.is_unicode && skip(U"{")) return read_braced_escape();
  const auto first = read_hex(4);
  if (!first && traits_.is_unicode) fail("invalid Unicode escape");
  if (!first) return U'u';
  if (traits_.is_unicode && is_high_surrogate(*first) && has(U"\\u")) {
    const size_t before = at_;
    at_ += 2;
    const auto second = read_hex(4);
    if (second && is_low_surrogate(*second)) return joined(*first, *second);
    at_ = before;
  }
  return *first;
}

// An octal escape of Annex B: up to three digits, at most 0377.
uint32_t PatternReader::read_octal(char32_t first) {
  uint32_t value = first - U'0';
  for (int more = first <= U'3' ? 2 : 1; more > 0 && is_octal(peek()); --more) value = value * 8 + (in_[at_++] - U'0');
  return value;
}

// Behind "\c"; the backslash is a character itself when no letter follows.
uint32_t PatternReader::read_control_escape() {
  if (is_letter(peek())) return in_[at_++] & 0x1F;
  if (traits_.is_unicode) fail("invalid escape");
  --at_;
  return U'\\';
}

uint32_t PatternReader::read_character_escape() {
  if (at_end()) fail("\\ at the end");
  const char32_t c = in_[at_++];
  switch (c) {
    case U'f':
      return U'\f';
    case U'n':
      return U'\n';
    case U'r':
      return U'\r';
    case U't':
      return U'\t';
    case U'v':
      return U'\v';
    case U'c':
      return read_control_escape();
    case U'u':
      return read_unicode_escape();
    case U'x': {
      const auto value = read_hex(2);
      if (!value && traits_.is_unicode) fail("invalid escape");
      return value ? *value : static_cast<uint32_t>(U'x');
    }
    default:
      break;
  }
  if (c == U'0' && !is_digit(peek())) return 0;
  if (traits_.is_unicode) {
    if (std::u32string_view(U"^$\\.*+?()[]{}|/").find(c) == std::u32string_view::npos) fail("invalid escape");
    return c;
  }
  if (is_octal(c)) return read_octal(c);
  if (c == U'k' && traits_.has_names) fail("invalid named reference");
  return c;
}

CharacterSet PatternReader::class_escape_set(char32_t letter) const {
  CharacterSet set;
  if (letter == U'd' || letter == U'D') set = CharacterSet::digits();
  if (letter == U's' || letter == U'S') set = CharacterSet::spaces();
  if (letter == U'w' || letter == U'W') set = CharacterSet::word_characters(traits_.is_unicode && traits_.ignores_case);
  if (letter == U'D' || letter == U'S' || letter == U'W') set.invert();
  return set;
}

std::u32string PatternReader::read_property(bool is_negated) {
  if (!skip(U"{")) fail("invalid property name");
  std::string name;
  for (; peek() != U'}'; ++at_) {
    if (at_end() || peek() >= kFirstBeyondAscii || name.size() >= kMaxPropertyName) fail("invalid property name");
    name += static_cast<char>(peek());
  }
  ++at_;
  if (name == "ASCII") return ascii_text(is_negated, traits_.ignores_case);
  if (name == "Assigned") return is_negated ? U"\\p{Cn}" : U"\\P{Cn}";
  std::optional<std::string> pattern;
  if (name == "Any") {
    pattern = name;
  } else {
    pattern = property_pattern(name, traits_.ignores_case);
  }
  if (!pattern) fail("invalid property name");
  std::u32string text = is_negated ? U"\\P{" : U"\\p{";
  append_ascii(text, *pattern);
  return text + U'}';
}

std::string PatternReader::read_group_name() {
  std::string name;
  for (bool is_first = true; !skip(U">"); is_first = false) {
    if (at_end()) fail("invalid group name");
    uint32_t c = in_[at_++];
    if (c == U'\\') {
      if (!skip(U"u")) fail("invalid group name");
      const bool is_unicode = std::exchange(traits_.is_unicode, true);  // the escapes of names are always those of u
      c = read_unicode_escape();
      traits_.is_unicode = is_unicode;
    } else if (is_high_surrogate(c) && is_low_surrogate(peek())) {
      c = joined(c, in_[at_++]);
    }
    if (is_first ? !is_name_start(c) : !is_name_part(c)) fail("invalid group name");
    append_engine_text(name, c);
  }
  if (name.empty()) fail("invalid group name");
  return name;
}

// ---- classes

std::optional<uint32_t> PatternReader::read_class_escape(ClassParts& parts) {
  const char32_t c = peek();
  if (is_class_escape(c)) {
    ++at_;
    parts.closed.add(class_escape_set(c));
    return std::nullopt;
  }
  if (traits_.is_unicode && (c == U'p' || c == U'P')) {
    ++at_;
    parts.properties += read_property(c == U'P');
    return std::nullopt;
  }
  if (c == U'b') {
    ++at_;
    return U'\b';
  }
  if (traits_.is_unicode && c == U'-') {
    ++at_;
    return U'-';
  }
  if (!traits_.is_unicode && c == U'c' && (is_digit(peek(1)) || peek(1) == U'_')) {
    at_ += 2;
    return in_[at_ - 1] & 0x1F;
  }
  return read_character_escape();
}

std::optional<uint32_t> PatternReader::read_class_member(ClassParts& parts) {
  const char32_t c = in_[at_++];
  if (c != U'\\') return c;
  return read_class_escape(parts);
}

std::u32string PatternReader::read_class() {
  ClassParts parts;
  const bool is_negated = skip(U"^");
  while (!skip(U"]")) {
    if (at_end()) fail("a character class without end");
    const auto first = read_class_member(parts);
    const bool is_range = peek() == U'-' && peek(1) != U']' && at_ + 1 < in_.size();
    if (!is_range) {
      if (first) parts.named.add(*first);
      continue;
    }
    ++at_;
    const auto last = read_class_member(parts);
    if (first && last) {
      if (*first > *last) fail("a range of characters out of order");
      parts.named.add(*first, *last);
      continue;
    }
    if (traits_.is_unicode) fail("a range of character classes");
    if (first) parts.named.add(*first);
    if (last) parts.named.add(*last);
    parts.named.add(U'-');
  }
  if (traits_.ignores_case) parts.named.close_over_case(traits_.is_unicode);
  parts.named.add(parts.closed);
  return set_text(std::move(parts.named), parts.properties, is_negated);
}

// ---- writing

std::u32string PatternReader::set_text(CharacterSet set, const std::u32string& properties, bool is_negated) const {
  if (properties.empty() && (set.is_everything() || set.ranges().empty())) {
    return set.ranges().empty() == is_negated ? U"." : U"(?!)";  // the dot is everything: PCRE2_DOTALL
  }
  std::u32string text = is_negated ? U"[^" : U"[";
  for (const CharacterRange& range : set.ranges()) {
    append_character(text, range.first);
    if (range.last == range.first) continue;
    if (range.last > range.first + 1) text += U'-';
    append_character(text, range.last);
  }
  return text + properties + U']';
}

std::u32string PatternReader::literal(uint32_t character) const {
  std::u32string text;
  if (traits_.ignores_case) {
    CharacterSet set;
    set.add(character);
    set.close_over_case(traits_.is_unicode);
    const auto& ranges = set.ranges();
    const bool has_case = ranges.size() > 1 || ranges[0].first != ranges[0].last;
    const bool is_ascii_pair = ranges.size() == 2 && ranges[1].last < kFirstBeyondAscii;
    if (has_case && (traits_.uses_own_case() || !is_ascii_pair)) return set_text(std::move(set), {}, false);
  }
  append_character(text, character);
  return text;
}

}  // namespace ravelin::worker::regexp
