// The text that replace() puts in the place of a match: $$, $&, $`, $', $1 to $99 and $<name> (ECMAScript 22.1.3.18.1).
// Not for: replacements that a function makes (js_regexp.h). Pure functions, any process that runs script.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "worker/regexp/translate.h"

namespace ravelin::worker::regexp {

struct Replaced {
  std::string_view text;
  size_t begin = 0;  // bytes of the match
  size_t end = 0;
  std::vector<std::string_view> groups;  // the match, then the captures; empty for one that took no part
  const std::vector<GroupName>* names = nullptr;
};

void expand_replacement(std::string_view replacement, const Replaced& match,
                        const std::function<void(std::string_view)>& append);

}  // namespace ravelin::worker::regexp
