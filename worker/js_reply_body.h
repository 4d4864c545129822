// The body of a reply: the bytes of a script's value, or a file that it named, and the decision whether they travel in
// the frame or as a descriptor (memfd or unlinked temporary file). Not for: status, headers, the frame (js_reply.h).
// Workers, inside a Duktape call.
#pragma once

#include <duktape.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/request_frame.h"

namespace ravelin::worker {

// A larger reply than this, not a file, goes to disk: memory of a memfd counts for nobody's limit.
constexpr uint64_t kMaxReplyMemfdBytes = 16 * 1024 * 1024;

struct ReplyBody {
  std::string_view inline_bytes;  // when there is no descriptor
  UniqueFd descriptor;
  uint64_t descriptor_bytes = 0;
  bool is_file = false;     // the descriptor is the file that the script named: ranges may apply
  bool is_missing = false;  // the script named a file that is not there, or no regular one

  std::string missing_file;  // with is_missing: its name in quotes, and why

  // What inline_bytes may point into, besides values on the stack and the server buffer.
  std::string scratch;
};

// Reads the value at `index` into `body` (server-details 9.2, 9.5): Strings as UTF-8, "@path" and "\@", Buffers, JSON.
// What `server_buffer` holds comes first; it may be appended to. The value must stay on the stack as long as the body
// is used. `request` is for log lines. May replace the value at `index`. Throws JavaScript errors.
void read_reply_body(duk_context* js, duk_idx_t index, std::string& server_buffer, const ipc::RequestFields& request,
                     ReplyBody& body);

// Moves inline bytes that are too long for a frame into a descriptor. Touches no heap.
Status move_large_body(const std::string& spool_directory, ReplyBody& body);

}  // namespace ravelin::worker
