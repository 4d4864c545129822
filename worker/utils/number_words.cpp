#include "worker/utils/number_words.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/number_tokens.h"

namespace ravelin::worker {
namespace {

struct Comparison {
  std::string_view words;
  const char* op;
};

// The longer ones first.
constexpr Comparison kComparisons[] = {
    {"greater than or equal to", ">="},
    {"more than or equal to", ">="},
    {"less than or equal to", "<="},
    {"not equal to", "!="},
    {"no more than", "<="},
    {"not more than", "<="},
    {"no less than", ">="},
    {"not less than", ">="},
    {"no fewer than", ">="},
    {"no greater than", "<="},
    {"at least", ">="},
    {"at most", "<="},
    {"up to", "<="},
    {"greater than", ">"},
    {"more than", ">"},
    {"larger than", ">"},
    {"bigger than", ">"},
    {"higher than", ">"},
    {"less than", "<"},
    {"fewer than", "<"},
    {"smaller than", "<"},
    {"lower than", "<"},
    {"equal to", "="},
    {"equals", "="},
    {"exactly", "="},
    {"over", ">"},
    {"above", ">"},
    {"exceeding", ">"},
    {"under", "<"},
    {"below", "<"},
    {"> =", ">="},
    {"< =", "<="},
    {"! =", "!="},
    {"< >", "!="},
    {">", ">"},
    {"<", "<"},
    {"= =", "="},
    {"=", "="},
};

// Reads one number from tokens. Every function advances `at_` past what it has read, or leaves it alone.
class NumberReader {
 public:
  NumberReader(const std::vector<NumberToken>& tokens, size_t at, size_t end) : tokens_(tokens), at_(at), end_(end) {}
  size_t at() const { return at_; }

  std::optional<double> read() {
    const bool is_negative = skip("minus") || skip("negative") || skip("-");
    if (!is_negative) skip("+");
    if (!read_parts()) return std::nullopt;
    double value = total_ + group_;
    if (skip("%") || skip("percent")) value /= 100;
    return is_negative ? -value : value;
  }

 private:
  bool is(size_t at, std::string_view text) const { return at < end_ && tokens_[at].text == text; }
  bool skip(std::string_view text) {
    if (!is(at_, text)) return false;
    ++at_;
    return true;
  }
  const NumberWord* word(size_t at) const { return at < end_ ? find_number_word(tokens_[at].text) : nullptr; }
  bool is_article(size_t at) const { return is(at, "a") || is(at, "an"); }

  bool read_parts() {
    while (read_part()) {
    }
    return has_value_;
  }

  // One word, or a few that stand for one. `room_` says what may follow: after "twenty" a number below 10.
  bool read_part() {
    const size_t before = at_;
    if (has_value_) {
      // "one hundred and five", "twenty-one", "one million, two": only when a smaller number follows.
      skip_joint();
      if (before != at_ && !is_smaller_next() && !is_multiplier_next()) {
        at_ = before;
        return false;
      }
    }
    if (read_fraction() || read_multiplier() || read_small() || read_decimals()) return true;
    at_ = before;
    return false;
  }

  void skip_joint() {
    if (!skip("and") && !skip("-") && skip(",")) skip("and");
  }

  bool is_smaller_next() {
    const size_t before = at_;
    if (fraction()) {
      at_ = before;
      return room_ > 0 || !has_fraction_;
    }
    at_ = before;
    if (at_ < end_ && tokens_[at_].digits) return *tokens_[at_].digits < room_;
    const NumberWord* next = word(at_);
    return next && (next->kind == WordKind::kUnit || next->kind == WordKind::kTens) && next->value < room_;
  }
  bool is_multiplier_next() const {
    const NumberWord* next = word(at_ + (is_article(at_) ? 1 : 0));
    return is(at_ - 1, "-") && next && next->kind != WordKind::kUnit && next->kind != WordKind::kTens;
  }

  // "a half", "two thirds", "1/3", "half".
  std::optional<double> fraction() {
    const size_t before = at_;
    double numerator = 1;
    bool has_numerator = true;
    const NumberWord* first = word(at_);
    if (at_ < end_ && tokens_[at_].digits) {
      numerator = *tokens_[at_++].digits;
      if (is(at_, "/") && at_ + 1 < end_ && tokens_[at_ + 1].digits && *tokens_[at_ + 1].digits != 0) {
        numerator /= *tokens_[at_ + 1].digits;
        at_ += 2;
        return numerator;
      }
    } else if (is_article(at_)) {
      ++at_;
    } else if (first && (first->kind == WordKind::kUnit || first->kind == WordKind::kTens)) {
      numerator = first->value;
      ++at_;
      skip("-");
      const NumberWord* second = word(at_);
      if (first->kind == WordKind::kTens && second && second->kind == WordKind::kUnit && second->value < 10) {
        numerator += second->value;
        ++at_;
        skip("-");
      }
    } else {
      has_numerator = false;
    }
    const NumberWord* denominator = word(at_);
    const bool is_plural = at_ < end_ && tokens_[at_].text.ends_with('s');
    // Without a numerator only these are numbers; "twenty fifth" is no fraction.
    const bool fits = denominator && denominator->kind == WordKind::kDenominator &&
                      (has_numerator || denominator->word == "half" || denominator->word == "quarter") &&
                      (is_plural || numerator < 20 || std::fmod(numerator, 10) != 0 || denominator->value >= 10);
    if (!fits) {
      at_ = before;
      return std::nullopt;
    }
    ++at_;
    return numerator / denominator->value;
  }

  bool read_fraction() {
    if (has_fraction_) return false;
    const size_t before = at_;
    const std::optional<double> value = fraction();
    if (!value) return false;
    if (has_value_ && !(*value < 1)) {
      at_ = before;
      return false;
    }
    group_ += *value;
    has_value_ = has_fraction_ = true;
    room_ = 0;
    // "half a dozen", "a quarter of a million"
    const size_t after = at_;
    skip("of");
    if (is_article(at_)) ++at_;
    if (!read_multiplier()) at_ = after;
    return true;
  }

  // hundred, dozen, million: times what stands before, or "a".
  bool read_multiplier() {
    const size_t before = at_;
    if (is_article(at_) && !has_value_) ++at_;
    const NumberWord* next = word(at_);
    if (!next ||
        (next->kind != WordKind::kHundred && next->kind != WordKind::kScale && next->kind != WordKind::kGroup)) {
      at_ = before;
      return false;
    }
    if (next->kind == WordKind::kScale) {
      if (group_ == 0 && has_value_) {
        total_ *= next->value;  // "a million million"
      } else {
        total_ += (has_value_ ? group_ : 1) * next->value;
        group_ = 0;
      }
      has_fraction_ = false;
    } else {
      // A second one ("two dozen hundred") multiplies as well.
      group_ = (group_ != 0 ? group_ : 1) * next->value;
    }
    room_ = next->value;
    has_value_ = true;
    ++at_;
    if (next->kind == WordKind::kGroup) skip("of");
    return true;
  }

  bool read_small() {
    if (at_ >= end_) return false;
    const NumberWord* next = word(at_);
    double value = 0;
    if (tokens_[at_].digits) {
      value = *tokens_[at_].digits;
    } else if (next && (next->kind == WordKind::kUnit || next->kind == WordKind::kTens)) {
      value = next->value;
    } else {
      return false;
    }
    if (has_value_ && !(value < room_)) return false;
    group_ += value;
    has_value_ = true;
    room_ = next && next->kind == WordKind::kTens ? 10 : 0;
    ++at_;
    return true;
  }

  // "three point one four"
  bool read_decimals() {
    if (!is(at_, "point") || has_fraction_) return false;
    size_t next = at_ + 1;
    double place = 1;
    for (const NumberWord* digit = word(next); digit && digit->kind == WordKind::kUnit && digit->value < 10;
         digit = word(++next)) {
      place /= 10;
      group_ += digit->value * place;
    }
    if (next == at_ + 1) return false;
    at_ = next;
    has_value_ = has_fraction_ = true;
    room_ = 0;
    return true;
  }

  const std::vector<NumberToken>& tokens_;
  size_t at_;
  size_t end_;
  double total_ = 0;  // the thousands and more that are complete
  double group_ = 0;  // what is below them so far
  double room_ = INFINITY;
  bool has_value_ = false;
  bool has_fraction_ = false;
};

// The comparison at `at`, which is moved past it; null when there is none.
const char* read_comparison(const std::vector<NumberToken>& tokens, size_t& at) {
  for (const Comparison& comparison : kComparisons) {
    size_t next = at;
    std::string_view words = comparison.words;
    while (!words.empty() && next < tokens.size()) {
      const size_t space = std::min(words.find(' '), words.size());
      if (tokens[next].text != words.substr(0, space)) break;
      words.remove_prefix(std::min(space + 1, words.size()));
      ++next;
    }
    if (!words.empty()) continue;
    at = next;
    return comparison.op;
  }
  return nullptr;
}

// A number that ends exactly at `end`.
std::optional<double> read_exactly(const std::vector<NumberToken>& tokens, size_t at, size_t end) {
  NumberReader reader(tokens, at, end);
  const std::optional<double> value = reader.read();
  return value && reader.at() == end ? value : std::nullopt;
}

// "between three and a half and five": the first "and" that parts a smaller number from a larger one.
bool read_between(const std::vector<NumberToken>& tokens, size_t& at, WordNumber& number) {
  if (at >= tokens.size() || tokens[at].text != "between") return false;
  for (size_t joint = at + 2; joint < tokens.size(); ++joint) {
    if (tokens[joint].text != "and") continue;
    const std::optional<double> low = read_exactly(tokens, at + 1, joint);
    if (!low) return false;
    NumberReader reader(tokens, joint + 1, tokens.size());
    const std::optional<double> high = reader.read();
    if (!high || *high < *low) continue;
    number.value = *low;
    number.min = low;
    number.max = high;
    at = reader.at();
    return true;
  }
  return false;
}

bool bounds_above(std::string_view op) { return op.starts_with('<'); }
bool bounds_below(std::string_view op) { return op.starts_with('>'); }

// A second comparison in the other direction makes it a range.
void read_other_bound(const std::vector<NumberToken>& tokens, size_t& at, WordNumber& number) {
  size_t next = at;
  if (next < tokens.size() && (tokens[next].text == "and" || tokens[next].text == "but" || tokens[next].text == ","))
    ++next;
  const char* op = read_comparison(tokens, next);
  if (!op || !((bounds_above(number.op) && bounds_below(op)) || (bounds_below(number.op) && bounds_above(op)))) return;
  NumberReader reader(tokens, next, tokens.size());
  const std::optional<double> other = reader.read();
  if (!other) return;
  number.min = bounds_below(op) ? *other : number.value;
  number.max = bounds_below(op) ? number.value : *other;
  at = reader.at();
}

// stringToNumber(text[, asObject])
duk_ret_t utils_string_to_number(duk_context* ctx) {
  duk_set_top(ctx, 2);
  if (!is_text(ctx, 0)) throw_error(ctx, "stringToNumber(): first argument must be a String");
  const std::string text = text_at(ctx, 0);
  const WordNumber number = read_word_number(text);
  if (!duk_to_boolean(ctx, 1)) {
    duk_push_number(ctx, number.value);
    return 1;
  }
  duk_push_object(ctx);
  duk_push_number(ctx, number.value);
  duk_put_prop_literal(ctx, -2, "value");
  if (number.min) {
    duk_push_number(ctx, *number.min);
    duk_put_prop_literal(ctx, -2, "min");
    duk_push_number(ctx, *number.max);
    duk_put_prop_literal(ctx, -2, "max");
  } else {
    duk_push_string(ctx, number.op);
    duk_put_prop_literal(ctx, -2, "op");
  }
  push_text(ctx, number.rest);
  duk_put_prop_literal(ctx, -2, "rem");
  return 1;
}

}  // namespace

WordNumber read_word_number(std::string_view text) {
  WordNumber number;
  const std::vector<NumberToken> tokens = split_number_text(text);
  size_t at = 0;
  if (!read_between(tokens, at, number)) {
    const char* op = read_comparison(tokens, at);
    NumberReader reader(tokens, at, tokens.size());
    const std::optional<double> value = reader.read();
    if (value) {
      number.value = *value;
      if (op) number.op = op;
      at = reader.at();
      read_other_bound(tokens, at, number);
    } else {
      at = 0;
    }
  }
  number.rest = text.substr(at == 0 ? 0 : tokens[at - 1].end);
  while (!number.rest.empty() && isspace(static_cast<unsigned char>(number.rest.front()))) number.rest.remove_prefix(1);
  return number;
}

void put_number_words_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"stringToNumber", guarded<utils_string_to_number>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
