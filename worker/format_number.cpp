#include "worker/format_number.h"

#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {
namespace {

constexpr double kTwo31 = 2147483648.0;
constexpr double kTwo32 = 4294967296.0;
constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

int64_t to_int64(double value) {
  if (value >= kTwo63) return INT64_MAX;
  if (value < -kTwo63) return INT64_MIN;
  return static_cast<int64_t>(value);
}

// The bits of the value: negative numbers in two's complement of 64 bits.
uint64_t to_bits(double value) {
  if (value < 0) return static_cast<uint64_t>(to_int64(value));
  return value >= kTwo64 ? UINT64_MAX : static_cast<uint64_t>(value);
}

struct Magnitude {
  bool negative = false;
  uint64_t value = 0;
};

Magnitude signed_magnitude(double value, IntegerLength length) {
  int64_t whole = to_int64(value);
  if (length == IntegerLength::kShort) whole = static_cast<int16_t>(whole);
  if (length == IntegerLength::kChar) whole = static_cast<int8_t>(whole);
  return {whole < 0, whole < 0 ? 0 - static_cast<uint64_t>(whole) : static_cast<uint64_t>(whole)};
}

uint64_t unsigned_magnitude(double value, IntegerLength length) {
  uint64_t bits = to_bits(value);
  if (length == IntegerLength::kShort) return bits & 0xFFFF;
  if (length == IntegerLength::kChar) return bits & 0xFF;
  if (length == IntegerLength::kDefault && value < 0 && value >= -kTwo31) return bits & 0xFFFFFFFF;
  return bits;
}

unsigned base_of(char code) {
  switch (code) {
    case 'x':
    case 'X':
      return 16;
    case 'o':
      return 8;
    case 'b':
      return 2;
    default:
      return 10;
  }
}

std::string_view prefix_of(char code) {
  switch (code) {
    case 'x':
      return "0x";
    case 'X':
      return "0X";
    case 'o':
      return "0";
    case 'b':
      return "0b";
    default:
      return "";
  }
}

std::string digits_of(uint64_t value, unsigned base, bool upper) {
  char digits[64];
  char* end = digits + sizeof digits;
  char* begin = end;
  const char* alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  for (; value != 0; value /= base) *--begin = alphabet[value % base];
  return {begin, end};
}

std::string_view group_separator(const FormatSpec& spec) {
  if (spec.comma) return ",";
  return spec.locale_grouping ? localeconv()->thousands_sep : "";
}

// Puts `separator` between groups of three of the first `count` characters of `digits`.
void group_digits(std::string& digits, size_t count, std::string_view separator) {
  if (separator.empty()) return;
  for (size_t position = count; position > 3;) {
    position -= 3;
    digits.insert(position, separator);
  }
}

// Sign or base prefix, then zeros or spaces up to the width.
void append_number(std::string& out, const FormatSpec& spec, std::string_view prefix, std::string_view digits,
                   bool zero_fill) {
  size_t used = prefix.size() + digits.size();
  size_t width = static_cast<size_t>(spec.width);
  size_t padding = width > used ? width - used : 0;
  if (!spec.left && !zero_fill) out.append(padding, ' ');
  out.append(prefix);
  if (!spec.left && zero_fill) out.append(padding, '0');
  out.append(digits);
  if (spec.left) out.append(padding, ' ');
}

std::string_view sign_of(const FormatSpec& spec, bool negative) {
  if (negative) return "-";
  if (spec.plus) return "+";
  return spec.space ? " " : "";
}

// printf's own conversion of the absolute value, without width.
std::string float_digits(const FormatSpec& spec, double magnitude) {
  std::string format = "%";
  if (spec.alternate) format += '#';
  if (spec.precision >= 0) format += ".*";
  format += spec.code;
  auto print = [&](char* buffer, size_t size) {
    return spec.precision >= 0 ? snprintf(buffer, size, format.c_str(), spec.precision, magnitude)
                               : snprintf(buffer, size, format.c_str(), magnitude);
  };
  char buffer[64];
  size_t size = static_cast<size_t>(print(buffer, sizeof buffer));
  if (size < sizeof buffer) return {buffer, size};
  std::string digits(size + 1, '\0');
  print(digits.data(), digits.size());
  digits.resize(size);
  return digits;
}

}  // namespace

void append_integer(std::string& out, const FormatSpec& spec, double value) {
  value = std::isnan(value) ? 0 : std::trunc(value);
  bool is_signed = spec.code == 'd' || spec.code == 'i';
  Magnitude magnitude =
      is_signed ? signed_magnitude(value, spec.length) : Magnitude{false, unsigned_magnitude(value, spec.length)};
  unsigned base = base_of(spec.code);
  std::string digits = digits_of(magnitude.value, base, spec.code == 'X');
  size_t minimum = spec.precision < 0 ? 1 : static_cast<size_t>(spec.precision);
  if (digits.size() < minimum) digits.insert(0, minimum - digits.size(), '0');
  if (base == 10) group_digits(digits, digits.size(), group_separator(spec));
  std::string_view prefix = is_signed ? sign_of(spec, magnitude.negative) : "";
  if (spec.alternate && magnitude.value != 0) prefix = prefix_of(spec.code);
  append_number(out, spec, prefix, digits, spec.zero && spec.precision < 0);
}

void append_float(std::string& out, const FormatSpec& spec, double value) {
  std::string digits = float_digits(spec, std::fabs(value));
  size_t whole = digits.find_first_not_of("0123456789");
  if (whole != 0) group_digits(digits, std::min(whole, digits.size()), group_separator(spec));
  bool negative = std::signbit(value) && !std::isnan(value);
  append_number(out, spec, sign_of(spec, negative), digits, spec.zero && std::isfinite(value));
}

void append_character(std::string& out, const FormatSpec& spec, duk_context* ctx, duk_idx_t index) {
  std::string bytes;
  double value = duk_is_number(ctx, index) ? std::trunc(duk_get_number(ctx, index)) : -1;
  if (spec.code == 'C') {
    if (!(value >= 0 && value < kTwo32)) {
      throw_error(ctx, "number (0-4294967295) required in format string argument %ld", static_cast<long>(index));
    }
    uint32_t packed = static_cast<uint32_t>(value);
    for (int shift = 24; shift >= 0; shift -= 8) {
      if (shift == 0 || packed >> shift != 0) bytes += static_cast<char>(packed >> shift & 0xFF);
    }
  } else if (value >= 0 && value < 256) {
    bytes += static_cast<char>(static_cast<unsigned char>(value));
  } else if (duk_is_string(ctx, index) && duk_get_length(ctx, index) > 0) {
    std::string scratch;
    bytes += utf8_view(engine_text(ctx, index), scratch).front();
  } else {
    throw_error(ctx, "string (single char) or number (0-255) required in format string argument %ld",
                static_cast<long>(index));
  }
  append_padded(out, bytes, spec);
}

}  // namespace ravelin::worker
