// Entity tag of a file and the conditional requests that it answers (RFC 9110 8.8, 13). Not for: ranges (If-Range).
// Frontend; called by StaticFiles. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "frontend/http1_parser.h"

struct stat;

namespace ravelin::frontend {

// Replaces `etag` by `"mtime-size-inode"` in hex. Weak (W/) while the file changed within the last second: it could
// change again without a different time stamp on a coarse file system clock.
void make_etag(std::string& etag, const struct stat& status, int64_t now);

// Whether `head` may be answered 304: If-None-Match decides when it is there, else If-Modified-Since.
bool is_not_modified(const RequestHead& head, std::string_view etag, const struct stat& status, int64_t now);

}  // namespace ravelin::frontend
