#include "worker/compile_prepass.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace ravelin::worker {

namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kCall = "rampart.utils.sprintf(";

// After these words an expression follows, so a slash begins a regular expression.
constexpr std::array<std::string_view, 14> kExpressionWords = {
    "return", "typeof", "instanceof", "in", "of",   "new",   "delete",
    "void",   "throw",  "case",       "do", "else", "yield", "await",
};
// The parentheses after these words are no expression: a slash behind them begins a regular expression.
constexpr std::array<std::string_view, 4> kHeadWords = {"if", "while", "for", "with"};
// A brace after these begins a block.
constexpr std::array<std::string_view, 4> kBlockWords = {"else", "do", "try", "finally"};

template <typename List>
bool contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// A scanner that copies, with a change here and there. It knows as much of the language as is needed to tell code from
// strings, comments, regular expressions and templates.
class Rewriter {
 public:
  Rewriter(std::string_view source, std::vector<TextShift>* shifts) : in_(source), shifts_(shifts) {
    out_.reserve(source.size() + 256);
  }

  std::string run() {
    while (at_ < in_.size()) step();
    return std::move(out_);
  }

 private:
  struct Bracket {
    char open;            // ( [ { or $ for the ${ of a template
    bool slash_is_regex;  // what a slash means after the closing bracket
    bool closes_call;     // $: a ")" of ours belongs before the closing brace
  };

  bool has(std::string_view text) const { return in_.substr(at_).starts_with(text); }
  char peek(size_t offset) const { return at_ + offset < in_.size() ? in_[at_ + offset] : '\0'; }
  void copy(size_t count) {
    count = std::min(count, in_.size() - at_);
    if (at_ - out_.size() != step_) {
      step_ = at_ - out_.size();
      if (shifts_) shifts_->push_back({out_.size(), at_});
    }
    out_.append(in_.substr(at_, count));
    at_ += count;
  }

  void step() {
    const char c = in_[at_];
    if (is_space(c)) return copy(1);
    if (has("//")) return copy_until("\n", 0);
    if (has("/*")) return copy_until("*/", 2);
    if (c == '\'' || c == '"') return copy_string();
    if (has(kFence)) return rewrite_fence();
    if (c == '`') {
      copy(1);
      return copy_template();
    }
    if (c == '/' && slash_is_regex_) return copy_regex();
    if (is_word(c)) return copy_word();
    copy_punctuator();
  }

  void copy_until(std::string_view end, size_t end_size) {
    const size_t found = in_.find(end, at_ + 2);
    copy(found == std::string_view::npos ? in_.size() : found + end_size - at_);
  }

  // The size of the string literal at `begin`, its quotes included; to the end of the line when it has no end.
  size_t string_size(size_t begin) const {
    const char quote = in_[begin];
    size_t at = begin + 1;
    while (at < in_.size() && in_[at] != quote && in_[at] != '\n') {
      if (in_[at] == '\\') ++at;
      if (in_.substr(std::min(at, in_.size())).starts_with("\r\n")) ++at;  // a line continuation
      ++at;
    }
    if (at < in_.size() && in_[at] == quote) ++at;
    return std::min(at, in_.size()) - begin;
  }

  void copy_string() {
    copy(string_size(at_));
    end_operand('"');
  }

  void end_operand(char last) {
    slash_is_regex_ = false;
    word_is_head_ = false;
    last_ = last;
  }

  void copy_regex() {
    size_t end = at_ + 1;
    bool in_class = false;
    while (end < in_.size() && in_[end] != '\n' && (in_class || in_[end] != '/')) {
      if (in_[end] == '[') in_class = true;
      if (in_[end] == ']') in_class = false;
      end += in_[end] == '\\' ? 2 : 1;
    }
    copy(end + 1 - at_);
    end_operand('/');
  }

  void copy_word() {
    size_t end = at_;
    while (end < in_.size() && is_word(in_[end])) ++end;
    const std::string_view word = in_.substr(at_, end - at_);
    const bool is_member = last_ == '.';
    word_is_head_ = !is_member && contains(kHeadWords, word);
    slash_is_regex_ = !is_member && contains(kExpressionWords, word);
    copy(word.size());
    last_ = !is_member && contains(kBlockWords, word) ? '{' : 'a';
  }

  void copy_punctuator() {
    const char c = in_[at_];
    switch (c) {
      case '(':
        brackets_.push_back({c, word_is_head_, false});
        break;
      case '[':
        brackets_.push_back({c, false, false});
        break;
      // Behind a block a statement begins; behind an object literal, which stands where an operand is awaited, not.
      case '{':
        brackets_.push_back({c, !slash_is_regex_ || is_statement_start(), false});
        break;
      case ')':
      case ']':
      case '}':
        return copy_closing();
      default:
        break;
    }
    const bool is_postfix = (c == '+' || c == '-') && peek(1) == c;
    if (is_postfix) copy(1);
    copy(1);
    // ++ and -- stand behind their operand more often than before a regular expression.
    if (!is_postfix) slash_is_regex_ = true;
    word_is_head_ = false;
    last_ = c;
  }

  bool is_statement_start() const {
    return last_ == '\0' || std::string_view(";{})>").find(last_) != std::string_view::npos;
  }

  void copy_closing() {
    const bool ends_substitution = in_[at_] == '}' && !brackets_.empty() && brackets_.back().open == '$';
    slash_is_regex_ = in_[at_] == '}';
    word_is_head_ = false;
    last_ = in_[at_];
    if (!brackets_.empty()) {
      slash_is_regex_ = brackets_.back().slash_is_regex;
      if (ends_substitution && brackets_.back().closes_call) out_ += ')';
      brackets_.pop_back();
    }
    copy(1);
    if (ends_substitution) copy_template();
  }

  // From inside a template to its end, or to the next ${, which step() then goes through as code.
  void copy_template() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '`') {
        copy(1);
        return end_operand('`');
      }
      if (c == '$' && peek(1) == '{') {
        copy(2);
        brackets_.push_back({'$', false, rewrite_format()});
        slash_is_regex_ = true;
        last_ = '(';
        return;
      }
      copy(c == '\\' ? 2 : 1);
    }
  }

  // Behind a "${": when a format follows, writes the beginning of the call in its place.
  bool rewrite_format() {
    size_t begin = at_;
    while (begin < in_.size() && is_space(in_[begin])) ++begin;
    if (begin >= in_.size()) return false;
    if (in_[begin] == '%') return rewrite_bare_format(begin);
    if (in_[begin] != '"' && in_[begin] != '\'') return false;
    const size_t size = string_size(begin);
    if (begin + size >= in_.size() || in_[begin + size] != ':') return false;
    out_.append(in_.substr(at_, begin - at_));
    out_.append(kCall).append(in_.substr(begin, size)).push_back(',');
    at_ = begin + size + 1;
    return true;
  }

  // An unquoted format, which ends at a colon without a backslash.
  bool rewrite_bare_format(size_t begin) {
    std::string format;
    size_t end = begin;
    for (; end < in_.size() && in_[end] != ':'; ++end) {
      const char c = in_[end];
      if (c == '`' || c == '}') return false;  // no format after all
      if (c == '\\' && end + 1 < in_.size()) {
        ++end;
        if (in_[end] != ':') format += '\\';
        format += in_[end];
      } else if (c == '"') {
        format += "\\\"";
      } else if (c == '\n') {
        format += "\\n\\\n";  // the character, and a line continuation that keeps the count of lines
      } else {
        format += c;
      }
    }
    if (end >= in_.size()) return false;
    out_.append(in_.substr(at_, begin - at_));
    out_.append(kCall).append("\"").append(format).append("\",");
    at_ = end + 1;
    return true;
  }

  void rewrite_fence() {
    const size_t begin = at_ + kFence.size();
    const size_t end = in_.find(kFence, begin);
    if (end == std::string_view::npos) return copy(in_.size());
    out_ += '`';
    for (char c : in_.substr(begin, end - begin)) {
      if (c == '\\' || c == '`' || c == '$') out_ += '\\';
      out_ += c;
    }
    out_ += '`';
    at_ = end + kFence.size();
    end_operand('`');
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  std::vector<TextShift>* shifts_;
  size_t step_ = 0;  // at_ less the size of out_
  std::vector<Bracket> brackets_;
  bool slash_is_regex_ = true;
  bool word_is_head_ = false;  // the last token is a word of kHeadWords
  char last_ = '\0';           // the last token: a punctuator's last character, 'a' for a word, '`' for a template
};

// Skips white space and comments.
size_t skip_blank(std::string_view source, size_t at) {
  for (;;) {
    while (at < source.size() && is_space(source[at])) ++at;
    const std::string_view rest = source.substr(at);
    if (rest.starts_with("//") || rest.starts_with("#!")) {
      at = source.find('\n', at);
    } else if (rest.starts_with("/*")) {
      const size_t end = source.find("*/", at + 2);
      at = end == std::string_view::npos ? end : end + 2;
    } else {
      return at;
    }
    if (at == std::string_view::npos) return source.size();
  }
}

}  // namespace

bool may_use_template_extensions(std::string_view source) {
  if (source.find(kFence) != std::string_view::npos) return true;
  for (size_t at = source.find("${"); at != std::string_view::npos; at = source.find("${", at + 2)) {
    size_t next = at + 2;
    while (next < source.size() && is_space(source[next])) ++next;
    if (next < source.size() && (source[next] == '%' || source[next] == '"' || source[next] == '\'')) return true;
  }
  return false;
}

std::string rewrite_template_extensions(std::string_view source, std::vector<TextShift>* shifts) {
  return Rewriter(source, shifts).run();
}

bool has_disguised_let(std::string_view text) {
  // Standing where a statement begins, neither can be meant.
  constexpr std::string_view kLet = "let";
  constexpr std::string_view kBlanks = " \t\r";
  for (size_t at = text.find(kLet); at != std::string_view::npos; at = text.find(kLet, at + kLet.size())) {
    const size_t before = at == 0 ? std::string_view::npos : text.find_last_not_of(kBlanks, at - 1);
    if (before != std::string_view::npos && std::string_view("\n;{})").find(text[before]) == std::string_view::npos)
      continue;
    size_t next = text.find_first_not_of(kBlanks, at + kLet.size());
    if (next == std::string_view::npos) return false;
    const bool is_alone = text[next] == '\n';
    if (is_alone) next = text.find_first_not_of(" \t\r\n", next);
    if (next == std::string_view::npos) return false;
    const char c = text[next];
    if (c == '[' || (is_alone && (isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '{')))
      return true;
  }
  return false;
}

namespace {

// The literal at the head of a file, without its quotes, to the end of its line when it has no end; empty: none is
// there.
std::string_view head_literal(std::string_view source) {
  const size_t begin = skip_blank(source, 0);
  if (begin >= source.size() || (source[begin] != '"' && source[begin] != '\'')) return {};
  const char ends[] = {source[begin], '\n'};
  const std::string_view literal = source.substr(begin + 1);
  return literal.substr(0, literal.find_first_of(std::string_view(ends, sizeof ends)));
}

}  // namespace

Directive read_directive(std::string_view source) {
  const std::string_view literal = head_literal(source);
  const std::string_view name = literal.substr(0, literal.find(':'));
  if (name == "noTranspile") return Directive::kNoTranspile;
  if (name == "use transpiler") return Directive::kTranspiler;
  if (name == "use transpilerGlobally") return Directive::kTranspilerGlobally;
  if (name != "use babel" && name != "use babelGlobally") return Directive::kNone;
  return literal.find("typescript") == std::string_view::npos ? Directive::kBabel : Directive::kBabelTypescript;
}

bool wants_function_sources(std::string_view source) {
  std::string_view options = head_literal(source);
  constexpr std::string_view kOption = "functionSources";
  const size_t at = options.find(kOption);
  if (at == std::string_view::npos) return true;
  options.remove_prefix(at + kOption.size());
  while (!options.empty() && std::string_view(" :'\"\\").find(options.front()) != std::string_view::npos)
    options.remove_prefix(1);
  return !options.starts_with("false");
}

}  // namespace ravelin::worker
