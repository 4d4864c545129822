#include "worker/server_options_value.h"

#include <cmath>

#include "common/text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

constexpr size_t kShownBytes = 60;  // of a value in a message

// One line, cut at a character's end.
std::string shortened(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  if (text.size() <= kShownBytes) return text;
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string json_text(duk_context* js, duk_idx_t index) {
  std::string text;
  duk_require_stack(js, 4);
  const bool ok = run_protected(js, [&](duk_context* inner) {
    duk_dup(inner, index);
    if (const char* json = duk_json_encode(inner, -1)) append_utf8(text, json);
    duk_pop(inner);
  });
  if (!ok) duk_pop(js);
  return text;
}

std::string one_header_value(const OptionValue& value) {
  if (duk_is_string(value.js, value.index)) return value.string();
  return json_text(value.js, value.index);
}

void add_header_line(const OptionValue& value, const std::string& name,
                     std::vector<std::pair<std::string, std::string>>& lines) {
  std::string text = one_header_value(value);
  if (!is_field_value(text)) value.fail("a header value must not contain CR, LF or NUL");
  lines.emplace_back(name, std::move(text));
}

}  // namespace

void OptionValue::reject(std::string_view requirement) const {
  throw_error(js, "server.start: %s must be %s, not %s", name.c_str(), std::string(requirement).c_str(),
              shown().c_str());
}

void OptionValue::fail(std::string_view reason) const {
  throw_error(js, "server.start: %s: %s", name.c_str(), std::string(reason).c_str());
}

bool OptionValue::boolean() const {
  if (!duk_is_boolean(js, index)) reject("a Boolean");
  return duk_get_boolean(js, index);
}

std::string OptionValue::string() const {
  if (!duk_is_string(js, index) || duk_is_symbol(js, index)) reject("a String");
  std::string text;
  append_utf8(text, engine_text(js, index));
  return text;
}

double OptionValue::number(std::string_view requirement) const {
  if (!duk_is_number(js, index) || std::isnan(duk_get_number(js, index))) reject(requirement);
  return duk_get_number(js, index);
}

uint64_t OptionValue::integer(uint64_t low, uint64_t high) const {
  const std::string requirement = "an integer from " + std::to_string(low) + " to " + std::to_string(high);
  const double value = std::trunc(number(requirement));
  if (value < static_cast<double>(low) || value > static_cast<double>(high)) reject(requirement);
  return static_cast<uint64_t>(value);
}

uint64_t OptionValue::milliseconds() const {
  constexpr double kLongest = 4e12;  // more than a century: what is longer never ends
  const double value = std::ceil(number("a Number of seconds") * 1000);
  return value > 0 && value < kLongest ? static_cast<uint64_t>(value) : 0;
}

bool OptionValue::is_plain_object() const {
  return duk_is_object(js, index) && !duk_is_array(js, index) && !duk_is_function(js, index) &&
         !duk_is_buffer_data(js, index) && !duk_is_thread(js, index);
}

std::string OptionValue::string_property(const char* key, bool& present) const {
  present = false;
  if (!is_plain_object()) return "";
  duk_require_stack(js, 3);
  duk_get_prop_string(js, index, key);
  const OptionValue value{js, duk_get_top_index(js), name + "." + key};
  std::string text;
  if (!duk_is_undefined(js, value.index)) {
    text = value.string();
    present = true;
  }
  duk_pop(js);
  return text;
}

std::string OptionValue::shown() const {
  if (duk_is_undefined(js, index)) return "undefined";
  if (duk_is_function(js, index)) return "a Function";
  if (duk_is_buffer_data(js, index)) return "a Buffer";
  if (duk_is_number(js, index)) {  // JSON has no NaN
    duk_dup(js, index);
    std::string text = duk_to_string(js, -1);
    duk_pop(js);
    return text;
  }
  return shortened(json_text(js, index));
}

std::string option_key_text(duk_context* js, duk_idx_t index) {
  std::string text;
  append_utf8(text, engine_text(js, index));
  return text;
}

std::vector<std::pair<std::string, std::string>> read_header_lines(const OptionValue& headers) {
  if (!headers.is_plain_object()) headers.reject("an Object");
  std::vector<std::pair<std::string, std::string>> lines;
  for_each_property(headers, [&](const std::string& name, const OptionValue& value) {
    if (!is_token(name)) value.fail("this is not a valid header name");
    // Framing and connection handling belong to the server (server-details 9.4).
    for (std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection"})
      if (equals_ignoring_case(name, own)) value.fail("this header is set by the server itself");
    if (!duk_is_array(value.js, value.index)) {
      add_header_line(value, name, lines);
      return;
    }
    const duk_size_t count = duk_get_length(value.js, value.index);
    for (duk_size_t i = 0; i < count; ++i) {
      duk_get_prop_index(value.js, value.index, static_cast<duk_uarridx_t>(i));
      add_header_line(OptionValue{value.js, duk_get_top_index(value.js), value.name}, name, lines);
      duk_pop(value.js);
    }
  });
  return lines;
}

}  // namespace ravelin::worker
