#include "worker/format_spec.h"

#include <algorithm>
#include <climits>
#include <cmath>

#include "worker/js_error.h"

namespace ravelin::worker {
namespace {

constexpr std::string_view kCodes = "%diuxXobfFeEgGcCsSJBUHPwM";
constexpr std::string_view kNumberCodes = "diuxXobfFeEgG";

// Takes the flags at the front of `format`.
void parse_flags(std::string_view& format, FormatSpec& spec) {
  for (; !format.empty(); format.remove_prefix(1)) {
    switch (format.front()) {
      case '-':
        spec.left = true;
        break;
      case '0':
        spec.zero = true;
        break;
      case '+':
        spec.plus = true;
        break;
      case ' ':
        spec.space = true;
        break;
      case '#':
        spec.alternate = true;
        break;
      case '!':
        spec.bang = true;
        break;
      case ',':
        spec.comma = true;
        break;
      case '\'':
        spec.locale_grouping = true;
        break;
      case 'a':
      case 'A':
      case '^':
      case '@':
        spec.colour = format.front();
        break;
      default:
        return;
    }
  }
}

bool is_digit(std::string_view format) { return !format.empty() && format.front() >= '0' && format.front() <= '9'; }

// Digits, saturating at INT_MAX; 0 when there are none.
int parse_digits(std::string_view& format) {
  long value = 0;
  for (; is_digit(format); format.remove_prefix(1))
    value = std::min<long>(value * 10 + (format.front() - '0'), INT_MAX);
  return static_cast<int>(value);
}

int take_star(FormatArguments& arguments) {
  duk_idx_t index = arguments.take();
  if (!duk_is_number(arguments.ctx(), index)) {
    throw_error(arguments.ctx(), "number required at format string argument %ld", static_cast<long>(index));
  }
  double value = duk_get_number(arguments.ctx(), index);
  if (std::isnan(value)) return 0;
  return static_cast<int>(std::clamp(value, -1.0 * INT_MAX, 1.0 * INT_MAX));
}

void parse_width(std::string_view& format, FormatSpec& spec, FormatArguments& arguments) {
  if (format.empty() || format.front() != '*') {
    spec.width = parse_digits(format);
    return;
  }
  format.remove_prefix(1);
  spec.width = take_star(arguments);
  if (spec.width < 0) {
    spec.left = true;
    spec.width = -spec.width;
  }
}

void parse_precision(std::string_view& format, FormatSpec& spec, FormatArguments& arguments) {
  if (format.empty() || format.front() != '.') return;
  format.remove_prefix(1);
  if (!format.empty() && format.front() == '*') {
    format.remove_prefix(1);
    spec.precision = std::max(0, take_star(arguments));
  } else {
    spec.precision = parse_digits(format);
  }
}

void parse_length(std::string_view& format, FormatSpec& spec) {
  auto accept = [&](std::string_view modifier, IntegerLength length) {
    if (!format.starts_with(modifier)) return false;
    format.remove_prefix(modifier.size());
    spec.length = length;
    return true;
  };
  (void)(accept("hh", IntegerLength::kChar) || accept("h", IntegerLength::kShort) ||
         accept("ll", IntegerLength::kLong) || accept("l", IntegerLength::kLong) || accept("j", IntegerLength::kLong) ||
         accept("z", IntegerLength::kLong));
}

void check_limits(const FormatSpec& spec, duk_context* ctx) {
  if (spec.width > kMaxFieldWidth)
    throw_error(ctx, "printf(): width %d is above the limit of %d", spec.width, kMaxFieldWidth);
  if (spec.precision > kMaxFieldWidth && kNumberCodes.find(spec.code) != std::string_view::npos) {
    throw_error(ctx, "printf(): precision %d is above the limit of %d", spec.precision, kMaxFieldWidth);
  }
}

}  // namespace

duk_idx_t FormatArguments::take() {
  if (is_empty()) {
    throw_error(ctx_, "printf(): expecting argument for conversion specifier (variable required at position %ld)",
                static_cast<long>(next_));
  }
  return next_++;
}

FormatSpec parse_format_spec(std::string_view& format, FormatArguments& arguments) {
  FormatSpec spec;
  parse_flags(format, spec);
  parse_width(format, spec, arguments);
  parse_precision(format, spec, arguments);
  parse_length(format, spec);
  if (format.empty()) {
    arguments.take();  // throws as documented when no argument is left
    throw_error(arguments.ctx(), "format ends inside a conversion specifier");
  }
  spec.code = format.front();
  if (kCodes.find(spec.code) == std::string_view::npos) {
    throw_error(arguments.ctx(), "invalid format specifier character '%c' in format", spec.code);
  }
  format.remove_prefix(1);
  check_limits(spec, arguments.ctx());
  return spec;
}

void append_padded(std::string& out, std::string_view text, const FormatSpec& spec) {
  size_t width = static_cast<size_t>(spec.width);
  size_t padding = width > text.size() ? width - text.size() : 0;
  if (!spec.left) out.append(padding, ' ');
  out.append(text);
  if (spec.left) out.append(padding, ' ');
}

std::string_view cut_to_precision(std::string_view text, const FormatSpec& spec) {
  return spec.precision < 0 ? text : text.substr(0, static_cast<size_t>(spec.precision));
}

}  // namespace ravelin::worker
