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
  std::string source;
};

void append_request(std::string& out, const CompileRequest& request);
std::optional<CompileRequest> parse_request(std::string_view body);

void append_compiled(std::string& out, const Compiled& compiled);
std::optional<Compiled> parse_compiled(std::string_view body);

}  // namespace ravelin::worker
