// The named character references of HTML (the list of the HTML Living Standard, 13.5), for the printf code %!H.
// Any process; the index is built at the first use.
#pragma once

#include <cstddef>
#include <string_view>

namespace ravelin::worker {

// Bytes of the longest name, so that a scan for ';' can stop.
constexpr size_t kLongestHtmlEntity = 31;

// UTF-8 text of the entity with this name (case matters, without '&' and ';'), or empty when there is none.
std::string_view html_entity_text(std::string_view name);

}  // namespace ravelin::worker
