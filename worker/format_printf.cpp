#include "worker/format_printf.h"

#include <string_view>

#include "worker/format_colour.h"
#include "worker/format_encode.h"
#include "worker/format_json.h"
#include "worker/format_number.h"
#include "worker/format_spec.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {
namespace {

[[noreturn]] void throw_wrong_type(duk_context* ctx, const char* required, duk_idx_t index) {
  throw_error(ctx, "%s required at format string argument %ld", required, static_cast<long>(index));
}

double take_number(FormatArguments& arguments) {
  duk_idx_t index = arguments.take();
  if (!duk_is_number(arguments.ctx(), index)) throw_wrong_type(arguments.ctx(), "number", index);
  return duk_get_number(arguments.ctx(), index);
}

void append_text_field(std::string& out, const FormatSpec& spec, FormatArguments& arguments) {
  duk_idx_t index = arguments.take();
  if (spec.code == 'S' && (!duk_is_string(arguments.ctx(), index) || duk_is_symbol(arguments.ctx(), index))) {
    throw_wrong_type(arguments.ctx(), "string", index);
  }
  if (spec.width == 0 && spec.precision < 0) {
    append_as_text(out, arguments.ctx(), index);
    return;
  }
  std::string text;
  append_as_text(text, arguments.ctx(), index);
  append_padded(out, cut_to_precision(text, spec), spec);
}

void append_base64_field(std::string& out, const FormatSpec& spec, FormatArguments& arguments) {
  duk_context* ctx = arguments.ctx();
  duk_idx_t index = arguments.take();
  std::string scratch;
  std::string_view bytes;
  if (spec.bang) {
    if (!get_text_or_bytes(ctx, index, scratch, bytes)) throw_wrong_type(ctx, "string or buffer", index);
    if (!append_base64_decoded(out, bytes)) throw_type_error(ctx, "base64 decode failed");
    return;
  }
  if (!get_text_bytes_or_json(ctx, index, scratch, bytes)) {
    append_as_text(scratch, ctx, index);
    bytes = scratch;
  }
  Base64Options options;
  options.url_safe = spec.left;
  options.padding = !spec.zero;
  options.line_length = static_cast<size_t>(spec.width);
  if (spec.precision >= 0) options.max_characters = static_cast<size_t>(spec.precision);
  append_base64(out, bytes, options);
}

void append_url_field(std::string& out, const FormatSpec& spec, FormatArguments& arguments) {
  duk_context* ctx = arguments.ctx();
  duk_idx_t index = arguments.take();
  std::string scratch;
  std::string_view bytes;
  std::string text;
  if (spec.bang) {
    if (!get_text_or_bytes(ctx, index, scratch, bytes)) throw_wrong_type(ctx, "string or buffer", index);
    append_url_decoded(text, bytes);
  } else {
    if (!get_text_bytes_or_json(ctx, index, scratch, bytes)) throw_wrong_type(ctx, "string", index);
    append_url_encoded(text, bytes);
  }
  append_padded(out, cut_to_precision(text, spec), spec);
}

void append_html_field(std::string& out, const FormatSpec& spec, FormatArguments& arguments) {
  duk_context* ctx = arguments.ctx();
  duk_idx_t index = arguments.take();
  std::string scratch;
  std::string_view bytes;
  bool is_usable =
      spec.bang ? get_text_or_bytes(ctx, index, scratch, bytes) : get_text_bytes_or_json(ctx, index, scratch, bytes);
  if (!is_usable) throw_wrong_type(ctx, "string or buffer", index);
  bytes = cut_to_precision(bytes, spec);
  size_t width = static_cast<size_t>(spec.width);
  size_t padding = width > bytes.size() ? width - bytes.size() : 0;
  if (!spec.left) out.append(padding, ' ');
  if (spec.bang) {
    append_html_unescaped(out, bytes);
  } else {
    append_html_escaped(out, bytes);
  }
  if (spec.left) out.append(padding, ' ');
}

void append_wrapped_field(std::string& out, const FormatSpec& spec, FormatArguments& arguments) {
  duk_idx_t index = arguments.take();
  std::string scratch;
  std::string_view bytes;
  if (!get_text_or_bytes(arguments.ctx(), index, scratch, bytes)) throw_wrong_type(arguments.ctx(), "String", index);
  append_wrapped(out, bytes, spec);
}

// %M: each element on a line of its own. With `moves_cursor` each line is erased first, and the cursor ends where it
// began.
void append_lines(std::string& out, FormatArguments& arguments, bool moves_cursor) {
  duk_context* ctx = arguments.ctx();
  duk_idx_t index = arguments.take();
  if (!duk_is_array(ctx, index)) {
    throw_error(ctx, "Array required in format string argument %ld", static_cast<long>(index));
  }
  duk_size_t count = duk_get_length(ctx, index);
  for (duk_size_t i = 0; i < count; ++i) {
    if (moves_cursor) out += "\x1b[2K";
    duk_get_prop_index(ctx, index, static_cast<duk_uarridx_t>(i));
    append_as_text(out, ctx, -1);
    duk_pop(ctx);
    out += '\n';
  }
  if (moves_cursor && count > 0) out += "\x1b[" + std::to_string(count) + "A";
}

// The depth of colours that the flag asks for; nullopt when the text stays plain.
std::optional<ColourDepth> depth_of(const FormatSpec& spec, FormatSink sink) {
  switch (spec.colour) {
    case '^':
      return ColourDepth::k16;
    case 'A':
      return ColourDepth::k256;
    case '@':
      return ColourDepth::kTrue;
    case 'a':
      return sink == FormatSink::kTerminal ? std::optional(terminal_depth()) : std::nullopt;
    default:
      return std::nullopt;
  }
}

// Takes the colour argument of a flagged conversion.
ColourFrame take_colour(const FormatSpec& spec, FormatArguments& arguments, FormatSink sink) {
  duk_context* ctx = arguments.ctx();
  duk_idx_t index = arguments.take();
  if (!duk_is_string(ctx, index)) {
    // The reference's text, whichever of the four flags it is.
    throw_error(ctx, "the 'a' modifer requires a String at format string argument %ld", static_cast<long>(index));
  }
  std::optional<ColourDepth> depth = depth_of(spec, sink);
  if (spec.code != 'H' && !depth) return {};
  std::optional<ColourFrame> frame = spec.code == 'H' ? html_colour(engine_text(ctx, index), spec.plus)
                                                      : terminal_colour(engine_text(ctx, index), *depth);
  if (!frame) throw_error(ctx, "printf: error parsing color string");
  return *frame;
}

void append_json_field(std::string& out, const FormatSpec& spec, FormatArguments& arguments, FormatSink sink) {
  duk_context* ctx = arguments.ctx();
  int palette = 0;
  if (spec.colour && arguments.peek(1) >= 0 && duk_is_number(ctx, arguments.peek())) {
    palette = duk_get_int(ctx, arguments.take());
  }
  duk_idx_t index = arguments.take();
  if (!depth_of(spec, sink)) {
    append_as_json(out, ctx, index, spec.width, spec.bang);
    return;
  }
  std::string json;
  append_as_json(json, ctx, index, spec.width, spec.bang);
  out += colour_json(json, palette);
}

void append_plain_field(std::string& out, const FormatSpec& spec, FormatArguments& arguments, FormatSink sink) {
  switch (spec.code) {
    case '%':
      out += '%';
      break;
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
    case 'b':
      append_integer(out, spec, take_number(arguments));
      break;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      append_float(out, spec, take_number(arguments));
      break;
    case 'c':
    case 'C':
      append_character(out, spec, arguments.ctx(), arguments.take());
      break;
    case 'B':
      append_base64_field(out, spec, arguments);
      break;
    case 'U':
      append_url_field(out, spec, arguments);
      break;
    case 'H':
      append_html_field(out, spec, arguments);
      break;
    case 'P':
    case 'w':
      append_wrapped_field(out, spec, arguments);
      break;
    case 'M':
      append_lines(out, arguments, spec.bang || sink == FormatSink::kTerminal);
      break;
    default:
      append_text_field(out, spec, arguments);
      break;
  }
}

void append_field(std::string& out, const FormatSpec& spec, FormatArguments& arguments, FormatSink sink) {
  if (spec.code == 'J') {
    append_json_field(out, spec, arguments, sink);
  } else if (spec.colour && spec.code != '%') {
    ColourFrame frame = take_colour(spec, arguments, sink);
    out += frame.begin;
    append_plain_field(out, spec, arguments, sink);
    out += frame.end;
  } else {
    append_plain_field(out, spec, arguments, sink);
  }
}

// "%J", "%3J" and the like as the whole format: the indent, or -1 for any other format.
int indent_of_json_format(duk_context* ctx, duk_idx_t format_index) {
  if (!duk_is_string(ctx, format_index)) return -1;
  std::string_view format = engine_text(ctx, format_index);
  if (format == "%J") return 0;
  bool has_digit = format.size() == 3 && format[0] == '%' && format[2] == 'J' && format[1] >= '1' && format[1] <= '9';
  return has_digit ? format[1] - '0' : -1;
}

}  // namespace

void format_append(duk_context* ctx, duk_idx_t format_index, std::string& out, FormatSink sink) {
  std::string scratch;
  std::string_view format;
  if (!get_text_or_bytes(ctx, format_index, scratch, format)) throw_wrong_type(ctx, "string or buffer", format_index);
  if (!duk_is_string(ctx, format_index)) format = scratch = format;  // toJSON could resize a Buffer meanwhile
  FormatArguments arguments(ctx, format_index + 1);
  for (;;) {
    size_t percent = format.find('%');
    out.append(format, 0, percent);
    if (percent == std::string_view::npos) return;
    format.remove_prefix(percent + 1);
    FormatSpec spec = parse_format_spec(format, arguments);
    append_field(out, spec, arguments, sink);
  }
}

void format_push_string(duk_context* ctx, duk_idx_t format_index) {
  // sprintf("%3J", req) is the most common way to look at a request: its String needs no copy.
  int indent = indent_of_json_format(ctx, format_index);
  if (indent >= 0 && duk_is_object(ctx, format_index + 1) && !duk_is_function(ctx, format_index + 1) &&
      !duk_is_error(ctx, format_index + 1)) {
    push_json(ctx, format_index + 1, indent);
    if (!duk_is_undefined(ctx, -1)) return;
    duk_pop(ctx);
  }
  std::string out;
  format_append(ctx, format_index, out);
  push_text(ctx, out);
}

}  // namespace ravelin::worker
