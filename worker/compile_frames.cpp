#include "worker/compile_frames.h"

#include <bit>
#include <cstring>

namespace ravelin::worker {

static_assert(std::endian::native == std::endian::little);

namespace {

void append_number(std::string& out, uint32_t number) {
  char bytes[sizeof number];
  memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

// Takes fields from the front of a text; after the first that is not there, nothing more.
class FieldReader {
 public:
  explicit FieldReader(std::string_view body) : rest_(body) {}

  uint32_t number() {
    uint32_t number = 0;
    if (!has(sizeof number)) return 0;
    memcpy(&number, rest_.data(), sizeof number);
    rest_.remove_prefix(sizeof number);
    return number;
  }
  std::string text() {
    const size_t size = number();
    if (!has(size)) return {};
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  bool is_whole() const { return ok_ && rest_.empty(); }

 private:
  bool has(size_t size) { return ok_ = ok_ && rest_.size() >= size; }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

void append_request(std::string& out, const CompileRequest& request) {
  append_number(out, request.is_typescript);
  append_number(out, request.is_global_code);
  append_text(out, request.source);
  append_text(out, request.cache_folder);
  append_text(out, request.key);
}

std::optional<CompileRequest> parse_request(std::string_view body) {
  FieldReader reader(body);
  CompileRequest request;
  request.is_typescript = reader.number() != 0;
  request.is_global_code = reader.number() != 0;
  request.source = reader.text();
  request.cache_folder = reader.text();
  request.key = reader.text();
  if (!reader.is_whole()) return std::nullopt;
  return request;
}

void append_reply(std::string& out, const CompileReply& reply) {
  append_number(out, reply.is_stored);
  append_compiled(out, reply.compiled);
}

std::optional<CompileReply> parse_reply(std::string_view body) {
  if (body.size() < sizeof(uint32_t)) return std::nullopt;
  FieldReader reader(body.substr(0, sizeof(uint32_t)));
  CompileReply reply;
  reply.is_stored = reader.number() != 0;
  auto compiled = parse_compiled(body.substr(sizeof(uint32_t)));
  if (!compiled) return std::nullopt;
  reply.compiled = std::move(*compiled);
  return reply;
}

void append_compiled(std::string& out, const Compiled& compiled) {
  append_number(out, compiled.ok);
  append_number(out, compiled.is_module);
  append_number(out, compiled.error_line);
  append_number(out, compiled.error_column);
  append_text(out, compiled.code);
  append_text(out, compiled.line_table);
  append_text(out, compiled.function_table);
}

std::optional<Compiled> parse_compiled(std::string_view body) {
  FieldReader reader(body);
  Compiled compiled;
  compiled.ok = reader.number() != 0;
  compiled.is_module = reader.number() != 0;
  compiled.error_line = reader.number();
  compiled.error_column = reader.number();
  compiled.code = reader.text();
  compiled.line_table = reader.text();
  compiled.function_table = reader.text();
  if (!reader.is_whole()) return std::nullopt;
  return compiled;
}

}  // namespace ravelin::worker
