// POSIX extended regular expressions for assertions about log lines. (std::regex does not compile with g++ 12, -Werror
// and the address sanitizer: GCC bug 105562.) Not for: text with NUL bytes.
#pragma once

#include <regex.h>

#include <optional>
#include <string>

#include "common/check.h"

namespace ravelin {

// The offset behind the first match of `pattern` in `text`, or nullopt.
inline std::optional<size_t> end_of_match(const std::string& text, const std::string& pattern) {
  regex_t compiled;
  CHECK(regcomp(&compiled, pattern.c_str(), REG_EXTENDED) == 0);
  regmatch_t match;
  bool found = regexec(&compiled, text.c_str(), 1, &match, 0) == 0;
  regfree(&compiled);
  if (!found) return std::nullopt;
  return static_cast<size_t>(match.rm_eo);
}

}  // namespace ravelin
