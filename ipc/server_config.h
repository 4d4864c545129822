// What server.start() decided, as one value: made and checked by the launcher, kept by the workers, sent to the
// frontend in a Config frame. Not for: the JavaScript functions themselves (they live in the heap; a route names them
// by index).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/mime.h"
#include "common/result.h"

namespace ravelin::ipc {

// How a route's key is compared with the path (server-details 3.2, 3.4).
enum class MatchKind : uint8_t {
  kExact = 0,   // the whole path
  kPrefix = 1,  // key ends in '/': the key itself and everything below
  kRegex = 2,   // key is the pattern without '~', searched in the path
  kGlob = 3,    // key has unescaped '*': the whole path, '*' matches any run
};

enum class RouteKind : uint8_t {
  kDirectory = 0,        // a directory of files: always kPrefix; served by the frontend
  kFunction = 1,         // a function of the start script
  kModule = 2,           // {module: name}
  kModuleDirectory = 3,  // {modulePath: dir}
};

struct Route {
  RouteKind kind = RouteKind::kFunction;
  MatchKind match = MatchKind::kExact;
  std::string key;  // normalised: begins with '/', except a regex; escapes of exact and prefix keys resolved
  std::string
      target;  // directory with trailing slash; module name; module directory; for kFunction: the key as written
  std::vector<std::pair<std::string, std::string>> headers;  // kDirectory: sent with every file
  uint32_t order = 0;                                        // position in the map as written (mapSort: false)
};

struct ServerConfig {
  std::vector<Route> routes;
  bool map_sort = true;
  bool developer_mode = false;
  bool has_not_found = false;       // notFoundFunc is set: 404s of the frontend go to a worker
  bool has_directory_func = false;  // directoryFunc is set: directories without index go to a worker
  uint32_t workers = 1;             // http workers
  uint32_t loops = 1;               // event loops of the frontend
  uint64_t script_timeout_ms = 0;   // 0 = none
  uint64_t connect_timeout_ms = 0;  // 0 = the defaults of limits.h
  uint64_t max_body_bytes = limits::kDefaultMaxBodyBytes;      // 0 = no limit
  uint64_t max_memory_bytes = limits::kDefaultMaxMemoryBytes;  // 0 = no limit
  uint64_t max_request_line = limits::kMaxRequestLine;
  uint64_t max_header_bytes = limits::kMaxHeaderBytes;
  uint64_t max_read = limits::kDefaultMaxRead;
  uint64_t max_write = limits::kDefaultMaxWrite;
  uint64_t queue_length = limits::kQueueLength;
  uint64_t queue_age_ms = limits::kQueueAgeMs;
  uint64_t grace_ms = limits::kGraceMs;
  uint64_t range_cap_bytes = limits::kDefaultRangeBytes;  // of an open byte range; at least 1
  std::string cache_control;                              // for files; empty = no header
  std::string default_charset;                            // appended to text/* types; empty = none
  std::string spool_directory;                            // for bodies that do not fit in memory
  std::vector<std::pair<std::string, std::string>> mime;  // mimeMap

  MimeTable mime_table() const;
};

// A listening socket as a Listener frame describes it (the socket is the frame's descriptor).
struct ListenerInfo {
  std::string address;  // "127.0.0.1:8088", "[::1]:8088": for log lines
  uint32_t loop = 0;    // which frontend loop accepts from it
  bool secure = false;
};

std::string encode_config(const ServerConfig& config);
// Fails on truncated or overlong input and on values outside their enum.
Result<ServerConfig> decode_config(std::string_view payload);

std::string encode_listener(const ListenerInfo& listener);
Result<ListenerInfo> decode_listener(std::string_view payload);

}  // namespace ravelin::ipc
