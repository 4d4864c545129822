// Payload of a Reply frame (PROTOCOL.md): status, header lines and body of one reply. The frontend treats it as
// untrusted: decode_reply checks every length, frontend/reply_head.h judges the contents. Not for: framing headers,
// which only the frontend writes (Content-Length, Transfer-Encoding, Connection, Date unless kReplyHasDate).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace ravelin::ipc {

constexpr uint16_t kReplyHasDate = 1;      // the script set `date` itself: no automatic one
constexpr uint16_t kReplyFile = 2;         // the body is a file the script named ("@/path"): ranges may apply
constexpr uint16_t kReplyClose = 4;        // close the connection after this reply
constexpr uint16_t kReplyStream = 8;       // the body here is the first piece only: Chunk frames follow, then End
constexpr uint16_t kReplyNoRangeCap = 16;  // with kReplyFile: an open range ("5-") gets all that follows

struct ReplyFields {
  uint16_t status = 200;
  uint16_t flags = 0;
  uint32_t header_count = 0;
  std::string_view headers;      // header block, names as the script spelled them, Content-Type included
  uint64_t body_offset = 0;      // where the body begins in the descriptor; 0 when inline
  uint64_t body_bytes = 0;       // inline or in the descriptor
  std::string_view inline_body;  // empty when a descriptor carries the body
};

constexpr size_t kReplyFixedBytes = 32;

// Appends the payload to `out`. With a descriptor, body_offset and body_bytes count and inline_body is not sent.
void encode_reply(std::string& out, const ReplyFields& fields, bool body_in_descriptor);

// Views into `payload`; fails on lengths that do not add up, on more header lines than the limit, on a body larger than
// limits::kMaxReplyBodyBytes. Does not look at names, values or the status.
Result<ReplyFields> decode_reply(std::string_view payload, bool has_descriptor);

}  // namespace ravelin::ipc
