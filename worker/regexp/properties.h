// The names of Unicode properties in \p{...} (ECMAScript 22.2.2.10, tables 66 to 69) in the words of PCRE2.
// Not for: what characters have them (PCRE2's tables). Pure functions, any process that runs script.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ravelin::worker::regexp {

// What stands between the braces -> the same for PCRE2; nullopt for what is no property of JavaScript. Names of scripts
// are not checked: PCRE2 refuses those it does not know. With `ignores_case` the properties of case become that of
// having case.
std::optional<std::string> property_pattern(std::string_view text, bool ignores_case);

}  // namespace ravelin::worker::regexp
