// Serves directory routes: path to file beneath the route's root, head, validators, and either the bytes themselves
// (small files) or the open file for sendfile. Not for: which route a path has (router.h), error pages and notFoundFunc
// (the caller's), what a Range means (byte_range.h), compression. Frontend, one instance per loop, in that loop's
// thread; called by the route stage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime.h"
#include "common/unique_fd.h"
#include "frontend/byte_range.h"
#include "frontend/http1_parser.h"
#include "frontend/reply_head.h"
#include "ipc/server_config.h"

struct stat;

namespace ravelin::frontend {

struct StaticRequest {
  uint32_t route = 0;                 // index of a directory route
  std::string_view path;              // normalised (path_normalise.h); begins with the route's key
  const RequestHead* head = nullptr;  // method, query, validators
  ReplyContext context;               // head_request is taken from the method here
};

struct StaticReply {
  enum class Outcome {
    kReply,      // the head is in the buffer, with the body behind it unless `file` is open
    kDirectory,  // a directory without index file and directoryFunc is set: fs_path for it; nothing is in the buffer
    kError,      // answer `status` with an error page (404: notFoundFunc) and `lines`; nothing is in the buffer
  };
  Outcome outcome = Outcome::kError;
  int status = 0;
  std::string_view lines;  // kError: header lines for the page (Allow, Content-Range), valid until the next serve()
  UniqueFd file;           // kReply: send `bytes` of it from `offset` behind the buffer
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint64_t body_bytes = 0;  // length of the body as the log has it, 0 for HEAD and 304
  std::string fs_path;      // kDirectory: absolute path with trailing slash
};

class StaticFiles {
 public:
  // Keeps a copy of what it needs. A root that cannot be opened now is tried again at each request.
  explicit StaticFiles(const ipc::ServerConfig& config);

  // Appends to `out` as `reply` says. Every field of `reply` is set.
  void serve(const StaticRequest& request, std::string& out, StaticReply& reply);

  // True for a path whose last extension is one of the MIME table.
  bool is_named_like_a_file(std::string_view path) const { return mime_.find_for_file(path).has_value(); }

  // 302 to `path` + '/', query kept: for Router::directory_without_slash. Fills `reply` like serve().
  static void redirect_to_slash(std::string_view path, const RequestHead& head, const ReplyContext& context,
                                std::string& out, StaticReply& reply);

 private:
  struct Root {
    bool is_directory = false;
    std::string key;    // with trailing slash
    std::string path;   // with trailing slash
    std::string lines;  // header lines of the route, Cache-Control and Accept-Ranges, complete
    bool has_content_type = false;
    UniqueFd fd;                // O_PATH
    int64_t opened_second = 0;  // of the wall clock; see open_root
  };

  int open_root(Root& root, int64_t now);
  int resolve(const Root& root, std::string_view path);
  void serve_file(const StaticRequest& request, const Root& root, std::string& out, StaticReply& reply);
  void serve_directory(const StaticRequest& request, const Root& root, std::string& out, StaticReply& reply);
  bool take_range(const RequestHead& head, int64_t modified, uint64_t size, ByteRange& range, StaticReply& reply);
  void reply_with_file(const StaticRequest& request, const Root& root, UniqueFd file, const struct stat& status,
                       std::string& out, StaticReply& reply);

  MimeTable mime_;
  std::string charset_;
  bool has_directory_func_;
  uint64_t range_cap_bytes_;
  std::vector<Root> roots_;  // by route index
  std::string decoded_;      // scratch: what follows the key, decoded once
  std::string relative_;     // scratch: the same relative to the root, dot segments resolved; no leading slash
  std::string lines_;        // scratch: header lines of one reply
  std::string etag_;         // scratch
  std::vector<char> small_;  // scratch: contents of a small file
  int64_t now_ = 0;          // seconds, of the request at hand
};

}  // namespace ravelin::frontend
