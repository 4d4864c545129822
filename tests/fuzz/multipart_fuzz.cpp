// multipart/form-data: the first line of the input is a Content-Type, the rest the body. Parts and header names lie
// within the body, in order and apart from each other, limits hold, and no content holds a delimiter line of its own.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/limits.h"
#include "worker/parse_multipart.h"

namespace {

using namespace ravelin;
using namespace ravelin::worker;

void require(bool condition) {
  if (!condition) abort();
}

void check(std::string_view body, std::string_view boundary) {
  const char* behind_last = body.data();
  auto parts = parse_multipart(body, boundary);
  require(parts.size() <= limits::kMaxMultipartParts);
  for (const Part& part : parts) {
    require(part.content.data() >= behind_last);
    behind_last = part.content.data() + part.content.size();
    require(behind_last <= body.data() + body.size());
    require(part.content.find("\r\n--" + std::string(boundary) + "\r\n") == std::string_view::npos);
    for (const PartHeader& header : part.headers) {
      require(header.name.data() >= body.data() && header.name.data() + header.name.size() <= part.content.data());
      require(header.content.parameters.size() <= 32);
    }
    (void)part.name();
    (void)part.filename();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(bytes), size);
  size_t line_end = input.find('\n');
  if (line_end == std::string_view::npos) return 0;
  HeaderWithParameters type = parse_header_parameters(input.substr(0, line_end));
  std::string_view body = input.substr(line_end + 1);
  const std::string* boundary = type.find("boundary");
  check(body, boundary == nullptr ? std::string_view("b") : std::string_view(*boundary));
  return 0;
}
