// Stage "body": a worker sees a request only when its body is complete. Small bodies stay in memory, larger ones go to
// an unlinked temporary file; a client that dribbles loses its connection (DESIGN 3, Slow clients never hold a worker).
#include <errno.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sys.h"
#include "frontend/connection.h"
#include "frontend/loop.h"

namespace ravelin::frontend {

// Counts what the parser has decoded since the last call and spools it when it is much. False when the request was
// refused.
bool Connection::take_body() {
  std::string& body = parser_.body();
  uint64_t in_memory = request_.body_file ? 0 : request_.body_bytes;
  uint64_t fresh = body.size() - in_memory;  // without a file, everything so far is in `body`
  request_.body_bytes += fresh;
  uint64_t limit = loop_.config().max_body_bytes;
  if (limit > 0 && (request_.body_bytes > limit || parser_.announced() > limit - request_.body_bytes)) {
    refuse(413, "");
    return false;
  }
  if (fresh == 0) return true;
  if (!request_.body_file && body.size() <= limits::kBodyMemoryBytes) return true;
  return spool_body();
}

bool Connection::spool_body() {
  std::string& body = parser_.body();
  const char* trouble = nullptr;
  if (!request_.body_file) {
    auto file = make_temporary_file(loop_.config().spool_directory);
    if (file) {
      request_.body_file = std::move(file.value());
    } else {
      trouble = "open";
      logf("error: cannot spool a request body: %s", file.error().message.c_str());
    }
  }
  size_t written = 0;
  while (trouble == nullptr && written < body.size()) {
    ssize_t n = ::write(request_.body_file.get(), body.data() + written, body.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      trouble = "write";
      logf("error: cannot spool a request body in %s: %s", loop_.config().spool_directory.c_str(),
           errno_text(errno).c_str());
      break;
    }
    written += static_cast<size_t>(n);
  }
  body.clear();
  if (trouble == nullptr) return true;
  refuse(507, "The request body could not be stored.");
  return false;
}

// More of the body has to come: it must keep coming, and at a pace that is not an attack.
void Connection::await_body() {
  uint64_t now = loop_.now_ns();
  uint64_t seconds = (now - body_deadline_base_ns_) / kNsPerSecond;
  uint64_t allowance = loop_.body_timeouts().duration_ns() / kNsPerSecond + 1;
  if (seconds > allowance && request_.body_bytes < (seconds - allowance) * limits::kMinBodyBytesPerSecond)
    return refuse(408, "");
  loop_.body_timeouts().start(*this, now);
}

}  // namespace ravelin::frontend
