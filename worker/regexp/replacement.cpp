#include "worker/regexp/replacement.h"

namespace ravelin::worker::regexp {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Behind the "$": how many characters of `rest` name something, and what it stands for. 0: nothing.
size_t read_reference(std::string_view rest, const Replaced& match, std::string_view& value) {
  if (rest.empty()) return 0;
  switch (rest[0]) {
    case '$':
      value = rest.substr(0, 1);
      return 1;
    case '&':
      value = match.text.substr(match.begin, match.end - match.begin);
      return 1;
    case '`':
      value = match.text.substr(0, match.begin);
      return 1;
    case '\'':
      value = match.text.substr(match.end);
      return 1;
    case '<': {
      const size_t end = rest.find('>');
      if (match.names->empty() || end == std::string_view::npos) return 0;
      value = {};
      for (const GroupName& name : *match.names) {
        if (name.name == rest.substr(1, end - 1)) value = match.groups[name.group];
      }
      return end + 1;
    }
    default:
      break;
  }
  if (!is_digit(rest[0])) return 0;
  size_t group = static_cast<size_t>(rest[0] - '0');
  size_t size = 1;
  if (rest.size() > 1 && is_digit(rest[1])) {
    const size_t both = group * 10 + static_cast<size_t>(rest[1] - '0');
    if (both > 0 && both < match.groups.size()) {
      group = both;
      size = 2;
    }
  }
  if (group == 0 || group >= match.groups.size()) return 0;
  value = match.groups[group];
  return size;
}

}  // namespace

void expand_replacement(std::string_view replacement, const Replaced& match,
                        const std::function<void(std::string_view)>& append) {
  for (size_t at = 0; at < replacement.size();) {
    const size_t dollar = replacement.find('$', at);
    append(replacement.substr(at, dollar - at));
    if (dollar == std::string_view::npos) return;
    std::string_view value;
    const size_t size = read_reference(replacement.substr(dollar + 1), match, value);
    append(size == 0 ? replacement.substr(dollar, 1) : value);
    at = dollar + 1 + size;
  }
}

}  // namespace ravelin::worker::regexp
