// Hosts of URLs (URL Standard 3.5): names, IPv4 numbers in all their forms, IPv6, opaque hosts. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ravelin::worker {

// The host as it stands in an href. `is_special`: of http and its kin. nullopt: invalid.
std::optional<std::string> parse_url_host(std::string_view text, bool is_special);

// Appends `text` with control characters, bytes from 7F and those in `set` as %XX.
void append_percent_encoded(std::string& out, std::string_view text, std::string_view set);

}  // namespace ravelin::worker
