#include "worker/regexp/translate.h"

#include <algorithm>
#include <utility>

#include "worker/regexp/pattern_reader.h"

namespace ravelin::worker::regexp {

namespace {

constexpr uint32_t kMaxRepetitions = 65535;  // PCRE2's
constexpr std::u32string_view kLineEnds = U"\\n\\r\\x{2028}\\x{2029}";

// What has to be known before the first node is read.
PatternTraits scan(std::u32string_view in, const Flags& flags) {
  PatternTraits traits;
  traits.is_unicode = flags.unicode;
  traits.ignores_case = flags.ignore_case;
  bool in_class = false;
  for (size_t at = 0; at < in.size(); ++at) {
    const char32_t c = in[at];
    const auto follows = [&](std::u32string_view text) { return in.substr(at + 1).starts_with(text); };
    if (c == U'\\') {
      ++at;
      if (at < in.size() && !in_class && ((in[at] >= U'1' && in[at] <= U'9') || in[at] == U'k'))
        traits.has_references = true;
    } else if (in_class) {
      in_class = c != U']';
    } else if (c == U'[') {
      in_class = true;
    } else if (c == U'(' && !follows(U"?")) {
      ++traits.captures;
    } else if (c == U'(' && follows(U"?<") && !follows(U"?<=") && !follows(U"?<!")) {
      ++traits.captures;
      traits.has_names = true;
    }
  }
  return traits;
}

class Translator : private PatternReader {
 public:
  Translator(std::u32string_view source, const Flags& flags)
      : PatternReader(source, scan(source, flags)), flags_(flags) {}

  Translated run() {
    if (traits_.captures > kMaxCaptures) fail("too many groups");
    open_.push_back({});
    while (!at_end()) step();
    if (open_.size() > 1) fail("a group without end");
    Translated result;
    write_pattern(open_[0].alternatives, result.pattern);
    result.uses_unicode_case = traits_.uses_own_case();
    result.is_caseless = flags_.ignore_case && !result.uses_unicode_case;
    result.captures = traits_.captures;
    result.names = std::move(names_);
    return result;
  }

 private:
  // A group that has not ended yet; the first is the pattern.
  struct Open {
    std::vector<Sequence> alternatives = std::vector<Sequence>(1);
    Node node;
    bool can_repeat = false;  // a quantifier may follow the last node
  };

  void add(Node::Kind kind, std::u32string text, bool can_repeat = true) {
    Node node;
    node.kind = kind;
    node.text = std::move(text);
    open_.back().alternatives.back().push_back(std::move(node));
    open_.back().can_repeat = can_repeat;
  }
  void add_character(uint32_t character) { add(Node::Kind::kCharacter, literal(character)); }
  void add_assertion(std::u32string text) { add(Node::Kind::kAssertion, std::move(text), false); }

  void step() {
    const char32_t c = in_[at_++];
    switch (c) {
      case U'|':
        open_.back().alternatives.emplace_back();
        open_.back().can_repeat = false;
        return;
      case U'(':
        return open_group();
      case U')':
        return close_group();
      case U'[':
        return add(Node::Kind::kCharacter, read_class());
      case U'.':
        return add(Node::Kind::kCharacter, flags_.dot_all ? U"." : U"[^" + std::u32string(kLineEnds) + U"]");
      case U'^':
        return add_assertion(flags_.multiline ? U"(?<![^" + std::u32string(kLineEnds) + U"])" : U"\\A");
      case U'$':
        return add_assertion(flags_.multiline ? U"(?![^" + std::u32string(kLineEnds) + U"])" : U"\\z");
      case U'*':
        return repeat(0, kUnlimited);
      case U'+':
        return repeat(1, kUnlimited);
      case U'?':
        return repeat(0, 1);
      case U'{':
        return read_braces();
      case U'\\':
        return read_escape();
      default:
        if (flags_.unicode && (c == U']' || c == U'}')) fail("a lone closing bracket");
        return add_character(c);
    }
  }

  // ---- quantifiers

  void repeat(uint32_t min, uint32_t max) {
    if (!open_.back().can_repeat) fail("nothing to repeat");
    if (min > max) fail("the numbers of a quantifier are out of order");
    if (min > kMaxRepetitions) fail("the number of a quantifier is too large");
    Node& node = open_.back().alternatives.back().back();
    node.min = min;
    node.max = max > kMaxRepetitions ? kUnlimited : max;
    node.is_lazy = skip(U"?");
    open_.back().can_repeat = false;
  }

  // Behind "{": a quantifier, or in Annex B the character.
  void read_braces() {
    const size_t begin = at_;
    const auto min = read_number();
    uint32_t max = min.value_or(0);
    if (min && skip(U",")) max = read_number().value_or(kUnlimited);
    if (min && skip(U"}")) return repeat(*min, max);
    if (flags_.unicode) fail("an incomplete quantifier");
    at_ = begin;
    add_character(U'{');
  }

  // ---- groups

  void open_group() {
    using Kind = Node::Kind;
    if (open_.size() > kMaxNesting) fail("groups are nested too deep");
    Open group;
    if (skip(U"?:")) {
      group.node.kind = Kind::kGroup;
      group.node.text = U"(?:";
    } else if (has(U"?=") || has(U"?!")) {
      group.node.kind = Kind::kLookahead;
      group.node.text = U"(" + std::u32string(in_.substr(at_, 2));
      at_ += 2;
    } else if (has(U"?<=") || has(U"?<!")) {
      group.node.kind = Kind::kLookbehind;
      group.node.text = U"(" + std::u32string(in_.substr(at_, 3));
      at_ += 3;
    } else if (peek() == U'?' && !has(U"?<")) {
      fail("invalid group");
    } else {
      ++captures_;
      if (skip(U"?<")) add_name(read_group_name());
      group.node.kind = Kind::kCapture;
      group.node.text = U"(";
    }
    open_.push_back(std::move(group));
  }

  void add_name(std::string name) {
    const auto is_same = [&](const GroupName& other) { return other.name == name; };
    if (std::any_of(names_.begin(), names_.end(), is_same)) fail("two groups have the same name");
    names_.push_back({std::move(name), captures_});
  }

  void close_group() {
    if (open_.size() == 1) fail("unmatched ')'");
    Open group = std::move(open_.back());
    open_.pop_back();
    group.node.alternatives = std::move(group.alternatives);
    const bool is_lookbehind = group.node.kind == Node::Kind::kLookbehind;
    if (is_lookbehind) fix_lookbehind(group.node);
    const bool is_lookahead = group.node.kind == Node::Kind::kLookahead;
    open_.back().can_repeat = !is_lookbehind && (!is_lookahead || !flags_.unicode);
    open_.back().alternatives.back().push_back(std::move(group.node));
  }

  // ---- escapes

  void read_escape() {
    const char32_t c = peek();
    if (is_class_escape(c)) {
      ++at_;
      return add(Node::Kind::kCharacter, class_escape_text(c));
    }
    if (c == U'b' || c == U'B') {
      ++at_;
      return add_assertion(boundary(c == U'B'));
    }
    if (flags_.unicode && (c == U'p' || c == U'P')) {
      ++at_;
      return add(Node::Kind::kCharacter, U"[" + read_property(c == U'P') + U"]");
    }
    if (c == U'k' && (flags_.unicode || traits_.has_names)) {
      ++at_;
      if (!skip(U"<")) fail("invalid named reference");
      return add_named_reference(read_group_name());
    }
    if (c >= U'1' && c <= U'9' && read_reference()) return;
    add_character(read_character_escape());
  }

  // False: no reference but what Annex B makes of it.
  bool read_reference() {
    const size_t begin = at_;
    const uint32_t group = *read_number();
    if (group <= traits_.captures) {
      add_reference(group);
      return true;
    }
    if (flags_.unicode) fail("a reference to a group that is not there");
    at_ = begin;
    return false;
  }

  void add_reference(uint32_t group) {
    std::u32string text = flags_.ignore_case ? U"(?i:\\g{" : U"\\g{";
    for (char digit : std::to_string(group)) text += static_cast<char32_t>(digit);
    add(Node::Kind::kReference, text + (flags_.ignore_case ? U"})" : U"}"));
  }

  // A name may be defined behind its reference: the groups up to there are counted in a scan of its own.
  void add_named_reference(const std::string& name) {
    const auto is_same = [&](const GroupName& other) { return other.name == name; };
    const auto found = std::find_if(names_.begin(), names_.end(), is_same);
    if (found != names_.end()) return add_reference(found->group);
    if (const uint32_t group = find_later_name(name)) return add_reference(group);
    fail("a reference to a group that is not there");
  }

  uint32_t find_later_name(const std::string& name) {
    if (!later_is_known_) collect_later_names();
    const auto is_same = [&](const GroupName& other) { return other.name == name; };
    const auto found = std::find_if(later_names_.begin(), later_names_.end(), is_same);
    return found == later_names_.end() ? 0 : found->group;
  }

  void collect_later_names() {
    later_is_known_ = true;
    const size_t begin = at_;
    uint32_t group = captures_;
    bool in_class = false;
    while (!at_end()) {
      const char32_t c = in_[at_++];
      if (c == U'\\') {
        ++at_;
      } else if (in_class) {
        in_class = c != U']';
      } else if (c == U'[') {
        in_class = true;
      } else if (c == U'(' && (peek() != U'?' || (has(U"?<") && !has(U"?<=") && !has(U"?<!")))) {
        ++group;
        if (skip(U"?<")) later_names_.push_back({read_group_name(), group});
      }
    }
    at_ = begin;
  }

  std::u32string class_escape_text(char32_t letter) const {
    const bool is_space = letter == U's' || letter == U'S';
    const bool is_word = letter == U'w' || letter == U'W';
    const bool is_pcre_class =
        !is_space && !traits_.uses_own_case() && !(is_word && flags_.unicode && flags_.ignore_case);
    if (is_pcre_class) return {U'\\', letter};
    const bool is_negated = letter == U'D' || letter == U'S' || letter == U'W';
    return set_text(class_escape_set(is_negated ? letter + (U'a' - U'A') : letter), {}, is_negated);
  }

  std::u32string boundary(bool is_negated) const {
    const std::u32string word = class_escape_text(U'w');
    if (word == U"\\w") return is_negated ? U"\\B" : U"\\b";
    const std::u32string behind = U"(?<" + std::u32string(is_negated ? U"!" : U"=") + word + U")";
    const std::u32string not_behind = U"(?<" + std::u32string(is_negated ? U"=" : U"!") + word + U")";
    return U"(?:" + behind + U"(?!" + word + U")|" + not_behind + U"(?=" + word + U"))";
  }

  Flags flags_;
  std::vector<Open> open_;
  uint32_t captures_ = 0;
  std::vector<GroupName> names_;
  std::vector<GroupName> later_names_;
  bool later_is_known_ = false;
};

}  // namespace

Result<Translated> translate(std::u32string_view source, const Flags& flags) {
  if (source.size() > kMaxPatternLength) return Error{ErrorCode::kTooLarge, "it is too long"};
  try {
    return Translator(source, flags).run();
  } catch (const PatternError& error) {
    return Error{ErrorCode::kInvalid, error.message};
  }
}

}  // namespace ravelin::worker::regexp
