// URLs as the WHATWG URL Standard parses and writes them. Not for: script values (urls.cpp), the server's own request
// paths. Pure functions over UTF-8. Left out: the drive letters of file: URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

struct Url {
  std::string scheme;  // without ':'
  std::string username, password;
  std::optional<std::string> host;
  std::optional<int> port;  // nullopt: none, or the scheme's default
  bool has_opaque_path = false;
  std::string opaque_path;
  std::vector<std::string> path;  // segments
  std::optional<std::string> query, fragment;

  bool is_special() const;
  std::string pathname() const;
  std::string host_and_port() const;  // "" without host
  std::string origin() const;
  std::string href() const;
};

// The port that a scheme implies.
std::optional<int> default_port(std::string_view scheme);

// nullopt: `input` is no URL, or a relative one and there is no base.
std::optional<Url> parse_url(std::string_view input, const Url* base);

// Host names by IDNA (UTS #46, non-transitional); nullopt for invalid ones.
std::optional<std::string> domain_to_ascii(const std::string& domain);
std::optional<std::string> domain_to_unicode(const std::string& domain);

}  // namespace ravelin::worker
