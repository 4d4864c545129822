#include "worker/server_options_later.h"

#include <array>

#include "common/text.h"

namespace ravelin::worker {

namespace {

using Value = const OptionValue&;
using Reading = OptionsInProgress&;

void note_ignored(Value value, Reading reading) {
  reading.warn("option " + value.name + " is not available yet and is ignored");
}

bool is_false(Value value) { return duk_is_boolean(value.js, value.index) && !duk_get_boolean(value.js, value.index); }
bool is_true(Value value) { return duk_is_boolean(value.js, value.index) && duk_get_boolean(value.js, value.index); }
bool is_off(Value value) { return duk_is_null(value.js, value.index) || is_false(value); }
bool is_string(Value value) { return duk_is_string(value.js, value.index); }
bool is_buffer(Value value) { return duk_is_buffer_data(value.js, value.index); }

// Each of these checks a type and warns unless the value switches the option off anyway.
void boolean_option(Value value, Reading reading) {
  if (value.boolean()) note_ignored(value, reading);
}

void string_option(Value value, Reading reading) {
  if (!value.string().empty()) note_ignored(value, reading);
}

// Any value that is not true counts as false (server-details 2).
void log_option(Value value, Reading reading) {
  if (is_true(value)) note_ignored(value, reading);
}

void log_file_option(Value value, Reading reading) {
  if (is_off(value)) return;
  if (!is_string(value)) value.reject("a String, null or false");
  string_option(value, reading);
}

void compress_files_option(Value value, Reading reading) {
  if (duk_is_boolean(value.js, value.index)) return boolean_option(value, reading);
  if (!duk_is_array(value.js, value.index)) value.reject("a Boolean or an Array of Strings");
  const duk_size_t count = duk_get_length(value.js, value.index);
  for (duk_size_t i = 0; i < count; ++i) {
    duk_get_prop_index(value.js, value.index, static_cast<duk_uarridx_t>(i));
    const bool ok = duk_is_string(value.js, -1);
    duk_pop(value.js);
    if (!ok) value.reject("a Boolean or an Array of Strings");
  }
  note_ignored(value, reading);
}

void compress_level_option(Value value, Reading reading) {
  value.integer(1, 10);
  note_ignored(value, reading);
}

void compress_min_size_option(Value value, Reading reading) {
  value.integer(1, uint64_t{1} << 50);
  note_ignored(value, reading);
}

void ssl_min_version_option(Value value, Reading reading) {
  constexpr std::array<std::string_view, 7> kVersions{"ssl3", "tls1", "tls1.0", "tls1.1", "tls1.2", "tls1.3", ""};
  const std::string version = is_string(value) ? value.string() : "?";
  bool known = false;
  for (std::string_view name : kVersions) known = known || name == version;
  if (!known) value.reject("\"ssl3\", \"tls1\", \"tls1.1\", \"tls1.2\" or \"tls1.3\"");
  if (!version.empty()) note_ignored(value, reading);
}

void pem_option(Value value, Reading reading) {
  if (!is_string(value) && !is_buffer(value)) value.reject("a String or a Buffer");
  note_ignored(value, reading);
}

void function_option(Value value, Reading reading) {
  if (is_off(value)) return;
  if (!value.is_function()) value.reject("a Function, false or null");
  note_ignored(value, reading);
}

void function_or_module_option(Value value, Reading reading) {
  if (is_off(value)) return;
  bool present = value.is_function();
  if (!present) value.string_property("module", present);
  if (!present) value.reject("a Function, an Object with \"module\", false or null");
  note_ignored(value, reading);
}

void rate_limit_option(Value value, Reading reading) {
  if (is_off(value)) return;
  if (!value.is_plain_object()) value.reject("an Object");
  note_ignored(value, reading);
}

// What follows would be dangerous or meaningless to ignore.

void secure_option(Value value, Reading) {
  if (value.boolean())
    value.fail("https is not available yet, and the server does not serve in the clear what should be encrypted");
}

void auth_option(Value value, Reading) {
  if (is_off(value)) return;
  value.fail("authMod is not available yet, and the server does not serve without protection what should be protected");
}

void listen_option(Value value, Reading) {
  if (!duk_is_array(value.js, value.index)) value.reject("an Array of Objects");
  value.fail("listen is not available yet; use bind and map");
}

void redirect_option(Value value, Reading) {
  if (is_off(value)) return;
  if (!duk_is_number(value.js, value.index) && !is_string(value) && !value.is_plain_object())
    value.reject("a Number, a String or an Object");
  value.fail("it needs a secure listener, and https is not available yet");
}

}  // namespace

const std::vector<OptionRule>& later_option_rules() {
  static const std::vector<OptionRule> rules{
      {"log", log_option},
      {"accessLog", log_file_option},
      {"errorLog", log_file_option},
      {"logIpFromHeader", string_option},
      {"logFunc", function_option},
      {"secure", secure_option},
      {"sslKeyFile", string_option},
      {"sslCertFile", string_option},
      {"sslMinVersion", ssl_min_version_option},
      {"sslKey", pem_option},
      {"sslCert", pem_option},
      {"compressFiles", compress_files_option},
      {"compressScripts", boolean_option},
      {"compressLevel", compress_level_option},
      {"compressMinSize", compress_min_size_option},
      {"beginFunc", function_or_module_option},
      {"beginFuncOnFile", boolean_option},
      {"endFunc", function_or_module_option},
      {"postForkFunc", function_option},
      {"preThreadFunc", function_option},
      {"rateLimit", rate_limit_option},
      {"authMod", auth_option},
      {"authModConf", string_option},
      {"listen", listen_option},
      {"httpRedirect", redirect_option},
      {"eventBus", string_option},
  };
  return rules;
}

}  // namespace ravelin::worker
