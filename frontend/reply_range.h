// Byte ranges of worker's replies with a file ("@/path", server-details 9.5): the reply of a whole file becomes that of
// the part that the request asks for. Not for: what a Range means (byte_range.h), judging header lines (reply_head.h).
// Frontend, any loop; called by Connection::relay. Pure. Worker bytes are hostile input here.
#pragma once

#include <cstdint>
#include <string>

#include "frontend/byte_range.h"
#include "ipc/reply_frame.h"

namespace ravelin::frontend {

// For a 200 reply with ipc::kReplyFile and its descriptor; others keep the whole. If-Range is compared with the ETag
// and Last-Modified that the script has set. For a part, `reply` gets 206, its place in the descriptor and a
// Content-Range; its header block is then in `headers`, which must live as long. Else nothing changes.
ByteRange apply_byte_range(const RequestHead& head, uint64_t open_cap, int64_t now, ipc::ReplyFields& reply,
                           std::string& headers);

}  // namespace ravelin::frontend
