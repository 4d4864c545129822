// Little-endian reading and writing of flat bytes, bounds-checked. The one place that turns numbers into wire bytes.
// Not for: framing (ipc/message.h) or text. A reader that ran past its end stays failed and returns zeros, so a decoder
// reads all fields and checks ok() once.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ravelin {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T number() {
    static_assert(std::is_integral_v<T>);
    if (bytes_.size() < sizeof(T)) return fail(), T{0};
    T value;
    memcpy(&value, bytes_.data(), sizeof value);  // x86-64 and arm64 Linux are little endian; asserted in message.h
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  // The next `size` bytes as a view into the input.
  std::string_view raw(size_t size) {
    if (bytes_.size() < size) return fail(), std::string_view{};
    std::string_view view = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return view;
  }
  // A string with a 32-bit length before it.
  std::string_view string() { return raw(number<uint32_t>()); }
  std::string_view rest() { return std::exchange(bytes_, std::string_view{}); }
  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  void fail() {
    ok_ = false;
    bytes_ = {};
  }
  std::string_view bytes_;
  bool ok_ = true;
};

// Appends to a caller-owned std::string.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  template <typename T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  void string(std::string_view text) {
    number(static_cast<uint32_t>(text.size()));
    out_.append(text);
  }
  size_t size() const { return out_.size(); }
  // Overwrites a number written earlier at `offset`.
  template <typename T>
  void patch(size_t offset, T value) {
    memcpy(out_.data() + offset, &value, sizeof value);
  }

 private:
  std::string& out_;
};

}  // namespace ravelin
