#include "frontend/static_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/check.h"
#include "common/log.h"
#include "common/sys.h"
#include "common/text.h"
#include "frontend/path_normalise.h"
#include "frontend/static_open.h"
#include "frontend/static_validators.h"

namespace ravelin::frontend {
namespace {

constexpr size_t kSmallFileBytes =
    16 * 1024;  // read and sent with the head in one write; cheaper than sendfile up to here
constexpr std::string_view kAllow = "Allow: GET, HEAD\r\n";
constexpr std::string_view kIndexNames[] = {"index.html", "index.htm"};

void set_error(StaticReply& reply, int status, std::string_view lines = {}) {
  reply.outcome = StaticReply::Outcome::kError;
  reply.status = status;
  reply.lines = lines;
}

// Header lines that every file of a route gets. Bad ones are left out here, once, instead of at every request.
std::string route_lines(const ipc::Route& route, const std::string& cache_control, bool& has_content_type) {
  std::string lines;
  bool has_cache_control = false;
  bool has_accept_ranges = false;
  for (const auto& [name, value] : route.headers) {
    if (!is_token(name) || !is_field_value(value) || is_reserved_reply_header(name)) {
      logf("route %s: header \"%s\" dropped: it is not allowed or not well-formed", route.key.c_str(), name.c_str());
      continue;
    }
    has_cache_control |= equals_ignoring_case(name, "cache-control");
    has_accept_ranges |= equals_ignoring_case(name, "accept-ranges");
    has_content_type |= equals_ignoring_case(name, "content-type");
    lines.append(name).append(": ").append(value).append("\r\n");
  }
  if (!has_cache_control && !cache_control.empty()) {
    if (is_field_value(cache_control)) {
      lines.append("Cache-Control: ").append(cache_control).append("\r\n");
    } else {
      logf("option cacheControl dropped: its value is not a header value");
    }
  }
  if (!has_accept_ranges) lines += "Accept-Ranges: bytes\r\n";
  return lines;
}

// A Location must be ASCII, and browsers read a backslash as a slash, which could make "/\host" an absolute address.
void append_location(std::string& out, std::string_view text) {
  static const char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '\\' || c == '"' || c == '<' || c == '>') {
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out += c;
    }
  }
}

// Up to `size` bytes from the beginning of the file; fewer when it was cut short meanwhile. -1: read error.
ssize_t read_whole(int fd, char* buffer, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t n = read(fd, buffer + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

// Opens a regular file. A failed open and anything but a file or directory leave `file` empty and `error` set.
UniqueFd open_for_reading(int root, const std::string& relative, struct stat& status, int& error) {
  UniqueFd file = open_beneath(root, relative.c_str(), O_RDONLY, error);
  if (!file) return file;
  if (fstat(file.get(), &status) != 0) {
    error = errno;
    return UniqueFd();
  }
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    error = ENOENT;
    return UniqueFd();
  }
  return file;
}

}  // namespace

StaticFiles::StaticFiles(const ipc::ServerConfig& config)
    : mime_(config.mime_table()),
      charset_(config.default_charset),
      has_directory_func_(config.has_directory_func),
      range_cap_bytes_(config.range_cap_bytes) {
  small_.resize(kSmallFileBytes);
  roots_.resize(config.routes.size());
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const ipc::Route& route = config.routes[i];
    if (route.kind != ipc::RouteKind::kDirectory) continue;
    Root& root = roots_[i];
    root.is_directory = true;
    root.key = route.key;
    root.path = route.target;
    root.lines = route_lines(route, config.cache_control, root.has_content_type);
    int error = open_root(root, wall_seconds());
    if (error != 0)
      logf("route %s: cannot open directory %s: %s; it is tried again at each request", root.key.c_str(),
           root.path.c_str(), errno_text(error).c_str());
  }
}

// Opens the root anew once a second at most, so that a directory that is replaced as a whole (a deployment that swaps a
// symbolic link) is noticed without a call per request. A root that cannot be opened any more is gone. Returns the
// errno.
int StaticFiles::open_root(Root& root, int64_t now) {
  if (root.fd && root.opened_second == now) return 0;
  int fd = open(root.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  int error = fd < 0 ? errno : 0;
  // Out of descriptors: the old one is as good as any.
  if (fd < 0 && root.fd && status_of_open_error(error) == 503) return 0;
  root.fd.reset(fd);
  root.opened_second = now;
  return error;
}

// Sets relative_ to the file that `path` names beneath the root. Returns 0 or the status of the refusal. Decoding
// happens behind the route's key only, so that "/css/..%2fapps/x" stays inside the directory of /css.
int StaticFiles::resolve(const Root& root, std::string_view path) {
  CHECK(path.starts_with(root.key));
  decoded_ = "/";
  append_percent_decoded(decoded_, path.substr(root.key.size()), false);
  if (resolve_decoded_path(decoded_, relative_) != PathVerdict::kFine) return 400;
  if (relative_.find("/.gzipcache/") != std::string::npos) return 404;
  relative_.erase(0, 1);
  return 0;
}

void StaticFiles::serve(const StaticRequest& request, std::string& out, StaticReply& reply) {
  reply = StaticReply();
  CHECK(request.route < roots_.size() && roots_[request.route].is_directory && request.head != nullptr);
  Root& root = roots_[request.route];
  now_ = wall_seconds();
  if (int status = resolve(root, request.path); status != 0) return set_error(reply, status);
  if (request.head->method != "GET" && request.head->method != "HEAD") return set_error(reply, 405, kAllow);
  if (int error = open_root(root, now_); error != 0) return set_error(reply, status_of_open_error(error));
  if (relative_.empty() || relative_.back() == '/') return serve_directory(request, root, out, reply);
  serve_file(request, root, out, reply);
}

void StaticFiles::serve_file(const StaticRequest& request, const Root& root, std::string& out, StaticReply& reply) {
  struct stat status;
  int error = 0;
  UniqueFd file = open_for_reading(root.fd.get(), relative_, status, error);
  if (!file) return set_error(reply, status_of_open_error(error));
  if (S_ISDIR(status.st_mode)) return redirect_to_slash(request.path, *request.head, request.context, out, reply);
  reply_with_file(request, root, std::move(file), status, out, reply);
}

void StaticFiles::serve_directory(const StaticRequest& request, const Root& root, std::string& out,
                                  StaticReply& reply) {
  size_t directory_bytes = relative_.size();
  for (std::string_view name : kIndexNames) {
    relative_.resize(directory_bytes);
    relative_ += name;
    struct stat status;
    int error = ENOENT;
    UniqueFd file = open_for_reading(root.fd.get(), relative_, status, error);
    if (file && S_ISREG(status.st_mode)) return reply_with_file(request, root, std::move(file), status, out, reply);
    // Only "there is no such file" lets the next name have its turn.
    if (!file && error != ENOENT) return set_error(reply, status_of_open_error(error));
  }
  relative_.resize(directory_bytes);
  int error = 0;
  const char* directory = relative_.empty() ? "." : relative_.c_str();
  if (!open_beneath(root.fd.get(), directory, O_PATH | O_DIRECTORY, error))
    return set_error(reply, status_of_open_error(error));
  if (!has_directory_func_) return set_error(reply, 403);
  reply.outcome = StaticReply::Outcome::kDirectory;
  reply.fs_path.append(root.path).append(relative_);
}

// Sets `range`, and adds the Content-Range of a part to lines_. False: `reply` is the 416.
bool StaticFiles::take_range(const RequestHead& head, int64_t modified, uint64_t size, ByteRange& range,
                             StaticReply& reply) {
  range = choose_byte_range(head, {etag_, modified}, now_, size, range_cap_bytes_);
  if (range.answer == ByteRange::Answer::kWhole) return true;
  if (range.answer == ByteRange::Answer::kUnsatisfiable) lines_.clear();
  lines_.append("Content-Range: ").append(content_range(range, size)).append("\r\n");
  if (range.answer == ByteRange::Answer::kPart) return true;
  set_error(reply, 416, lines_);
  return false;
}

void StaticFiles::reply_with_file(const StaticRequest& request, const Root& root, UniqueFd file,
                                  const struct stat& status, std::string& out, StaticReply& reply) {
  ReplyContext context = request.context;
  context.head_request = request.head->method == "HEAD";
  make_etag(etag_, status, now_);
  lines_ = "Last-Modified: ";
  append_http_date(lines_, std::min<int64_t>(status.st_mtim.tv_sec, now_));  // never later than Date (RFC 9110 8.8.2.1)
  lines_.append("\r\nETag: ").append(etag_).append("\r\n").append(root.lines);

  OwnHead head;
  head.status = is_not_modified(*request.head, etag_, status, now_) ? 304 : 200;
  auto size = static_cast<uint64_t>(status.st_size);
  bool with_body = head.status == 200 && !context.head_request;
  ByteRange range;
  if (with_body && request.head->range.present && !take_range(*request.head, status.st_mtim.tv_sec, size, range, reply))
    return;
  bool is_part = range.answer == ByteRange::Answer::kPart;
  if (is_part) {
    head.status = 206;
    size = range.bytes;
  }
  bool small = size <= kSmallFileBytes && !is_part;  // a part that has become shorter could not keep its Content-Range
  if (with_body && small) {
    ssize_t n = read_whole(file.get(), small_.data(), size);
    if (n < 0) {
      logf("cannot read %s%s: %s; answered 500", root.path.c_str(), relative_.c_str(), errno_text(errno).c_str());
      return set_error(reply, 500);
    }
    size = static_cast<uint64_t>(n);
  }
  head.lines = lines_;
  head.content_length = size;
  if (head.status != 304 && !root.has_content_type) {
    head.content_type = mime_.for_file(relative_);
    head.charset = charset_;
  }
  append_own_head(out, head, context);
  reply.outcome = StaticReply::Outcome::kReply;
  reply.status = head.status;
  if (!with_body) return;
  reply.body_bytes = size;
  if (small) {
    out.append(small_.data(), size);
  } else {
    reply.file = std::move(file);
    reply.offset = range.offset;
    reply.bytes = size;
  }
}

void StaticFiles::redirect_to_slash(std::string_view path, const RequestHead& head, const ReplyContext& context,
                                    std::string& out, StaticReply& reply) {
  std::string lines = "Location: ";
  append_location(lines, path);
  lines += '/';
  if (head.has_query) {
    lines += '?';
    append_location(lines, head.query);
  }
  lines += "\r\n";
  OwnHead own;
  own.status = 302;
  own.lines = lines;
  append_own_head(out, own, context);
  reply = StaticReply();
  reply.outcome = StaticReply::Outcome::kReply;
  reply.status = 302;
}

}  // namespace ravelin::frontend
