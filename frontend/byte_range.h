// Byte ranges of a GET (RFC 9110 14, server-details 6.7): which part of a body answers a request. One range is served;
// a request for several gets the whole, which RFC 9110 14.2 allows. Not for: heads, opening or sending files
// (static_file.h, reply_range.h). Frontend, any loop. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/http1_parser.h"

namespace ravelin::frontend {

struct ByteRange {
  enum class Answer : uint8_t {
    kWhole,          // as without Range
    kPart,           // 206 with `bytes` from `offset`: at least one, all within the body
    kUnsatisfiable,  // 416
  };
  Answer answer = Answer::kWhole;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// What a Range header asks of a body of `size` bytes. An open range ("5-") gets at most `open_cap` bytes, 0 = no limit.
// Another unit and what is not well-formed mean the whole, as if there were no header.
ByteRange parse_byte_range(std::string_view value, uint64_t size, uint64_t open_cap);

// What the reply says about the version of its body; both empty: nothing.
struct BodyValidators {
  std::string_view etag;
  std::optional<int64_t> modified;  // Unix seconds
};

// Whether the If-Range of the request names this very version: strong comparison (RFC 9110 13.1.5). A date is only
// strong when the body has not changed within the last second (8.8.2.2).
bool if_range_holds(std::string_view value, const BodyValidators& validators, int64_t now);

// The answer to a request with its Range and If-Range: always the whole unless it is a GET with a Range.
ByteRange choose_byte_range(const RequestHead& head, const BodyValidators& validators, int64_t now, uint64_t size,
                            uint64_t open_cap);

// "bytes 0-4/26" for a part, "bytes */26" for kUnsatisfiable.
std::string content_range(const ByteRange& range, uint64_t size);

}  // namespace ravelin::frontend
