#include "worker/event_data.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "common/limits.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

constexpr size_t kMaxDepth = 1000;              // as deep as the engine's own JSON goes; bounds the native stack
constexpr double kMaxExact = 9007199254740992;  // 2^53: up to here a whole Number is written as an integer

// Major types and simple values of RFC 8949, section 3.
enum Major : uint8_t { kUnsigned = 0, kNegative = 1, kBytes = 2, kText = 3, kArray = 4, kMap = 5, kTag = 6 };
constexpr uint8_t kFalse = 0xF4, kTrue = 0xF5, kNull = 0xF6, kUndefined = 0xF7, kDouble = 0xFB;
constexpr uint8_t kOpenMap = 0xBF, kBreak = 0xFF;
constexpr uint8_t kDateTag = 0xC1;  // tag 1: seconds since the epoch

class Writer {
 public:
  explicit Writer(duk_context* js) : js_(js) {}

  // The value on top of the stack, which stays.
  void value() {
    if (out_.size() > limits::kMaxEventBytes) refuse_size();
    switch (duk_get_type(js_, -1)) {
      case DUK_TYPE_NULL:
        return byte(kNull);
      case DUK_TYPE_BOOLEAN:
        return byte(duk_get_boolean(js_, -1) ? kTrue : kFalse);
      case DUK_TYPE_NUMBER:
        return number(duk_get_number(js_, -1));
      case DUK_TYPE_STRING:
        return duk_is_symbol(js_, -1) ? byte(kUndefined) : string(kText, engine_text(js_, -1));
      case DUK_TYPE_BUFFER:
      case DUK_TYPE_OBJECT:
        return object();
      case DUK_TYPE_LIGHTFUNC:
        return empty_object();
      default:
        return byte(kUndefined);
    }
  }
  std::string take() {
    if (out_.size() > limits::kMaxEventBytes) refuse_size();
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse_size() {
    throw_range_error(js_, "event.trigger: data has more than %zu bytes", limits::kMaxEventBytes);
  }
  void byte(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  template <typename T>
  void big_endian(T value) {
    for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
      byte(static_cast<uint8_t>(value >> shift));
  }
  void head(Major major, uint64_t argument) {
    auto type = static_cast<uint8_t>(major << 5);
    if (argument < 24) return byte(static_cast<uint8_t>(type | argument));
    if (argument <= UINT8_MAX) return byte(type | 24), big_endian(static_cast<uint8_t>(argument));
    if (argument <= UINT16_MAX) return byte(type | 25), big_endian(static_cast<uint16_t>(argument));
    if (argument <= UINT32_MAX) return byte(type | 26), big_endian(static_cast<uint32_t>(argument));
    byte(type | 27), big_endian(argument);
  }
  void float64(double value) {
    byte(kDouble);
    big_endian(std::bit_cast<uint64_t>(value));
  }
  void number(double value) {
    bool is_whole = std::fabs(value) <= kMaxExact && value == std::trunc(value) && !(value == 0 && std::signbit(value));
    if (!is_whole) return float64(value);
    if (value >= 0) return head(kUnsigned, static_cast<uint64_t>(value));
    head(kNegative, static_cast<uint64_t>(-1 - value));
  }
  void string(Major major, std::string_view bytes) {
    if (bytes.size() > limits::kMaxEventBytes) refuse_size();
    head(major, bytes.size());
    out_.append(bytes);
  }
  void empty_object() { head(kMap, 0); }

  void object() {
    if (duk_is_buffer_data(js_, -1)) {
      duk_size_t size = 0;
      const void* bytes = duk_get_buffer_data(js_, -1, &size);
      return string(kBytes, {static_cast<const char*>(bytes), size});
    }
    if (duk_is_function(js_, -1)) return empty_object();
    void* self = duk_get_heapptr(js_, -1);
    for (void* ancestor : path_)
      if (ancestor == self) throw_type_error(js_, "event.trigger: data contains itself");
    if (path_.size() >= kMaxDepth) throw_range_error(js_, "event.trigger: data has more than %zu levels", kMaxDepth);
    duk_require_stack(js_, 8);
    if (duk_is_array(js_, -1)) {
      path_.push_back(self);
      array();
    } else {
      if (date()) return;
      path_.push_back(self);
      properties();
    }
    path_.pop_back();
  }
  void array() {
    const duk_size_t length = duk_get_length(js_, -1);
    if (length > limits::kMaxEventBytes) refuse_size();  // each takes a byte: no need to walk through the holes
    head(kArray, length);
    for (duk_size_t i = 0; i < length; ++i) {
      duk_get_prop_index(js_, -1, static_cast<duk_uarridx_t>(i));
      value();
      duk_pop(js_);
    }
  }
  void properties() {
    byte(kOpenMap);  // how many there are shows when the functions among them are left out
    duk_enum(js_, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
    while (duk_next(js_, -1, 1)) {
      if (!duk_is_function(js_, -1)) {
        string(kText, engine_text(js_, -2));
        value();
      }
      duk_pop_2(js_);
    }
    duk_pop(js_);
    byte(kBreak);
  }
  // A Date is known by its prototype; one that only looks so has no time value and is an object like others.
  bool date() {
    const duk_idx_t value = duk_get_top_index(js_);
    double ms = 0;
    bool is_date = false;
    duk_get_global_literal(js_, "Date");
    if (duk_is_function(js_, -1) && duk_instanceof(js_, value, -1)) {
      duk_get_prop_literal(js_, -1, "prototype");
      duk_get_prop_literal(js_, -1, "getTime");
      duk_dup(js_, value);
      is_date = duk_pcall_method(js_, 0) == DUK_EXEC_SUCCESS && duk_is_number(js_, -1);
      if (is_date) ms = duk_get_number(js_, -1);
    }
    duk_set_top(js_, value + 1);
    if (!is_date) return false;
    byte(kDateTag);
    float64(ms / 1000);
    return true;
  }

  duk_context* js_;
  std::string out_;
  std::vector<void*> path_;  // the objects that hold the present value, outermost first
};

class Reader {
 public:
  Reader(duk_context* js, std::string_view bytes) : js_(js), bytes_(bytes) {}

  void value() {
    duk_require_stack(js_, 4);
    const uint8_t first = byte();
    switch (first) {
      case kFalse:
        return duk_push_false(js_);
      case kTrue:
        return duk_push_true(js_);
      case kNull:
        return duk_push_null(js_);
      case kUndefined:
        return duk_push_undefined(js_);
      case kDouble:
        return duk_push_number(js_, std::bit_cast<double>(big_endian(8)));
      case kDateTag:
        return date();
      case kOpenMap:
        return open_map();
      default:
        break;
    }
    const uint64_t argument = read_argument(first & 31);
    switch (first >> 5) {
      case kUnsigned:
        return duk_push_number(js_, static_cast<double>(argument));
      case kNegative:
        return duk_push_number(js_, -1 - static_cast<double>(argument));
      case kBytes:
        return buffer(raw(argument));
      case kText:
        return text(raw(argument));
      case kArray:
        return array(argument);
      case kMap:
        if (argument == 0) return static_cast<void>(duk_push_object(js_));
        return malformed();
      default:
        malformed();
    }
  }
  bool at_end() const { return bytes_.empty(); }

 private:
  [[noreturn]] void malformed() { throw_type_error(js_, "the data of an event cannot be read"); }
  uint8_t byte() { return static_cast<uint8_t>(raw(1)[0]); }
  std::string_view raw(uint64_t size) {
    if (size > bytes_.size()) malformed();
    std::string_view part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }
  uint64_t big_endian(size_t size) {
    uint64_t number = 0;
    for (char c : raw(size)) number = number << 8 | static_cast<uint8_t>(c);
    return number;
  }
  uint64_t read_argument(unsigned low) {
    if (low < 24) return low;
    if (low > 27) malformed();
    return big_endian(size_t{1} << (low - 24));
  }
  void enter() {
    if (++depth_ > kMaxDepth) malformed();
  }
  void buffer(std::string_view bytes) {
    void* target = duk_push_fixed_buffer(js_, bytes.size());
    if (!bytes.empty()) memcpy(target, bytes.data(), bytes.size());
  }
  void text(std::string_view bytes) {
    // 80 to 82 and FF begin the engine's symbols and hidden names: another process must not be able to name those.
    const uint8_t first = bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]);
    if ((first >= 0x80 && first <= 0x82) || first == 0xFF) return push_text(js_, bytes);
    duk_push_lstring(js_, bytes.data(), bytes.size());
  }
  void array(uint64_t length) {
    if (length > bytes_.size()) malformed();  // an element has at least one byte
    enter();
    duk_push_array(js_);
    for (uint64_t i = 0; i < length; ++i) {
      value();
      duk_put_prop_index(js_, -2, static_cast<duk_uarridx_t>(i));
    }
    --depth_;
  }
  void open_map() {
    enter();
    duk_push_object(js_);
    for (;;) {
      const uint8_t first = byte();
      if (first == kBreak) break;
      if (first >> 5 != kText) malformed();
      text(raw(read_argument(first & 31)));
      value();
      // Defined, not assigned: "__proto__" is a name like others.
      duk_def_prop(js_, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC);
    }
    --depth_;
  }
  void date() {
    if (byte() != kDouble) malformed();
    const double seconds = std::bit_cast<double>(big_endian(8));
    duk_get_global_literal(js_, "Date");
    duk_push_number(js_, std::round(seconds * 1000));
    duk_new(js_, 1);
  }

  duk_context* js_;
  std::string_view bytes_;
  size_t depth_ = 0;
};

}  // namespace

std::string encode_event_data(duk_context* js, duk_idx_t index) {
  Writer writer(js);
  duk_dup(js, index);
  writer.value();
  duk_pop(js);
  return writer.take();
}

void push_event_data(duk_context* js, std::string_view bytes) {
  if (bytes.empty()) return duk_push_undefined(js);
  Reader reader(js, bytes);
  reader.value();
  if (!reader.at_end()) throw_type_error(js, "the data of an event cannot be read");
}

}  // namespace ravelin::worker
