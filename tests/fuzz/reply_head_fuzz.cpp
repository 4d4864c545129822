// What a hostile worker can make the frontend write as a reply's head: whatever the frame holds, the head stays one
// head, framed by us. First byte: flags of the case; rest: payload of a Reply frame.
#include <cstdint>
#include <cstdlib>

#include "common/text.h"
#include "frontend/reply_head.h"

using namespace ravelin;
using namespace ravelin::frontend;

namespace {

void require(bool condition) {
  if (!condition) abort();
}

void check_head(std::string_view head, const ipc::ReplyFields& reply, const ReplyContext& context) {
  require(head.starts_with("HTTP/1.1 ") && head.ends_with("\r\n\r\n"));
  require(head.find("\r\n\r\n") == head.size() - 4);
  head.remove_suffix(2);
  size_t lengths = 0, dates = 0, connections = 0;
  for (bool status_line = true; !head.empty(); status_line = false) {
    size_t end = head.find("\r\n");
    require(end != std::string_view::npos);
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    require(is_field_value(line));
    if (status_line) continue;
    size_t colon = line.find(':');
    require(colon != std::string_view::npos && is_token(line.substr(0, colon)));
    std::string name = to_lower(line.substr(0, colon));
    lengths += name == "content-length";
    dates += name == "date";
    connections += name == "connection";
    require(name != "transfer-encoding" && name != "upgrade" && name != "te" && name != "trailer" &&
            name != "keep-alive");
    if (name == "content-length") require(line.substr(colon + 2) == std::to_string(reply.body_bytes));
  }
  require(dates == 1);
  require(lengths == (status_allows_body(reply.status) ? 1u : 0u));
  require(connections == (!context.keep_alive || context.request_version_minor == 0 ? 1u : 0u));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  bool has_descriptor = (data[0] & 1) != 0;
  ReplyContext context{(data[0] & 2) != 0, static_cast<uint8_t>((data[0] & 4) != 0 ? 0 : 1), (data[0] & 8) != 0,
                       "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"};
  auto reply = ipc::decode_reply({reinterpret_cast<const char*>(data + 1), size - 1}, has_descriptor);
  if (!reply) return 0;
  std::string out = "before", problem;
  if (append_reply_head(out, reply.value(), context, &problem)) {
    require(reply.value().status >= 200 && reply.value().status <= 599);
    check_head(std::string_view(out).substr(6), reply.value(), context);
  } else {
    require(out == "before" && !problem.empty());
  }
  require(problem.size() < 1024);
  return 0;
}
