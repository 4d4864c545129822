#include "worker/parse_multipart.h"

#include <string.h>

#include <algorithm>

#include "common/limits.h"
#include "common/log.h"
#include "common/text.h"

namespace ravelin::worker {
namespace {

constexpr size_t kMaxBoundaryBytes = 200;  // RFC 2046 allows 70; some clients do not care
constexpr size_t kMaxParameters = 32;
constexpr size_t kMaxPartHeaders = 64;  // a body of "a:" lines must not become millions of records
constexpr size_t npos = std::string_view::npos;

// memmem: linear in the haystack whatever the boundary looks like, unlike string_view::find.
size_t find_bytes(std::string_view haystack, std::string_view needle, size_t from) {
  if (from > haystack.size()) return npos;
  const void* found = memmem(haystack.data() + from, haystack.size() - from, needle.data(), needle.size());
  return found == nullptr ? npos : static_cast<size_t>(static_cast<const char*>(found) - haystack.data());
}

// A quoted string at the front of `text`, which begins with '"'. `\"` stands for `"` and `\\` for `\`; other
// backslashes are themselves, as browsers send them in file names. Without a closing quote it ends with the text.
std::string take_quoted(std::string_view& text) {
  std::string value;
  size_t i = 1;
  while (i < text.size() && text[i] != '"') {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    value += text[i++];
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return value;
}

void skip_to_semicolon(std::string_view& text) { text.remove_prefix(std::min(text.find(';'), text.size())); }

std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

// charset'language'percent-encoded (RFC 8187 3.2.1); other text is taken as it is.
std::string decode_extended_value(std::string_view text) {
  size_t first = text.find('\'');
  size_t second = first == npos ? npos : text.find('\'', first + 1);
  if (second == npos) return std::string(text);
  std::string value;
  append_percent_decoded(value, text.substr(second + 1), false);
  return equals_ignoring_case(text.substr(0, first), "iso-8859-1") ? latin1_to_utf8(value) : value;
}

// Moves name* over name.
void settle_extended_parameters(std::vector<std::pair<std::string, std::string>>& parameters) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    std::string& name = parameters[i].first;
    if (name.size() < 2 || name.back() != '*') continue;
    name.pop_back();
    std::string value = decode_extended_value(parameters[i].second);
    auto plain = std::find_if(parameters.begin(), parameters.end(), [&](const auto& other) {
      return &other != &parameters[i] && equals_ignoring_case(other.first, name);
    });
    if (plain == parameters.end()) {
      parameters[i].second = std::move(value);
    } else {
      plain->second = std::move(value);
      parameters.erase(parameters.begin() + static_cast<std::ptrdiff_t>(i--));
    }
  }
}

// The delimiter lines of a body. A delimiter is "--boundary" at the start of a line, followed by "--" or by blanks and
// the end of the line (RFC 2046 5.1.1).
class DelimiterScanner {
 public:
  DelimiterScanner(std::string_view body, std::string_view boundary)
      : body_(body), line_(std::string("\r\n--").append(boundary)) {}

  struct Delimiter {
    size_t start = npos;  // of the CR LF that belongs to it
    size_t end = 0;       // behind its line
    bool is_last = false;
  };

  // The first delimiter whose CR LF is at or after `from`.
  Delimiter find(size_t from) const {
    for (size_t at = from; (at = find_bytes(body_, line_, at)) != npos; at += 2) {
      Delimiter delimiter = read(at, at + line_.size());
      if (delimiter.start != npos) return delimiter;
    }
    return {};
  }

  // A delimiter at the start of the body, which has no CR LF before it.
  Delimiter find_first() const {
    std::string_view without_line_end = std::string_view(line_).substr(2);
    if (body_.starts_with(without_line_end)) {
      Delimiter delimiter = read(0, without_line_end.size());
      if (delimiter.start != npos) return delimiter;
    }
    return find(0);
  }

 private:
  // Judges what follows the boundary at `end`.
  Delimiter read(size_t start, size_t end) const {
    if (body_.substr(end).starts_with("--")) return {start, end + 2, true};
    while (end < body_.size() && (body_[end] == ' ' || body_[end] == '\t')) ++end;
    if (body_.substr(end).starts_with("\r\n")) return {start, end + 2, false};
    return {};
  }

  std::string_view body_;
  std::string line_;
};

// Reads header lines from `position` to behind their empty line. False when they do not end, or are too long.
bool read_part_headers(std::string_view body, size_t& position, Part& part) {
  size_t start = position;
  while (true) {
    size_t end =
        find_bytes(body.substr(0, std::min(body.size(), start + limits::kMaxMultipartHeaderBytes)), "\r\n", position);
    if (end == npos) return false;
    std::string_view line = body.substr(position, end - position);
    position = end + 2;
    if (line.empty()) return true;
    size_t colon = line.find(':');
    if (colon == npos || colon == 0 || part.headers.size() == kMaxPartHeaders) continue;
    part.headers.push_back({trim_blanks(line.substr(0, colon)), parse_header_parameters(line.substr(colon + 1))});
  }
}

}  // namespace

const std::string* HeaderWithParameters::find(std::string_view name) const {
  for (const auto& [known, parameter] : parameters)
    if (equals_ignoring_case(known, name)) return &parameter;
  return nullptr;
}

HeaderWithParameters parse_header_parameters(std::string_view text) {
  HeaderWithParameters result;
  result.value = trim_blanks(text.substr(0, text.find(';')));
  skip_to_semicolon(text);
  while (!text.empty() && result.parameters.size() < kMaxParameters) {
    text.remove_prefix(1);  // ';'
    size_t equals = text.find_first_of("=;");
    if (equals == npos) break;
    if (text[equals] == ';') {
      text.remove_prefix(equals);
      continue;
    }
    std::string_view name = trim_blanks(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::string value =
        text.starts_with('"') ? take_quoted(text) : std::string(trim_blanks(text.substr(0, text.find(';'))));
    skip_to_semicolon(text);
    if (!name.empty()) result.parameters.emplace_back(name, std::move(value));
  }
  settle_extended_parameters(result.parameters);
  return result;
}

const std::string* Part::find_disposition(std::string_view parameter) const {
  for (const PartHeader& header : headers)
    if (equals_ignoring_case(header.name, "content-disposition")) return header.content.find(parameter);
  return nullptr;
}

std::vector<Part> parse_multipart(std::string_view body, std::string_view boundary) {
  std::vector<Part> parts;
  if (boundary.empty() || boundary.size() > kMaxBoundaryBytes) return parts;
  DelimiterScanner scanner(body, boundary);
  DelimiterScanner::Delimiter delimiter = scanner.find_first();
  while (delimiter.start != npos && !delimiter.is_last && parts.size() < limits::kMaxMultipartParts) {
    size_t position = delimiter.end;
    Part part;
    if (!read_part_headers(body, position, part)) break;
    // From the empty line's own CR LF on: a part without content may have no other one.
    delimiter = scanner.find(position - 2);
    size_t end = delimiter.start == npos ? body.size() : std::max(delimiter.start, position);
    part.content = body.substr(position, end - position);
    parts.push_back(std::move(part));
  }
  if (parts.size() == limits::kMaxMultipartParts && !delimiter.is_last)
    logf("warning: a form has more than %zu parts; the rest is ignored", limits::kMaxMultipartParts);
  return parts;
}

}  // namespace ravelin::worker
