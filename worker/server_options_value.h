// Reading one option value: type and range checks with their errors, so that each option is one line in the table of
// server_options.cpp. Not for: what an option means. Launcher, inside server.start(); errors are JavaScript exceptions.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ravelin::worker {

// An option (or a place inside one: `map["/x"].headers`) and where its value lies on the value stack.
struct OptionValue {
  duk_context* js;
  duk_idx_t index;   // absolute
  std::string name;  // as documented

  // Throws "server.start: NAME must be REQUIREMENT, not VALUE".
  [[noreturn]] void reject(std::string_view requirement) const;
  // Throws "server.start: NAME: REASON".
  [[noreturn]] void fail(std::string_view reason) const;

  bool boolean() const;
  std::string string() const;
  double number(std::string_view requirement) const;  // any Number but NaN
  // A Number from `low` to `high`; fractions are cut off.
  uint64_t integer(uint64_t low, uint64_t high) const;
  // Seconds to milliseconds, rounded up; zero, negative and infinite are 0 (none).
  uint64_t milliseconds() const;

  bool is_function() const { return duk_is_function(js, index); }
  // An Object that is neither Array, Function nor Buffer.
  bool is_plain_object() const;
  // The String property `key` when the value is an Object that has it as own property; `present` tells. Another type
  // throws.
  std::string string_property(const char* key, bool& present) const;

  // The value as it stands in messages: short, one line.
  std::string shown() const;
};

// The property name at `index` as UTF-8.
std::string option_key_text(duk_context* js, duk_idx_t index);

// Calls `visit(key, value)` for each own enumerable String key of the Object, in its order. The value's name is
// OUTER["key"].
template <typename Visit>
void for_each_property(const OptionValue& object, Visit visit) {
  duk_require_stack(object.js, 4);
  duk_enum(object.js, object.index, DUK_ENUM_OWN_PROPERTIES_ONLY);
  const duk_idx_t enumerator = duk_get_top_index(object.js);
  while (duk_next(object.js, enumerator, 1)) {
    const duk_idx_t value = duk_get_top_index(object.js);
    std::string key = option_key_text(object.js, value - 1);
    visit(std::as_const(key), OptionValue{object.js, value, object.name + "[\"" + key + "\"]"});
    duk_set_top(object.js, enumerator + 1);
  }
  duk_pop(object.js);
}

// The header lines that a `headers` Object stands for (server-details 9.4): a String is one line, an Array one line per
// element, anything else its JSON text. Names and values are checked.
std::vector<std::pair<std::string, std::string>> read_header_lines(const OptionValue& headers);

}  // namespace ravelin::worker
