// Payload of a Chunk frame (PROTOCOL.md): one piece of a streamed reply, bytes in the frame and behind them, perhaps, a
// range of a file. Never empty: an empty chunk would end a chunked body (RFC 9112 7.1). Untrusted like a Reply. Not
// for: chunk framing on the wire, which the frontend writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/limits.h"
#include "common/result.h"

namespace ravelin::ipc {

struct ChunkFields {
  std::string_view inline_bytes;
  uint64_t file_offset = 0;  // with a descriptor: what of it follows the inline bytes
  uint64_t file_bytes = 0;
};

constexpr size_t kChunkFixedBytes = 16;

inline void encode_chunk(std::string& out, const ChunkFields& fields) {
  ByteWriter writer(out);
  writer.number(fields.file_offset);
  writer.number(fields.file_bytes);
  writer.raw(fields.inline_bytes);
}

// Views into `payload`; fails on an empty piece and on file ranges that no reply may have.
inline Result<ChunkFields> decode_chunk(std::string_view payload, bool has_descriptor) {
  ByteReader reader(payload);
  ChunkFields fields;
  fields.file_offset = reader.number<uint64_t>();
  fields.file_bytes = reader.number<uint64_t>();
  if (!reader.ok()) return Error{ErrorCode::kInvalid, "Chunk frame: too short"};
  fields.inline_bytes = payload.substr(kChunkFixedBytes);
  if (fields.file_offset > limits::kMaxReplyBodyBytes || fields.file_bytes > limits::kMaxReplyBodyBytes)
    return Error{ErrorCode::kTooLarge, "Chunk frame: file range too large"};
  if (has_descriptor != (fields.file_bytes > 0))
    return Error{ErrorCode::kInvalid, "Chunk frame: a file range without descriptor, or the other way round"};
  if (fields.inline_bytes.empty() && fields.file_bytes == 0)
    return Error{ErrorCode::kInvalid, "Chunk frame: nothing in it"};
  return fields;
}

}  // namespace ravelin::ipc
