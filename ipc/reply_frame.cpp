#include "ipc/reply_frame.h"

#include "common/bytes.h"
#include "common/limits.h"

namespace ravelin::ipc {

void encode_reply(std::string& out, const ReplyFields& fields, bool body_in_descriptor) {
  ByteWriter writer(out);
  writer.number(fields.status);
  writer.number(fields.flags);
  writer.number(fields.header_count);
  writer.number(static_cast<uint32_t>(fields.headers.size()));
  writer.number(uint32_t{0});  // keeps the next field aligned; reserved
  writer.number(body_in_descriptor ? fields.body_offset : uint64_t{0});
  writer.number(body_in_descriptor ? fields.body_bytes : static_cast<uint64_t>(fields.inline_body.size()));
  writer.raw(fields.headers);
  if (!body_in_descriptor) writer.raw(fields.inline_body);
}

Result<ReplyFields> decode_reply(std::string_view payload, bool has_descriptor) {
  ByteReader reader(payload);
  ReplyFields fields;
  fields.status = reader.number<uint16_t>();
  fields.flags = reader.number<uint16_t>();
  fields.header_count = reader.number<uint32_t>();
  auto header_bytes = reader.number<uint32_t>();
  reader.number<uint32_t>();
  fields.body_offset = reader.number<uint64_t>();
  fields.body_bytes = reader.number<uint64_t>();
  if (header_bytes > limits::kMaxReplyHeadBytes || fields.header_count > limits::kMaxReplyHeaders)
    return Error{ErrorCode::kTooLarge, "Reply frame: too many header lines"};
  if (fields.body_bytes > limits::kMaxReplyBodyBytes || fields.body_offset > limits::kMaxReplyBodyBytes)
    return Error{ErrorCode::kTooLarge, "Reply frame: body too large"};
  fields.headers = reader.raw(header_bytes);
  if (!has_descriptor) fields.inline_body = reader.raw(fields.body_bytes);
  if (!reader.ok() || !reader.at_end()) return Error{ErrorCode::kInvalid, "Reply frame: lengths do not add up"};
  return fields;
}

}  // namespace ravelin::ipc
