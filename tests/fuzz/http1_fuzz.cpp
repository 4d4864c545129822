// Http1Parser: the same stream whole, byte by byte and cut as the input says must come out the same, and what is
// accepted must be well-formed. First byte: seed of the cuts and choice of the limits.
#include <cstdint>
#include <cstdlib>

#include "common/text.h"
#include "tests/unit/frontend/http1_outcome.h"

using namespace ravelin;
using namespace ravelin::frontend;

namespace {

void require(bool condition) {
  if (!condition) abort();
}

// What the rest of the frontend relies on without looking again.
void check_head(const RequestHead& head) {
  require(is_token(head.method) && head.method.size() <= limits::kMaxMethodLength);
  require(head.path.starts_with('/') || (head.path == "*" && head.method == "OPTIONS"));
  for (const std::string* text : {&head.path, &head.query, &head.host})
    for (char c : *text) require(static_cast<unsigned char>(c) > 0x20 && c != 0x7F);
  require(!(head.chunked && head.content_length));
  ipc::HeaderBlockReader reader(head.headers);
  ipc::HeaderLine line;
  uint32_t count = 0;
  while (reader.next(line)) {
    ++count;
    require(is_token(line.name) && is_field_value(line.value) && trim_blanks(line.value).size() == line.value.size());
    for (char c : line.value) require((static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t');
  }
  require(reader.ok() && count == head.header_count);
}

void check_heads(std::string_view stream, const ParserLimits& limits) {
  Http1Parser parser(limits);
  for (;;) {
    size_t consumed = 0;
    Http1Parser::Event event = parser.feed(stream, consumed);
    require(consumed <= stream.size());
    stream.remove_prefix(consumed);
    if (event == Http1Parser::Event::kHeadDone) {
      check_head(parser.head());
    } else if (event == Http1Parser::Event::kMessageDone) {
      parser.next_message();
    } else {
      require(event == Http1Parser::Event::kNeedMore ? stream.empty() : parser.error_status() >= 400);
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  uint8_t seed = data[0];
  std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  ParserLimits limits;
  if ((seed & 1) != 0) limits = {64, 128, 4};
  std::string expected = outcome_of(stream, limits, [] { return std::string::npos; });
  require(expected == outcome_of(stream, limits, [] { return size_t{1}; }));
  uint32_t state = seed + 1u;
  auto cut = [&] { return 1 + ((state = state * 1664525 + 1013904223) >> 16) % 23; };
  require(expected == outcome_of(stream, limits, cut));
  check_heads(stream, limits);
  return 0;
}
