#include "frontend/reply_range.h"

#include "common/text.h"
#include "frontend/http_date.h"
#include "ipc/header_block.h"

namespace ravelin::frontend {
namespace {

BodyValidators validators_of(std::string_view header_block, int64_t now) {
  BodyValidators validators;
  ipc::HeaderBlockReader reader(header_block);
  ipc::HeaderLine line;
  while (reader.next(line)) {
    if (equals_ignoring_case(line.name, "etag")) validators.etag = trim_blanks(line.value);
    if (equals_ignoring_case(line.name, "last-modified"))
      validators.modified = parse_http_date(trim_blanks(line.value), now);
  }
  return validators;
}

// The script does not know which part is sent: a Content-Range of its own is left out. False when the block is broken.
bool copy_headers(std::string_view header_block, std::string& out, uint32_t& count) {
  ipc::HeaderBlockReader reader(header_block);
  ipc::HeaderLine line;
  count = 0;
  while (reader.next(line)) {
    if (equals_ignoring_case(line.name, "content-range")) continue;
    ipc::append_header_line(out, line.name, line.value);
    ++count;
  }
  return reader.ok();
}

}  // namespace

ByteRange apply_byte_range(const RequestHead& head, uint64_t open_cap, int64_t now, ipc::ReplyFields& reply,
                           std::string& headers) {
  if ((reply.flags & ipc::kReplyFile) == 0 || reply.status != 200) return {};
  if ((reply.flags & ipc::kReplyNoRangeCap) != 0) open_cap = 0;
  BodyValidators validators;
  if (head.if_range.present) validators = validators_of(reply.headers, now);
  ByteRange range = choose_byte_range(head, validators, now, reply.body_bytes, open_cap);
  if (range.answer != ByteRange::Answer::kPart) return range;
  headers.clear();
  uint32_t count = 0;
  if (!copy_headers(reply.headers, headers, count)) return {};  // append_reply_head refuses it
  ipc::append_header_line(headers, "Content-Range", content_range(range, reply.body_bytes));
  reply.header_count = count + 1;
  reply.headers = headers;
  reply.status = 206;
  reply.body_offset += range.offset;
  reply.body_bytes = range.bytes;
  return range;
}

}  // namespace ravelin::frontend
