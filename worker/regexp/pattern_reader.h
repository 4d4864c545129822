// PatternReader: the parts of a JavaScript pattern below the level of sequences and groups (ECMAScript 22.2.1 and Annex
// B.1.2): characters and escapes, character classes, properties, group names, and each of them in the words of PCRE2.
// Not for: groups and quantifiers (translate.cpp). Any process that runs script.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/regexp/character_set.h"
#include "worker/regexp/pattern_tree.h"
#include "worker/regexp/translate.h"

namespace ravelin::worker::regexp {

// What depends on the whole pattern.
struct PatternTraits {
  bool is_unicode = false;
  bool ignores_case = false;
  bool has_names = false;       // then \k is no letter k
  bool has_references = false;  // perhaps: a backslash and a digit, or \k
  uint32_t captures = 0;

  // References that ignore case are PCRE2's, and its own notion of case then has to be kept from everything else.
  bool uses_own_case() const { return ignores_case && has_references; }
};

class PatternReader {
 public:
  PatternReader(std::u32string_view source, PatternTraits traits) : in_(source), traits_(traits) {}

 protected:
  bool at_end() const { return at_ >= in_.size(); }
  char32_t peek(size_t offset = 0) const { return at_ + offset < in_.size() ? in_[at_ + offset] : U'\0'; }
  bool has(std::u32string_view text) const { return in_.substr(at_).starts_with(text); }
  bool skip(std::u32string_view text);
  [[noreturn]] static void fail(const char* message) { throw PatternError{message}; }

  // A number of decimal digits; what is larger than a quantifier can be is kUnlimited - 1.
  std::optional<uint32_t> read_number();
  // Behind "(?<" or "\k<", to and with the ">". UTF-8 as the engine has it.
  std::string read_group_name();
  // Behind a backslash: an escape that stands for one character, in or out of a class.
  uint32_t read_character_escape();
  // Behind a backslash: d, D, w, W, s, S.
  static bool is_class_escape(char32_t c) {
    return std::u32string_view(U"dDwWsS").find(c) != std::u32string_view::npos;
  }
  CharacterSet class_escape_set(char32_t letter) const;
  // Behind "\p" or "\P", with the braces: for PCRE2.
  std::u32string read_property(bool is_negated);
  // Behind "[".
  std::u32string read_class();

  std::u32string literal(uint32_t character) const;
  std::u32string set_text(CharacterSet set, const std::u32string& properties, bool is_negated) const;

  std::u32string_view in_;
  size_t at_ = 0;
  PatternTraits traits_;

 private:
  struct ClassParts {
    CharacterSet named;   // as written: to be closed over case
    CharacterSet closed;  // is closed
    std::u32string properties;
  };

  std::optional<uint32_t> read_hex(size_t digits);
  uint32_t read_unicode_escape();
  uint32_t read_braced_escape();
  uint32_t read_octal(char32_t first);
  uint32_t read_control_escape();
  // One member of a class; nullopt for a set, which is in `parts` then.
  std::optional<uint32_t> read_class_member(ClassParts& parts);
  std::optional<uint32_t> read_class_escape(ClassParts& parts);
};

// Appends a character as PCRE2 takes it anywhere, in classes too.
void append_character(std::u32string& out, uint32_t character);

}  // namespace ravelin::worker::regexp
