#include "worker/js_reply_body.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/limits.h"
#include "common/log.h"
#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_request.h"

namespace ravelin::worker {
namespace {

constexpr size_t kCopyBytes = 128 * 1024;

duk_ret_t encode_json(duk_context* js, void*) {
  settle_request(js, -1);
  duk_json_encode(js, -1);
  return 1;
}

// Replaces the value at `index` by its JSON. What cannot be encoded becomes {"error": message} instead of a failure
// (server-details 9.2), but for the end of the script's time, which nothing may swallow.
void to_json(duk_context* js, duk_idx_t index) {
  duk_dup(js, index);
  if (duk_safe_call(js, encode_json, nullptr, 1, 1) != DUK_EXEC_SUCCESS) {
    if (JsHeap::of(js).deadline_passed()) duk_throw(js);
    std::string message = error_message(js, -1);
    duk_pop(js);
    duk_push_object(js);
    push_text(js, message);
    duk_put_prop_literal(js, -2, "error");
    duk_json_encode(js, -1);
  }
  duk_replace(js, index);
}

// The regular file at `path`, or an empty descriptor and `why`. Whatever is no plain file must not be waited for: hence
// O_NONBLOCK.
UniqueFd open_regular_file(std::string_view path, const ipc::RequestFields& request, uint64_t& size, std::string& why) {
  why = "no file has this name";
  if (path.empty() || path.find('\0') != std::string_view::npos) return UniqueFd();
  std::string name(path);
  about_to_block();
  UniqueFd file(open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file) {
    int error = errno;
    why = errno_text(error);
    if (error != ENOENT && error != ENOTDIR)
      logf("warning: %s: cannot open the file of the reply, \"%s\": %s", request_line(request).c_str(), name.c_str(),
           why.c_str());
    return UniqueFd();
  }
  struct stat status;
  why = "it is not a regular file";
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return UniqueFd();
  size = static_cast<uint64_t>(status.st_size);
  return file;
}

// Appends the file to the server buffer: with data before it, it is no file that ranges could apply to
// (server-details 9.5).
void append_file(duk_context* js, const UniqueFd& file, uint64_t size, std::string& out) {
  uint64_t room = limits::kMaxReplyBodyBytes - std::min<uint64_t>(out.size(), limits::kMaxReplyBodyBytes);
  if (size > room) throw_range_error(js, "the file of the reply is too large to follow what is in the server buffer");
  size_t start = out.size();
  out.resize(start + size);
  size_t done = 0;
  while (done < size) {
    ssize_t n = pread(file.get(), out.data() + start + done, std::min<size_t>(size - done, kCopyBytes),
                      static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_error(js, "cannot read the file of the reply: %s", errno_text(errno).c_str());
    if (n == 0) break;  // it has become shorter meanwhile
    done += static_cast<size_t>(n);
  }
  out.resize(start + done);
}

void use_file(duk_context* js, std::string_view path, std::string& server_buffer, const ipc::RequestFields& request,
              ReplyBody& body) {
  uint64_t size = 0;
  std::string why;
  UniqueFd file = open_regular_file(path, request, size, why);
  if (!file) {
    body.is_missing = true;
    body.missing_file = "\"" + std::string(path) + "\": " + why;
  } else if (!server_buffer.empty()) {
    append_file(js, file, size, server_buffer);
    body.inline_bytes = server_buffer;
  } else if (size > limits::kMaxReplyBodyBytes) {
    throw_range_error(js, "the file of the reply has more than %llu bytes",
                      static_cast<unsigned long long>(limits::kMaxReplyBodyBytes));
  } else {
    body.descriptor = std::move(file);
    body.descriptor_bytes = size;
    body.is_file = true;
  }
}

Status write_all(const UniqueFd& file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return system_error("write", n < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Ok{};
}

}  // namespace

void read_reply_body(duk_context* js, duk_idx_t index, std::string& server_buffer, const ipc::RequestFields& request,
                     ReplyBody& body) {
  std::string_view bytes;
  if (duk_is_symbol(js, index)) throw_type_error(js, "a handler may not return a Symbol");
  if (duk_is_null_or_undefined(js, index) || duk_is_function(js, index)) {
    // only what was put
  } else if (duk_is_buffer_data(js, index)) {
    duk_size_t size;
    const void* data = duk_get_buffer_data(js, index, &size);
    bytes = {static_cast<const char*>(data), size};
  } else {
    bool is_script_string = duk_is_string(js, index);
    if (duk_is_object(js, index)) {
      to_json(js, index);
    } else {
      duk_to_string(js, index);
    }
    if (duk_is_string(js, index)) bytes = utf8_view(engine_text(js, index), body.scratch);
    if (is_script_string && bytes.starts_with('@')) return use_file(js, bytes.substr(1), server_buffer, request, body);
    if (is_script_string && bytes.starts_with("\\@")) bytes.remove_prefix(1);
  }
  if (!server_buffer.empty()) {
    server_buffer.append(bytes);
    bytes = server_buffer;
  }
  body.inline_bytes = bytes;
}

Status move_large_body(const std::string& spool_directory, ReplyBody& body) {
  if (body.descriptor || body.inline_bytes.size() <= limits::kMaxInlineBody) return Ok{};
  size_t size = body.inline_bytes.size();
  if (size > limits::kMaxReplyBodyBytes)
    return Error{ErrorCode::kTooLarge, "more than " + std::to_string(limits::kMaxReplyBodyBytes) + " bytes"};
  bool in_memory = size <= kMaxReplyMemfdBytes;
  if (!in_memory) about_to_block();
  Result<UniqueFd> file =
      in_memory ? make_memfd("reply", size, true)
                : make_temporary_file(spool_directory.empty() ? ::ravelin::spool_directory() : spool_directory);
  if (!file) return file.error();
  Status written = write_all(file.value(), body.inline_bytes);
  if (!written) return written;
  body.descriptor = std::move(file.value());
  body.descriptor_bytes = size;
  body.inline_bytes = {};
  return Ok{};
}

}  // namespace ravelin::worker
