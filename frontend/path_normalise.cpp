#include "frontend/path_normalise.h"

namespace ravelin::frontend {
namespace {

// How many dots a segment is made of when it is a dot segment (1 or 2), else 0.
int raw_dots(std::string_view segment) {
  int dots = 0;
  while (!segment.empty()) {
    if (segment[0] == '.') {
      segment.remove_prefix(1);
    } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' && (segment[2] | 0x20) == 'e') {
      segment.remove_prefix(3);
    } else {
      return 0;
    }
    if (++dots > 2) return 0;
  }
  return dots;
}

int decoded_dots(std::string_view segment) { return segment == "." ? 1 : segment == ".." ? 2 : 0; }

// The segment that begins behind the '/' at `slash`, and where the next '/' is (size of `path` when there is none).
std::string_view segment_behind(std::string_view path, size_t slash, size_t& end) {
  end = path.find('/', slash + 1);
  if (end == std::string_view::npos) end = path.size();
  return path.substr(slash + 1, end - slash - 1);
}

// RFC 3986 5.2.4 for an absolute path, with empty segments dropped as well. `out` holds "/a/b" without a trailing slash
// while it is built.
template <typename CountDots>
PathVerdict resolve(std::string_view path, CountDots count_dots, std::string& out) {
  out.clear();
  bool trailing_slash = false;
  for (size_t slash = 0, end = 0; slash < path.size(); slash = end) {
    std::string_view segment = segment_behind(path, slash, end);
    int dots = count_dots(segment);
    trailing_slash = segment.empty() || dots > 0;  // counts when this is the last segment
    if (dots == 2) {
      if (out.empty()) return PathVerdict::kClimbs;
      out.resize(out.rfind('/'));
    } else if (!segment.empty() && dots == 0) {
      out += '/';
      out += segment;
    }
  }
  if (trailing_slash || out.empty()) out += '/';
  return PathVerdict::kFine;
}

enum class Scan { kAsItIs, kMustChange, kHasNul };

Scan scan(std::string_view raw) {
  bool must_change = false;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\0' || (raw[i] == '%' && raw.substr(i + 1, 2) == "00")) return Scan::kHasNul;
    if (raw[i] != '/' || i + 1 == raw.size() || must_change) continue;
    char next = raw[i + 1];
    if (next != '/' && next != '.' && next != '%') continue;
    size_t end = 0;
    std::string_view segment = segment_behind(raw, i, end);
    must_change = segment.empty() || raw_dots(segment) > 0;
  }
  return must_change ? Scan::kMustChange : Scan::kAsItIs;
}

}  // namespace

PathVerdict normalise_path(std::string_view raw, std::string& scratch, std::string_view& normalised) {
  if (!raw.starts_with('/')) return PathVerdict::kBad;
  switch (scan(raw)) {
    case Scan::kHasNul:
      return PathVerdict::kBad;
    case Scan::kAsItIs:
      normalised = raw;
      return PathVerdict::kFine;
    case Scan::kMustChange:
      break;
  }
  PathVerdict verdict = resolve(raw, raw_dots, scratch);
  normalised = scratch;
  return verdict;
}

PathVerdict resolve_decoded_path(std::string_view decoded, std::string& resolved) {
  if (!decoded.starts_with('/') || decoded.find('\0') != std::string_view::npos) return PathVerdict::kBad;
  return resolve(decoded, decoded_dots, resolved);
}

}  // namespace ravelin::frontend
