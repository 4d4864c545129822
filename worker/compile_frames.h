// The bytes between a caller and its compile process (compile_client, compile_process), and inside cache entries:
// little endian numbers, and texts behind their lengths. Both ends are the same executable. Not for: files and sockets.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/compile_cache.h"

namespace ravelin::worker {

struct CompileRequest {
  bool is_typescript = false;
  bool is_global_code = false;  // its variables are global: none may be added
  std::string source;
  std::string cache_folder;  // where the process stores the result, under `key`; empty: nowhere
  CompileCache::Key key;
};

void append_request(std::string& out, const CompileRequest& request);
std::optional<CompileRequest> parse_request(std::string_view body);

struct CompileReply {
  Compiled compiled;
  bool is_stored = false;
};

void append_reply(std::string& out, const CompileReply& reply);
std::optional<CompileReply> parse_reply(std::string_view body);

void append_compiled(std::string& out, const Compiled& compiled);
std::optional<Compiled> parse_compiled(std::string_view body);

}  // namespace ravelin::worker
