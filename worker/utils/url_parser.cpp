#include "worker/utils/url_parser.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "worker/utils/url_host.h"

namespace ravelin::worker {
namespace {

// What is written as %XX, besides control characters and all beyond ASCII (URL Standard 1.3).
constexpr std::string_view kFragmentSet = " \"<>`";
constexpr std::string_view kQuerySet = " \"#<>";
constexpr std::string_view kSpecialQuerySet = " \"#<>'";
constexpr std::string_view kPathSet = " \"#<>?^`{}";
constexpr std::string_view kUserInfoSet = " \"#<>?^`{}/:;=@[\\]|";

constexpr std::pair<std::string_view, int> kSpecialSchemes[] = {{"http", 80}, {"https", 443}, {"ws", 80},
                                                                {"wss", 443}, {"ftp", 21},    {"file", -1}};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Without blanks and control characters at the ends, and without tabs and newlines anywhere.
std::string cleaned(std::string_view input) {
  const auto is_trimmed = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!input.empty() && is_trimmed(input.front())) input.remove_prefix(1);
  while (!input.empty() && is_trimmed(input.back())) input.remove_suffix(1);
  std::string text(input);
  std::erase_if(text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return text;
}

// Takes "scheme:" off the text; empty when there is none.
std::string take_scheme(std::string_view& text) {
  if (text.empty() || !is_letter(text[0])) return {};
  size_t end = 1;
  while (end < text.size() &&
         (is_letter(text[end]) || is_digit(text[end]) || text[end] == '+' || text[end] == '-' || text[end] == '.')) {
    ++end;
  }
  if (end == text.size() || text[end] != ':') return {};
  std::string scheme = to_lower(text.substr(0, end));
  text.remove_prefix(end + 1);
  return scheme;
}

bool is_dot(std::string_view segment) { return segment == "." || equals_ignoring_case(segment, "%2e"); }

bool is_double_dot(std::string_view segment) {
  return segment == ".." || equals_ignoring_case(segment, ".%2e") || equals_ignoring_case(segment, "%2e.") ||
         equals_ignoring_case(segment, "%2e%2e");
}

class UrlReader {
 public:
  UrlReader(std::string_view text, const Url* base) : text_(text), base_(base) {}

  std::optional<Url> read() {
    url_.scheme = take_scheme(text_);
    take_tail();
    if (url_.scheme.empty()) return relative();
    if (!url_.is_special()) return not_special();
    const bool has_slashes = starts_with_slash();
    if (base_ && base_->scheme == url_.scheme && !has_slashes) return relative();
    if (url_.scheme == "file") return file();
    while (starts_with_slash()) text_.remove_prefix(1);
    return with_authority();
  }

 private:
  bool is_slash(char c) const { return c == '/' || (c == '\\' && url_.is_special()); }
  bool starts_with_slash() const { return !text_.empty() && is_slash(text_[0]); }
  bool starts_with_two_slashes() const { return starts_with_slash() && text_.size() > 1 && is_slash(text_[1]); }

  // Query and fragment, which end every form.
  void take_tail() {
    if (const size_t hash = text_.find('#'); hash != std::string_view::npos) {
      append_percent_encoded(url_.fragment.emplace(), text_.substr(hash + 1), kFragmentSet);
      text_ = text_.substr(0, hash);
    }
    if (const size_t mark = text_.find('?'); mark != std::string_view::npos) {
      raw_query_ = text_.substr(mark + 1);
      text_ = text_.substr(0, mark);
    }
  }

  std::optional<Url> done() {
    if (raw_query_) {
      const bool is_special = url_.is_special();
      append_percent_encoded(url_.query.emplace(), *raw_query_, is_special ? kSpecialQuerySet : kQuerySet);
    }
    return std::move(url_);
  }

  std::optional<Url> not_special() {
    if (starts_with_two_slashes()) {
      text_.remove_prefix(2);
      return with_authority();
    }
    if (starts_with_slash()) {
      read_path();
    } else {
      url_.has_opaque_path = true;
      append_percent_encoded(url_.opaque_path, text_, "");
    }
    return done();
  }

  std::optional<Url> relative() {
    if (!base_) return std::nullopt;
    if (base_->has_opaque_path) {
      if (!text_.empty() || raw_query_ || !url_.fragment) return std::nullopt;
      std::optional<std::string> fragment = std::move(url_.fragment);
      url_ = *base_;
      url_.fragment = std::move(fragment);
      return std::move(url_);
    }
    url_.scheme = base_->scheme;
    if (url_.scheme == "file" && starts_with_slash()) return file();
    if (starts_with_two_slashes()) {
      while (starts_with_slash()) {
        text_.remove_prefix(1);
        if (!url_.is_special() && !text_.empty() && text_[0] == '/') {
          text_.remove_prefix(1);
          break;
        }
      }
      return with_authority();
    }
    url_.username = base_->username;
    url_.password = base_->password;
    url_.host = base_->host;
    url_.port = base_->port;
    if (starts_with_slash()) {
      read_path();
      return done();
    }
    url_.path = base_->path;
    if (text_.empty()) {
      if (!raw_query_) url_.query = base_->query;
      return done();
    }
    if (!url_.path.empty()) url_.path.pop_back();
    read_path();
    return done();
  }

  std::optional<Url> file() {
    url_.host = "";
    if (starts_with_two_slashes()) {
      text_.remove_prefix(2);
      const size_t end = std::min(text_.find_first_of("/\\"), text_.size());
      if (end > 0) {
        auto host = parse_url_host(text_.substr(0, end), true);
        if (!host) return std::nullopt;
        url_.host = *host == "localhost" ? "" : *host;
      }
      text_.remove_prefix(end);
    } else if (starts_with_slash() && base_ && base_->scheme == "file") {
      url_.host = base_->host;
    }
    read_path();
    return done();
  }

  std::optional<Url> with_authority() {
    size_t end = 0;
    while (end < text_.size() && !is_slash(text_[end])) ++end;
    const std::string_view authority = text_.substr(0, end);
    text_.remove_prefix(end);
    if (!read_authority(authority)) return std::nullopt;
    read_path();
    return done();
  }

  bool read_authority(std::string_view authority) {
    if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
      const std::string_view credentials = authority.substr(0, at);
      authority.remove_prefix(at + 1);
      if (authority.empty()) return false;
      const size_t colon = std::min(credentials.find(':'), credentials.size());
      append_percent_encoded(url_.username, credentials.substr(0, colon), kUserInfoSet);
      if (colon < credentials.size()) {
        append_percent_encoded(url_.password, credentials.substr(colon + 1), kUserInfoSet);
      }
    }
    const size_t bracket = authority.rfind(']');
    const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos && !read_port(authority.substr(colon + 1))) return false;
    const std::string_view host = authority.substr(0, colon);
    if (host.empty() && (url_.is_special() || colon != std::string_view::npos || !url_.username.empty())) return false;
    auto parsed = host.empty() ? std::optional<std::string>("") : parse_url_host(host, url_.is_special());
    if (!parsed) return false;
    url_.host = std::move(parsed);
    return true;
  }

  bool read_port(std::string_view digits) {
    if (digits.empty()) return true;
    const auto number = parse_decimal(digits);
    if (!number || *number > 65535) return false;
    if (static_cast<int>(*number) != default_port(url_.scheme).value_or(-1)) url_.port = static_cast<int>(*number);
    return true;
  }

  // Adds the segments of the text to the path.
  void read_path() {
    if (starts_with_slash()) {
      text_.remove_prefix(1);
    } else if (text_.empty() && !url_.is_special()) {
      return;
    }
    for (bool has_more = true; has_more;) {
      size_t end = 0;
      while (end < text_.size() && !is_slash(text_[end])) ++end;
      has_more = end < text_.size();
      const std::string_view segment = text_.substr(0, end);
      if (is_double_dot(segment)) {
        if (!url_.path.empty()) url_.path.pop_back();
        if (!has_more) url_.path.emplace_back();
      } else if (is_dot(segment)) {
        if (!has_more) url_.path.emplace_back();
      } else {
        append_percent_encoded(url_.path.emplace_back(), segment, kPathSet);
      }
      text_.remove_prefix(std::min(end + 1, text_.size()));
    }
  }

  std::string_view text_;
  const Url* base_;
  Url url_;
  std::optional<std::string_view> raw_query_;
};

}  // namespace

bool Url::is_special() const {
  return std::any_of(std::begin(kSpecialSchemes), std::end(kSpecialSchemes),
                     [this](const auto& known) { return known.first == scheme; });
}

std::string Url::pathname() const {
  if (has_opaque_path) return opaque_path;
  std::string text;
  for (const std::string& segment : path) text += "/" + segment;
  return text;
}

std::string Url::host_and_port() const {
  if (!host) return {};
  return *host + (port ? ":" + std::to_string(*port) : "");
}

std::string Url::origin() const {
  if (!is_special() || scheme == "file") return "null";
  return scheme + "://" + host_and_port();
}

std::string Url::href() const {
  std::string text = scheme + ":";
  if (host) {
    text += "//";
    if (!username.empty() || !password.empty()) {
      text += username + (password.empty() ? "" : ":" + password) + "@";
    }
    text += host_and_port();
  } else if (!has_opaque_path && path.size() > 1 && path[0].empty()) {
    text += "/.";  // else the path would read as a host
  }
  text += pathname();
  if (query) text += "?" + *query;
  if (fragment) text += "#" + *fragment;
  return text;
}

std::optional<int> default_port(std::string_view scheme) {
  for (auto [name, port] : kSpecialSchemes) {
    if (name == scheme && port > 0) return port;
  }
  return std::nullopt;
}

std::optional<Url> parse_url(std::string_view input, const Url* base) {
  const std::string text = cleaned(input);
  return UrlReader(text, base).read();
}

}  // namespace ravelin::worker
