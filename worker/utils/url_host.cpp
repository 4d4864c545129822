#include "worker/utils/url_host.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/text.h"
#include "worker/utils/url_parser.h"

namespace ravelin::worker {
namespace {

constexpr std::string_view kForbiddenHost("\0\t\n\r #/:<>?@[\\]^|", 17);
constexpr std::string_view kForbiddenDomain = "%\x7F";

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// One part of an IPv4 address: decimal, 0x hexadecimal, 0 octal. nullopt: no number.
std::optional<uint64_t> ipv4_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  uint64_t value = 0;
  for (char c : text) {
    const int digit = hex_value(c);
    if (digit < 0 || digit >= base) return std::nullopt;
    value = std::min<uint64_t>(value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit), UINT64_C(1) << 40);
  }
  return value;
}

std::vector<std::string_view> dotted_parts(std::string_view host) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= host.size();) {
    const size_t end = std::min(host.find('.', begin), host.size());
    parts.push_back(host.substr(begin, end - begin));
    begin = end + 1;
  }
  if (parts.size() > 1 && parts.back().empty()) parts.pop_back();
  return parts;
}

bool ends_in_a_number(std::string_view host) {
  const std::string_view last = dotted_parts(host).back();
  const bool is_decimal =
      !last.empty() && std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_decimal || ((last.starts_with("0x") || last.starts_with("0X")) && ipv4_number(last));
}

std::optional<std::string> parse_ipv4(std::string_view host) {
  const std::vector<std::string_view> parts = dotted_parts(host);
  if (parts.size() > 4) return std::nullopt;
  uint64_t address = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto number = ipv4_number(parts[i]);
    if (!number) return std::nullopt;
    const bool is_last = i + 1 == parts.size();
    const uint64_t limit = is_last ? UINT64_C(1) << (8 * (5 - parts.size())) : 256;
    if (*number >= limit) return std::nullopt;
    address += is_last ? *number : *number << (8 * (3 - i));
  }
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string((address >> shift) & 255) + (shift > 0 ? "." : "");
  }
  return text;
}

// Lower case, the longest run of zeros as "::", never with dots.
std::optional<std::string> parse_ipv6(std::string_view text) {
  in6_addr address;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton() would stop there
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;
  unsigned pieces[8];
  for (int i = 0; i < 8; ++i) {
    pieces[i] = static_cast<unsigned>(address.s6_addr[2 * i] << 8 | address.s6_addr[2 * i + 1]);
  }
  int run_begin = -1, run_length = 1;  // a single zero is not shortened
  for (int i = 0; i < 8; ++i) {
    int length = 0;
    while (i + length < 8 && pieces[i + length] == 0) ++length;
    if (length > run_length) {
      run_begin = i;
      run_length = length;
    }
    i += length;
  }
  std::string out = "[";
  for (int i = 0; i < 8; ++i) {
    if (i == run_begin) {
      out += i == 0 ? "::" : ":";
      i += run_length - 1;
      continue;
    }
    char piece[8];
    snprintf(piece, sizeof piece, "%x", pieces[i]);
    out += piece;
    if (i < 7) out += ':';
  }
  return out + "]";
}

}  // namespace

void append_percent_encoded(std::string& out, std::string_view text, std::string_view set) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x1F && byte < 0x7F && set.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
}

std::optional<std::string> parse_url_host(std::string_view text, bool is_special) {
  if (text.starts_with('[')) {
    if (!text.ends_with(']')) return std::nullopt;
    return parse_ipv6(text.substr(1, text.size() - 2));
  }
  if (!is_special) {
    if (text.find_first_of(kForbiddenHost) != std::string_view::npos) return std::nullopt;
    std::string host;
    append_percent_encoded(host, text, "");
    return host;
  }
  std::string decoded;
  append_percent_decoded(decoded, text, false);
  auto host = domain_to_ascii(decoded);
  if (!host || host->empty() || host->find_first_of(kForbiddenHost) != std::string::npos ||
      host->find_first_of(kForbiddenDomain) != std::string::npos) {
    return std::nullopt;
  }
  if (ends_in_a_number(*host)) return parse_ipv4(*host);
  return host;
}

std::optional<std::string> domain_to_ascii(const std::string& domain) {
  std::string lower = to_lower(domain);
  if (domain.find('\0') != std::string::npos) return std::nullopt;
  if (is_ascii(domain) && !lower.starts_with("xn--") && lower.find(".xn--") == std::string::npos) return lower;
  char* converted = nullptr;
  if (idn2_to_ascii_8z(domain.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) {
    return std::nullopt;
  }
  std::string result(converted);
  idn2_free(converted);
  return to_lower(result);
}

std::optional<std::string> domain_to_unicode(const std::string& domain) {
  if (domain.find('\0') != std::string::npos) return std::nullopt;
  const std::string lower = to_lower(domain);
  if (is_ascii(domain) && !lower.starts_with("xn--") && lower.find(".xn--") == std::string::npos) return lower;
  char* converted = nullptr;
  if (idn2_to_unicode_8z8z(lower.c_str(), &converted, 0) != IDN2_OK) return std::nullopt;
  std::string result(converted);
  idn2_free(converted);
  return result;
}

}  // namespace ravelin::worker
