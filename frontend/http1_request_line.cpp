#include "frontend/http1_request_line.h"

#include <array>

#include "common/text.h"

namespace ravelin::frontend {
namespace {

// RFC 3986 3.2.2 reg-name: unreserved, sub-delims and '%'. No ':' and no brackets: those have their own places.
constexpr std::array<bool, 256> make_host_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (char c : std::string_view("-._~!$&'()*+,;=%")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kHostBytes = make_host_table();

bool is_port(std::string_view text) {
  for (char c : text)
    if (c < '0' || c > '9') return false;
  return text.size() <= 5;
}

bool is_ip_literal(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text)
    if (hex_value(c) < 0 && c != ':' && c != '.') return false;
  return true;
}

// Both digits of "HTTP/1.1" decide the status: another version is 505, anything that is no version at all 400.
LineFault read_version(std::string_view text, RequestHead& head) {
  bool well_formed = text.size() == 8 && text.starts_with("HTTP/") && text[5] >= '0' && text[5] <= '9' &&
                     text[6] == '.' && text[7] >= '0' && text[7] <= '9';
  if (!well_formed) return {400, "malformed request line"};
  if (text[5] != '1' || text[7] > '1') return {505, "HTTP version not supported"};
  head.version_minor = static_cast<uint8_t>(text[7] - '0');
  return {};
}

LineFault read_method(std::string_view method, RequestHead& head) {
  if (!is_token(method)) return {400, "malformed method"};
  if (method.size() > limits::kMaxMethodLength) return {501, "method name too long"};
  if (method == "CONNECT") return {501, "CONNECT is not supported"};
  head.method = method;
  return {};
}

// Path and query of `text`, which begins with '/' or '?', or is empty (absolute form only). The fragment
// does not belong on the wire; scripts see it all the same (server-details 7).
void read_path_and_query(std::string_view text, RequestHead& head) {
  size_t hash = text.find('#');
  if (hash != std::string_view::npos) head.fragment = text.substr(hash + 1);
  text = text.substr(0, hash);
  size_t question = text.find('?');
  head.path = text.substr(0, question);
  if (head.path.empty()) head.path = "/";
  head.has_query = question != std::string_view::npos;
  if (head.has_query) head.query = text.substr(question + 1);
}

LineFault read_absolute_form(std::string_view after_scheme, RequestHead& head) {
  std::string_view authority = after_scheme.substr(0, after_scheme.find_first_of("/?#"));
  // Userinfo in an http URI is an error (RFC 9110 4.2.4), and '@' is no host byte.
  if (authority.empty() || !is_valid_host(authority)) return {400, "malformed host in the request target"};
  head.has_authority = true;
  head.host = authority;
  read_path_and_query(after_scheme.substr(authority.size()), head);
  return {};
}

LineFault read_target(std::string_view target, RequestHead& head) {
  for (char c : target) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x21 || byte == 0x7F) return {400, "control byte or blank in the request target"};
  }
  if (target.starts_with('/')) {
    read_path_and_query(target, head);
    return {};
  }
  if (target == "*" && head.method == "OPTIONS") {
    head.path = target;
    return {};
  }
  for (std::string_view scheme : {"http://", "https://"})
    if (target.size() > scheme.size() && equals_ignoring_case(target.substr(0, scheme.size()), scheme))
      return read_absolute_form(target.substr(scheme.size()), head);
  return {400, "malformed request target"};
}

}  // namespace

bool is_valid_host(std::string_view host) {
  if (host.starts_with('[')) {
    size_t end = host.find(']');
    if (end == std::string_view::npos || !is_ip_literal(host.substr(1, end - 1))) return false;
    std::string_view rest = host.substr(end + 1);
    return rest.empty() || (rest[0] == ':' && is_port(rest.substr(1)));
  }
  size_t colon = host.find(':');
  for (char c : host.substr(0, colon))
    if (!kHostBytes[static_cast<unsigned char>(c)]) return false;
  return colon == std::string_view::npos || (colon > 0 && is_port(host.substr(colon + 1)));
}

LineFault parse_request_line(std::string_view line, RequestHead& head) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return {400, "malformed request line"};
  // The version is judged before the target, so that "PRI * HTTP/2.0" is 505. Blanks inside the target fail there.
  LineFault fault = read_version(line.substr(last + 1), head);
  if (fault.text == nullptr) fault = read_method(line.substr(0, first), head);
  if (fault.text == nullptr) fault = read_target(line.substr(first + 1, last - first - 1), head);
  return fault;
}

}  // namespace ravelin::frontend
