#include "worker/utils/number_tokens.h"

#include <cctype>
#include <cstdlib>

namespace ravelin::worker {
namespace {

constexpr NumberWord kWords[] = {
    {"zero", WordKind::kUnit, 0},
    {"one", WordKind::kUnit, 1},
    {"two", WordKind::kUnit, 2},
    {"three", WordKind::kUnit, 3},
    {"four", WordKind::kUnit, 4},
    {"five", WordKind::kUnit, 5},
    {"six", WordKind::kUnit, 6},
    {"seven", WordKind::kUnit, 7},
    {"eight", WordKind::kUnit, 8},
    {"nine", WordKind::kUnit, 9},
    {"ten", WordKind::kUnit, 10},
    {"eleven", WordKind::kUnit, 11},
    {"twelve", WordKind::kUnit, 12},
    {"thirteen", WordKind::kUnit, 13},
    {"fourteen", WordKind::kUnit, 14},
    {"fifteen", WordKind::kUnit, 15},
    {"sixteen", WordKind::kUnit, 16},
    {"seventeen", WordKind::kUnit, 17},
    {"eighteen", WordKind::kUnit, 18},
    {"nineteen", WordKind::kUnit, 19},
    {"twenty", WordKind::kTens, 20},
    {"thirty", WordKind::kTens, 30},
    {"forty", WordKind::kTens, 40},
    {"fourty", WordKind::kTens, 40},
    {"fifty", WordKind::kTens, 50},
    {"sixty", WordKind::kTens, 60},
    {"seventy", WordKind::kTens, 70},
    {"eighty", WordKind::kTens, 80},
    {"ninety", WordKind::kTens, 90},
    {"hundred", WordKind::kHundred, 100},
    {"thousand", WordKind::kScale, 1e3},
    {"million", WordKind::kScale, 1e6},
    {"billion", WordKind::kScale, 1e9},
    {"trillion", WordKind::kScale, 1e12},
    {"quadrillion", WordKind::kScale, 1e15},
    {"quintillion", WordKind::kScale, 1e18},
    {"sextillion", WordKind::kScale, 1e21},
    {"septillion", WordKind::kScale, 1e24},
    {"octillion", WordKind::kScale, 1e27},
    {"nonillion", WordKind::kScale, 1e30},
    {"decillion", WordKind::kScale, 1e33},
    {"couple", WordKind::kGroup, 2},
    {"pair", WordKind::kGroup, 2},
    {"dozen", WordKind::kGroup, 12},
    {"score", WordKind::kGroup, 20},
    {"gross", WordKind::kGroup, 144},
    {"half", WordKind::kDenominator, 2},
    {"halve", WordKind::kDenominator, 2},
    {"third", WordKind::kDenominator, 3},
    {"quarter", WordKind::kDenominator, 4},
    {"fourth", WordKind::kDenominator, 4},
    {"fifth", WordKind::kDenominator, 5},
    {"sixth", WordKind::kDenominator, 6},
    {"seventh", WordKind::kDenominator, 7},
    {"eighth", WordKind::kDenominator, 8},
    {"ninth", WordKind::kDenominator, 9},
    {"tenth", WordKind::kDenominator, 10},
    {"twelfth", WordKind::kDenominator, 12},
    {"sixteenth", WordKind::kDenominator, 16},
    {"twentieth", WordKind::kDenominator, 20},
    {"hundredth", WordKind::kDenominator, 100},
    {"thousandth", WordKind::kDenominator, 1e3},
    {"millionth", WordKind::kDenominator, 1e6},
    {"billionth", WordKind::kDenominator, 1e9},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Where the digits at `at` end; commas between groups of three belong to them.
size_t digits_end(std::string_view text, size_t at, std::string& plain) {
  const auto digit_at = [&](size_t i) { return i < text.size() && is_digit(text[i]); };
  const auto take_digits = [&] {
    while (digit_at(at)) plain += text[at++];
  };
  take_digits();
  while (at < text.size() && text[at] == ',' && digit_at(at + 1) && digit_at(at + 2) && digit_at(at + 3) &&
         !digit_at(at + 4)) {
    ++at;
    take_digits();
  }
  if (at < text.size() && text[at] == '.' && digit_at(at + 1)) {
    plain += text[at++];
    take_digits();
  }
  const size_t sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-') ? 1 : 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E') && digit_at(at + 1 + sign)) {
    plain += text.substr(at, 1 + sign);
    at += 1 + sign;
    take_digits();
  }
  return at;
}

// A longer text has its number at the beginning all the same.
constexpr size_t kMaxTokens = 256;

}  // namespace

std::vector<NumberToken> split_number_text(std::string_view text) {
  std::vector<NumberToken> tokens;
  for (size_t at = 0; at < text.size() && tokens.size() < kMaxTokens;) {
    const size_t begin = at;
    NumberToken token{{}, {}, begin, 0};
    if (isspace(static_cast<unsigned char>(text[at]))) {
      ++at;
      continue;
    }
    if (is_letter(text[at])) {
      for (; at < text.size() && is_letter(text[at]); ++at) token.text += static_cast<char>(tolower(text[at]));
    } else if (is_digit(text[at]) || (text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1]))) {
      at = digits_end(text, at, token.text);
      token.digits = strtod(token.text.c_str(), nullptr);
    } else {
      token.text = text[at++];
    }
    token.end = at;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

const NumberWord* find_number_word(std::string_view text) {
  const auto lookup = [](std::string_view word) -> const NumberWord* {
    for (const NumberWord& entry : kWords) {
      if (entry.word == word) return &entry;
    }
    return nullptr;
  };
  if (const NumberWord* word = lookup(text)) return word;
  if (!text.ends_with('s')) return nullptr;
  // Plural, but of numbers that can have one: "twos" is no number.
  const NumberWord* word = lookup(text.substr(0, text.size() - 1));
  return word && word->kind != WordKind::kUnit && word->kind != WordKind::kTens ? word : nullptr;
}

}  // namespace ravelin::worker
