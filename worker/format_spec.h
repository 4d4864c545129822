// One conversion of a printf format, "%[flags][width][.precision][length]code", and the arguments that it takes from
// the value stack (runtime-api 7.1). Parsing only; what a code prints is in format_number, format_text, format_encode
// and format_json. Used by format_printf.cpp.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>

namespace ravelin::worker {

// Largest width, and largest precision of a number: 1 MB of padding is beyond any use, and a script that passes a
// client's number on to `*` must get an error, not an exhausted worker.
constexpr int kMaxFieldWidth = 1024 * 1024;

enum class IntegerLength { kDefault, kChar, kShort, kLong };

struct FormatSpec {
  bool left = false;             // -
  bool zero = false;             // 0
  bool plus = false;             // +
  bool space = false;            // space
  bool alternate = false;        // #
  bool bang = false;             // ! the inverse or the safe form, by code
  bool comma = false;            // , groups of three digits
  bool locale_grouping = false;  // ' the locale's separator
  char colour = '\0';            // a A ^ @, or NUL for none
  int width = 0;                 // 0: not given
  int precision = -1;            // -1: not given
  IntegerLength length = IntegerLength::kDefault;
  char code = '\0';
};

// Hands out the arguments of a call in order.
class FormatArguments {
 public:
  // `next` is the stack index of the first value behind the format.
  FormatArguments(duk_context* ctx, duk_idx_t next) : ctx_(ctx), next_(next), top_(duk_get_top(ctx)) {}

  // The index of the next argument; throws when there is none left.
  duk_idx_t take();
  // The index of the next argument without taking it, or -1.
  duk_idx_t peek(duk_idx_t ahead = 0) const { return next_ + ahead < top_ ? next_ + ahead : -1; }
  bool is_empty() const { return next_ >= top_; }
  duk_context* ctx() const { return ctx_; }

 private:
  duk_context* ctx_;
  duk_idx_t next_;
  duk_idx_t top_;
};

// Parses the conversion whose text begins behind the '%' at the front of `format`, taking arguments for `*`; removes it
// from `format`. Throws for an unknown code or length, a value for `*` that is no Number, and fields above the limits.
FormatSpec parse_format_spec(std::string_view& format, FormatArguments& arguments);

// Appends `text` padded with spaces to the width of `spec`.
void append_padded(std::string& out, std::string_view text, const FormatSpec& spec);

// `text` cut to the precision of `spec`, in bytes.
std::string_view cut_to_precision(std::string_view text, const FormatSpec& spec);

}  // namespace ravelin::worker
