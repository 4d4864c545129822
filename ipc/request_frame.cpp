#include "ipc/request_frame.h"

#include "common/bytes.h"
#include "ipc/header_block.h"

namespace ravelin::ipc {
namespace {

constexpr size_t kFixedBytes = 56;  // the numbers before the strings; the smallest payload of the message table
constexpr uint8_t kSecure = 1;
constexpr uint8_t kHasAuthority = 2;

}  // namespace

void encode_request(std::string& out, const RequestFields& fields, bool body_in_descriptor) {
  ByteWriter writer(out);
  out.reserve(out.size() + kFixedBytes + fields.path.size() * 2 + fields.headers.size() + fields.inline_body.size() +
              512);
  writer.number(fields.route);
  writer.number(fields.version_minor);
  writer.number(static_cast<uint8_t>((fields.secure ? kSecure : 0) | (fields.has_authority ? kHasAuthority : 0)));
  writer.number(fields.peer_port);
  writer.number(fields.header_count);
  writer.number(static_cast<uint32_t>(fields.peer_ip.size()));
  writer.number(static_cast<uint32_t>(fields.method.size()));
  writer.number(static_cast<uint32_t>(fields.path.size()));
  writer.number(static_cast<uint32_t>(fields.query.size()));
  writer.number(static_cast<uint32_t>(fields.matched_path.size()));
  writer.number(static_cast<uint32_t>(fields.host.size()));
  writer.number(static_cast<uint32_t>(fields.fs_path.size()));
  writer.number(static_cast<uint32_t>(fields.headers.size()));
  writer.number(static_cast<uint32_t>(fields.fragment.size()));
  writer.number(body_in_descriptor ? fields.body_bytes : static_cast<uint64_t>(fields.inline_body.size()));
  for (std::string_view part : {fields.peer_ip, fields.method, fields.path, fields.query, fields.matched_path,
                                fields.host, fields.fs_path, fields.headers, fields.fragment})
    writer.raw(part);
  if (!body_in_descriptor) writer.raw(fields.inline_body);
}

Result<RequestFields> decode_request(std::string_view payload, bool has_descriptor) {
  ByteReader reader(payload);
  RequestFields fields;
  fields.route = reader.number<uint32_t>();
  fields.version_minor = reader.number<uint8_t>();
  const auto flags = reader.number<uint8_t>();
  fields.secure = (flags & kSecure) != 0;
  fields.has_authority = (flags & kHasAuthority) != 0;
  fields.peer_port = reader.number<uint16_t>();
  fields.header_count = reader.number<uint32_t>();
  uint32_t lengths[9];
  for (uint32_t& length : lengths) length = reader.number<uint32_t>();
  fields.body_bytes = reader.number<uint64_t>();
  fields.peer_ip = reader.raw(lengths[0]);
  fields.method = reader.raw(lengths[1]);
  fields.path = reader.raw(lengths[2]);
  fields.query = reader.raw(lengths[3]);
  fields.matched_path = reader.raw(lengths[4]);
  fields.host = reader.raw(lengths[5]);
  fields.fs_path = reader.raw(lengths[6]);
  fields.headers = reader.raw(lengths[7]);
  fields.fragment = reader.raw(lengths[8]);
  if (!has_descriptor) fields.inline_body = reader.raw(fields.body_bytes);
  if (!reader.ok() || !reader.at_end()) return Error{ErrorCode::kInvalid, "Request frame: lengths do not add up"};
  return fields;
}

}  // namespace ravelin::ipc
