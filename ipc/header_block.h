// Header lines on the wire: per line two 32-bit lengths, then the name's and the value's bytes. The parser appends
// lines in this form straight into the block that a Request frame carries, so a request is copied once. Not for:
// judging names.
#pragma once

#include <string>
#include <string_view>

#include "common/bytes.h"

namespace ravelin::ipc {

struct HeaderLine {
  std::string_view name;
  std::string_view value;
};

inline void append_header_line(std::string& block, std::string_view name, std::string_view value) {
  ByteWriter writer(block);
  writer.number(static_cast<uint32_t>(name.size()));
  writer.number(static_cast<uint32_t>(value.size()));
  writer.raw(name);
  writer.raw(value);
}

// Walks a block. next() returns false at its end or when the block is broken; ok() tells which.
class HeaderBlockReader {
 public:
  explicit HeaderBlockReader(std::string_view block) : reader_(block) {}
  bool next(HeaderLine& line) {
    if (reader_.at_end()) return false;
    auto name_bytes = reader_.number<uint32_t>();
    auto value_bytes = reader_.number<uint32_t>();
    line.name = reader_.raw(name_bytes);
    line.value = reader_.raw(value_bytes);
    return reader_.ok();
  }
  bool ok() const { return reader_.ok(); }

 private:
  ByteReader reader_;
};

}  // namespace ravelin::ipc
