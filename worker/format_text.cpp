#include "worker/format_text.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "worker/format_json.h"
#include "worker/format_utf8.h"

namespace ravelin::worker {
namespace {

constexpr size_t kDefaultLineLength = 80;

bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void append_number_text(std::string& out, duk_context* ctx, duk_idx_t index) {
  double value = duk_get_number(ctx, index);
  if (std::trunc(value) == value && std::fabs(value) < 1e15) {
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, static_cast<int64_t>(value)).ptr;
    out.append(digits, end);
    return;
  }
  duk_dup(ctx, index);
  duk_to_string(ctx, -1);
  out.append(engine_text(ctx, -1));
  duk_pop(ctx);
}

void append_safe_string(std::string& out, duk_context* ctx, duk_idx_t index) {
  duk_dup(ctx, index);
  if (duk_is_symbol(ctx, -1)) {  // has no implicit text: Symbol.prototype.toString
    duk_push_string(ctx, "toString");
    duk_call_prop(ctx, index, 0);
    duk_remove(ctx, -2);
  }
  duk_safe_to_string(ctx, -1);
  append_utf8(out, engine_text(ctx, -1));
  duk_pop(ctx);
}

// The stack property of an Error, or its text where a script has removed that.
void append_error_stack(std::string& out, duk_context* ctx, duk_idx_t index) {
  duk_get_prop_string(ctx, index, "stack");
  if (duk_is_string(ctx, -1)) {
    append_utf8(out, engine_text(ctx, -1));
  } else {
    append_safe_string(out, ctx, index);
  }
  duk_pop(ctx);
}

std::string_view up_to_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

// Lays words out on lines. `column` counts bytes and includes the indent, which is written with the first word or space
// of a line, so that empty lines stay empty.
class TextWrapper {
 public:
  TextWrapper(std::string& out, std::string_view text, const FormatSpec& spec)
      : out_(out),
        rest_(text),
        keeps_newlines_(spec.bang || spec.code == 'w'),
        drops_indent_(spec.code == 'w' || (spec.bang && spec.left)),
        given_indent_(spec.code == 'w' ? 0 : static_cast<size_t>(spec.width)),
        line_length_(spec.code == 'w'      ? std::string_view::npos
                     : spec.precision >= 0 ? static_cast<size_t>(spec.precision)
                                           : kDefaultLineLength) {}

  void run() {
    begin_paragraph();
    while (!rest_.empty()) {
      if (rest_.starts_with("\n\n")) {
        put_paragraph_end();
      } else if (rest_.front() == '\n' && keeps_newlines_) {
        rest_.remove_prefix(1);
        break_line();
        skip_blanks();
      } else if (is_white(rest_.front())) {
        rest_.remove_prefix(1);
        put_space();
      } else {
        put_word();
      }
    }
  }

 private:
  size_t skip_blanks() {
    size_t count = 0;
    while (count < rest_.size() && is_white(rest_[count]) && rest_[count] != '\n') ++count;
    rest_.remove_prefix(count);
    return count;
  }

  void begin_paragraph() {
    size_t found = skip_blanks();
    indent_ = given_indent_ > 0 ? given_indent_ : drops_indent_ ? 0 : found;
    at_line_start_ = true;
    column_ = indent_;
  }

  void put_paragraph_end() {
    while (!rest_.empty() && rest_.front() == '\n') {
      rest_.remove_prefix(1);
      out_ += '\n';
    }
    begin_paragraph();
  }

  void break_line() {
    out_ += '\n';
    at_line_start_ = true;
    column_ = indent_;
  }

  void begin_line() {
    if (at_line_start_) out_.append(indent_, ' ');
    at_line_start_ = false;
  }

  void put_space() {
    if (column_ >= line_length_) {
      break_line();
      return;
    }
    begin_line();
    out_ += ' ';
    ++column_;
  }

  void put_word() {
    size_t size = 0;
    while (size < rest_.size() && !is_white(rest_[size])) ++size;
    if (!at_line_start_ && column_ + size > line_length_) break_line();
    begin_line();
    out_.append(rest_, 0, size);
    column_ += size;
    rest_.remove_prefix(size);
  }

  std::string& out_;
  std::string_view rest_;
  bool keeps_newlines_;
  bool drops_indent_;
  size_t given_indent_;
  size_t line_length_;
  size_t indent_ = 0;
  size_t column_ = 0;
  bool at_line_start_ = true;
};

}  // namespace

void append_as_text(std::string& out, duk_context* ctx, duk_idx_t index) {
  index = duk_require_normalize_index(ctx, index);
  std::string_view bytes;
  if (duk_is_string(ctx, index) && !duk_is_symbol(ctx, index)) {
    append_utf8(out, up_to_nul(engine_text(ctx, index)));
  } else if (duk_is_number(ctx, index)) {
    append_number_text(out, ctx, index);
  } else if (get_bytes(ctx, index, bytes)) {
    out.append(bytes);
  } else if (duk_is_error(ctx, index)) {
    append_error_stack(out, ctx, index);
  } else if (duk_is_object(ctx, index) && !duk_is_function(ctx, index)) {
    append_json(out, ctx, index, 0);
  } else {
    append_safe_string(out, ctx, index);
  }
}

void append_as_json(std::string& out, duk_context* ctx, duk_idx_t index, int indent, bool safe) {
  index = duk_require_normalize_index(ctx, index);
  if (duk_is_string(ctx, index) && !duk_is_symbol(ctx, index)) {
    append_utf8(out, engine_text(ctx, index));
  } else if (duk_is_error(ctx, index)) {
    append_error_stack(out, ctx, index);
  } else if (safe && duk_is_object(ctx, index)) {
    append_safe_json(out, ctx, index, indent);
  } else if (duk_is_function(ctx, index)) {
    out += "{_func:true}";
  } else {
    append_json(out, ctx, index, indent);
  }
}

bool get_bytes(duk_context* ctx, duk_idx_t index, std::string_view& bytes) {
  if (!duk_is_buffer_data(ctx, index)) return false;
  duk_size_t size = 0;
  const void* data = duk_get_buffer_data(ctx, index, &size);
  bytes = size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
  return true;
}

bool get_text_or_bytes(duk_context* ctx, duk_idx_t index, std::string& scratch, std::string_view& bytes) {
  if (duk_is_string(ctx, index) && !duk_is_symbol(ctx, index)) {
    bytes = utf8_view(engine_text(ctx, index), scratch);
    return true;
  }
  return get_bytes(ctx, index, bytes);
}

bool get_text_bytes_or_json(duk_context* ctx, duk_idx_t index, std::string& scratch, std::string_view& bytes) {
  if (get_text_or_bytes(ctx, index, scratch, bytes)) return true;
  if (!duk_is_object(ctx, index) || duk_is_function(ctx, index)) return false;
  append_json(scratch, ctx, index, 0);
  bytes = scratch;
  return true;
}

void append_wrapped(std::string& out, std::string_view text, const FormatSpec& spec) {
  TextWrapper(out, text, spec).run();
}

}  // namespace ravelin::worker
