#include "worker/regexp/pattern_tree.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace ravelin::worker::regexp {

namespace {

constexpr size_t kMaxAlternatives = 1000;  // that one lookbehind may become
constexpr size_t kMaxNodes = 10'000;       // in all of these together, those of groups included

void append_number(std::u32string& out, uint32_t number) {
  for (char digit : std::to_string(number)) out += static_cast<char32_t>(digit);
}

void write_quantifier(const Node& node, std::u32string& out) {
  if (node.min == 1 && node.max == 1) return;
  if (node.max == kUnlimited && node.min <= 1) {
    out += node.min == 0 ? U'*' : U'+';
  } else if (node.min == 0 && node.max == 1) {
    out += U'?';
  } else {
    out += U'{';
    append_number(out, node.min);
    if (node.max != node.min) out += U',';
    if (node.max != node.min && node.max != kUnlimited) append_number(out, node.max);
    out += U'}';
  }
  if (node.is_lazy) out += U'?';
}

[[noreturn]] void throw_variable_length() {
  throw PatternError{
      "a lookbehind of unlimited length, other than at its beginning, or with captures or references of variable "
      "length, is not supported"};
}

[[noreturn]] void throw_too_many() { throw PatternError{"a lookbehind with too many lengths is not supported"}; }

bool has_capture(const Node& node) {
  if (node.kind == Node::Kind::kCapture) return true;
  return std::any_of(node.alternatives.begin(), node.alternatives.end(), [](const Sequence& sequence) {
    return std::any_of(sequence.begin(), sequence.end(), has_capture);
  });
}

size_t size_of(const Sequence& sequence) {
  size_t size = sequence.size();
  for (const Node& node : sequence) {
    for (const Sequence& alternative : node.alternatives) size += size_of(alternative) + 1;
  }
  return size;
}

// How many characters it matches, as PCRE2 counts: nullopt for a number that varies.
std::optional<uint64_t> width_of(const Sequence& sequence);

std::optional<uint64_t> width_of(const Node& node) {
  if (node.is_assertion()) return 0;
  if (node.kind == Node::Kind::kReference || node.min != node.max) return std::nullopt;
  if (node.kind == Node::Kind::kCharacter) return node.min;
  const auto first = width_of(node.alternatives.front());
  for (const Sequence& sequence : node.alternatives) {
    if (!first || width_of(sequence) != first) return std::nullopt;
  }
  return *first * node.min;
}

std::optional<uint64_t> width_of(const Sequence& sequence) {
  uint64_t width = 0;
  for (const Node& node : sequence) {
    const auto part = width_of(node);
    if (!part) return std::nullopt;
    width += *part;
  }
  return width;
}

// All the ways that a sequence can match, each of a fixed length.
class Expansion {
 public:
  std::vector<Sequence> of(const Sequence& sequence) {
    if (size_of(sequence) > kMaxNodes) throw_too_many();
    std::vector<Sequence> results(1);
    for (const Node& node : sequence) {
      std::vector<Sequence> next;
      for (const Sequence& before : results) {
        for (Sequence& way : ways_of(node, before.empty())) {
          Sequence longer = before;
          std::move(way.begin(), way.end(), std::back_inserter(longer));
          count(longer);
          next.push_back(std::move(longer));
        }
      }
      if (next.size() > kMaxAlternatives) throw_too_many();
      results = std::move(next);
    }
    return results;
  }

 private:
  void count(const Sequence& sequence) {
    nodes_ += size_of(sequence) + 1;
    if (nodes_ > kMaxNodes) throw_too_many();
  }

  std::vector<Sequence> ways_of(Node node, bool is_first) {
    if (width_of(node)) return {{std::move(node)}};
    if (has_capture(node) || node.kind == Node::Kind::kReference) throw_variable_length();
    // Nothing stands before it, so more of it than must be there changes nothing.
    if (is_first && node.max == kUnlimited) node.max = node.min;
    if (node.max == kUnlimited) throw_variable_length();
    if (node.max - node.min > kMaxAlternatives) throw_too_many();
    std::vector<Sequence> ways;
    const uint32_t last = node.max;
    for (uint32_t times = node.min; times <= last; ++times) {
      node.min = node.max = times;
      if (times == 0) {
        ways.emplace_back();
      } else if (width_of(node)) {
        ways.push_back({node});
      } else {
        repeat(node, times, ways);
      }
      if (ways.size() > kMaxAlternatives) throw_too_many();
    }
    return ways;
  }

  // A group whose alternatives differ in length, `times` times.
  void repeat(const Node& group, uint32_t times, std::vector<Sequence>& ways) {
    Node once = group;
    once.min = once.max = 1;
    if (times > 1) {
      if (times > kMaxAlternatives) throw_too_many();
      const std::vector<Sequence> more = of(Sequence(times, once));
      ways.insert(ways.end(), more.begin(), more.end());
      return;
    }
    for (const Sequence& alternative : once.alternatives) {
      std::vector<Sequence> more = of(alternative);
      std::move(more.begin(), more.end(), std::back_inserter(ways));
    }
  }

  size_t nodes_ = 0;
};

}  // namespace

void write_pattern(const std::vector<Sequence>& alternatives, std::u32string& out) {
  bool is_first = true;
  for (const Sequence& sequence : alternatives) {
    if (!is_first) out += U'|';
    is_first = false;
    for (const Node& node : sequence) {
      out += node.text;
      if (!node.alternatives.empty()) {
        write_pattern(node.alternatives, out);
        out += U')';
      }
      write_quantifier(node, out);
    }
  }
}

void fix_lookbehind(Node& lookbehind) {
  const auto is_fixed = [](const Sequence& sequence) { return width_of(sequence).has_value(); };
  if (std::all_of(lookbehind.alternatives.begin(), lookbehind.alternatives.end(), is_fixed)) return;
  Expansion expansion;
  std::vector<Sequence> fixed;
  for (const Sequence& alternative : lookbehind.alternatives) {
    std::vector<Sequence> ways = expansion.of(alternative);
    std::move(ways.begin(), ways.end(), std::back_inserter(fixed));
    if (fixed.size() > kMaxAlternatives) throw_too_many();
  }
  lookbehind.alternatives = std::move(fixed);
}

}  // namespace ravelin::worker::regexp
