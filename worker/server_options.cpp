#include "worker/server_options.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "common/sys.h"
#include "common/text.h"
#include "worker/format_utf8.h"
#include "worker/handler.h"
#include "worker/js_error.h"
#include "worker/listen_sockets.h"
#include "worker/server_options_later.h"
#include "worker/server_options_map.h"
#include "worker/server_options_value.h"

namespace ravelin::worker {

namespace {

constexpr char kDefaultCacheControl[] = "max-age=84600, public";  // manual: cacheControl
constexpr uint64_t kMinMemoryBytes = 8 * 1024 * 1024;             // a heap with the globals alone takes about 1 MB
constexpr uint64_t kMaxBytesOption = uint64_t{1} << 50;

// Cores that this process may use: a container's share counts, not the machine.
uint32_t core_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<uint32_t>(std::clamp(CPU_COUNT(&set), 1, static_cast<int>(limits::kMaxWorkers)));
}

// A frontend loop serves several times what a worker does, so most cores are for the workers.
uint32_t default_loops() {
  const uint32_t cores = core_count();
  return cores <= 4 ? 1 : std::min(cores / 4, limits::kMaxLoops);
}

void read_bind(const OptionValue& value, OptionsInProgress& reading) {
  std::vector<std::string>& bind = reading.options.bind;
  bind.clear();
  reading.options.bind_is_default = false;
  auto add = [&](const OptionValue& one) {
    std::string text = one.string();
    auto parsed = parse_bind_address(text);
    if (!parsed) one.fail(parsed.error().message + ", not " + one.shown());
    bind.push_back(std::move(text));
  };
  if (!duk_is_array(value.js, value.index)) {
    if (!duk_is_string(value.js, value.index)) value.reject("a String or an Array of Strings");
    add(value);
    return;
  }
  const duk_size_t count = duk_get_length(value.js, value.index);
  if (count == 0) value.reject("a String or an Array of Strings with at least one address");
  for (duk_size_t i = 0; i < count; ++i) {
    duk_get_prop_index(value.js, value.index, static_cast<duk_uarridx_t>(i));
    add(OptionValue{value.js, duk_get_top_index(value.js), "bind[" + std::to_string(i) + "]"});
    duk_pop(value.js);
  }
}

void read_threads(const OptionValue& value, OptionsInProgress& reading) {
  const double number = std::trunc(value.number("a Number"));
  if (number > limits::kMaxWorkers) value.reject("at most " + std::to_string(limits::kMaxWorkers));
  reading.threads_given = true;
  reading.options.config.workers = number < 1 ? core_count() : static_cast<uint32_t>(number);
}

// Bytes of one read or write; 0 stands for the default.
uint64_t read_io_bytes(const OptionValue& value, uint64_t fallback) {
  const double number = std::trunc(value.number("a Number of bytes"));
  if (number < 0 || number > INT32_MAX) value.reject("a Number of bytes from 0 to 2147483647");
  return number == 0 ? fallback : static_cast<uint64_t>(number);
}

void read_cache_control(const OptionValue& value, OptionsInProgress& reading) {
  std::string& header = reading.options.config.cache_control;
  if (duk_is_boolean(value.js, value.index)) {
    header = value.boolean() ? kDefaultCacheControl : "";
    return;
  }
  if (!duk_is_string(value.js, value.index)) value.reject("a String or a Boolean");
  header = value.string();
  if (!is_field_value(header)) value.fail("a header value must not contain CR, LF or NUL");
}

void read_mime_map(const OptionValue& value, OptionsInProgress& reading) {
  if (!value.is_plain_object()) value.reject("an Object");
  auto& mime = reading.options.config.mime;
  mime.clear();
  for_each_property(value, [&](const std::string& key, const OptionValue& type) {
    std::string extension = key.starts_with('.') ? key.substr(1) : key;
    if (extension.empty()) type.fail("the extension is empty");
    std::string text = type.string();
    if (text.empty() || !is_field_value(text)) type.reject("a MIME type");
    mime.emplace_back(std::move(extension), std::move(text));
  });
}

void read_default_charset(const OptionValue& value, OptionsInProgress& reading) {
  if (duk_is_boolean(value.js, value.index) && !value.boolean()) {
    reading.options.config.default_charset.clear();
    return;
  }
  if (!duk_is_string(value.js, value.index)) value.reject("a String or false");
  const std::string charset = value.string();
  if (!is_token(charset)) value.reject("the name of a character set");
  reading.options.config.default_charset = charset;
}

void read_max_memory(const OptionValue& value, OptionsInProgress& reading) {
  constexpr char kRequirement[] =
      "a Number of megabytes or a String with the unit K, M or G like \"512M\", at least 8 MB (0: no limit)";
  uint64_t bytes = 0;
  if (duk_is_string(value.js, value.index)) {
    if (!parse_memory_size(value.string(), bytes)) value.reject(kRequirement);
  } else {
    const double megabytes = value.number(kRequirement);
    if (megabytes < 0 || megabytes > 1e9) value.reject(kRequirement);
    bytes = static_cast<uint64_t>(megabytes * 1024 * 1024);
  }
  if (bytes != 0 && bytes < kMinMemoryBytes) value.reject(kRequirement);
  reading.options.config.max_memory_bytes = bytes;
}

void read_max_body_size(const OptionValue& value, OptionsInProgress& reading) {
  const double bytes = std::trunc(value.number("a Number of bytes"));
  if (bytes < 0 || bytes > static_cast<double>(kMaxBytesOption)) value.reject("a Number of bytes, 0 for no limit");
  reading.options.config.max_body_bytes = static_cast<uint64_t>(bytes);
}

void read_range_cap(const OptionValue& value, OptionsInProgress& reading) {
  const double megabytes = value.number("a Number from 0.01 to 1000");
  if (!(megabytes >= 0.01 && megabytes <= 1000)) value.reject("a Number from 0.01 to 1000");
  reading.options.config.range_cap_bytes = static_cast<uint64_t>(megabytes * 1024 * 1024);
}

// Seconds, more than zero, in milliseconds.
uint64_t read_duration(const OptionValue& value, double low) {
  const double seconds = value.number("a Number of seconds");
  if (seconds < low || seconds > 86400)
    value.reject("a Number of seconds from " + std::string(low > 0 ? "0.001" : "0") + " to 86400");
  return static_cast<uint64_t>(std::ceil(seconds * 1000));
}

using Value = const OptionValue&;
using Reading = OptionsInProgress&;

// The manual's options that work, then Ravelin's own.
const OptionRule kRules[] = {
    {"bind", read_bind},
    {"scriptTimeout", [](Value v, Reading r) { r.options.config.script_timeout_ms = v.milliseconds(); }},
    {"connectTimeout", [](Value v, Reading r) { r.options.config.connect_timeout_ms = v.milliseconds(); }},
    {"daemon", [](Value v, Reading r) { r.options.daemon = v.boolean(); }},
    {"useThreads", [](Value v, Reading r) { r.use_threads = v.boolean(); }},
    {"threads", read_threads},
    {"maxRead", [](Value v, Reading r) { r.options.config.max_read = read_io_bytes(v, limits::kDefaultMaxRead); }},
    {"maxWrite", [](Value v, Reading r) { r.options.config.max_write = read_io_bytes(v, limits::kDefaultMaxWrite); }},
    {"notFoundFunc",
     [](Value v, Reading r) {
       r.options.config.has_not_found = read_special_function(v, kStashNotFoundFunc, false, r);
     }},
    {"developerMode", [](Value v, Reading r) { r.options.config.developer_mode = v.boolean(); }},
    {"directoryFunc",
     [](Value v, Reading r) {
       r.options.config.has_directory_func = read_special_function(v, kStashDirectoryFunc, true, r);
     }},
    {"user", [](Value v, Reading r) { r.options.user = v.string(); }},
    {"cacheControl", read_cache_control},
    {"appendProcTitle", [](Value v, Reading r) { r.options.append_proc_title = v.boolean(); }},
    {"mimeMap", read_mime_map},
    {"map", read_map},
    {"mapSort", [](Value v, Reading r) { r.options.config.map_sort = v.boolean(); }},
    {"maxBodySize", read_max_body_size},
    {"defaultCharset", read_default_charset},
    {"defaultRangeMBytes", read_range_cap},
    // Ravelin's own. The head of a request must fit into a frame with an inline body (limits::kMaxFramePayload).
    {"maxMemory", read_max_memory},
    {"frontendThreads",
     [](Value v, Reading r) { r.options.config.loops = static_cast<uint32_t>(v.integer(1, limits::kMaxLoops)); }},
    {"maxRequestLine",
     [](Value v, Reading r) { r.options.config.max_request_line = v.integer(256, limits::kLargestRequestLine); }},
    {"maxHeaderSize",
     [](Value v, Reading r) { r.options.config.max_header_bytes = v.integer(256, limits::kLargestHeaderBytes); }},
    {"queueLength", [](Value v, Reading r) { r.options.config.queue_length = v.integer(0, 1'000'000); }},
    {"queueTimeout", [](Value v, Reading r) { r.options.config.queue_age_ms = read_duration(v, 0.001); }},
    {"graceTime", [](Value v, Reading r) { r.options.config.grace_ms = read_duration(v, 0); }},
};

// Keys of the configuration Object of a whole site (server-details 17.2) that are no options of start(): sites pass
// that Object as it is.
constexpr std::string_view kSiteKeys[] = {
    "ipAddr",      "ipv6Addr",    "bindAll",     "ipPort",    "ipv6Port",   "port",        "htmlRoot",
    "appsRoot",    "wsappsRoot",  "dataRoot",    "logRoot",   "rotateLogs", "rotateStart", "rotateInterval",
    "rotateCount", "selfSign",    "letsencrypt", "redir",     "redirPort",  "redirTemp",   "rootScripts",
    "monitor",     "quickserver", "serverRoot",  "appendMap", "fullServer",
};

const OptionRule* find_rule(std::string_view name) {
  for (const OptionRule& rule : kRules)
    if (equals_ignoring_case(rule.name, name)) return &rule;
  for (const OptionRule& rule : later_option_rules())
    if (equals_ignoring_case(rule.name, name)) return &rule;
  return nullptr;
}

void read_option(const std::string& key, const OptionValue& value, OptionsInProgress& reading) {
  const OptionRule* rule = find_rule(key);
  if (rule) {
    if (duk_is_undefined(value.js, value.index)) return;  // as if it were not there
    rule->apply(OptionValue{value.js, value.index, std::string(rule->name)}, reading);
    return;
  }
  for (std::string_view site_key : kSiteKeys)
    if (equals_ignoring_case(site_key, key)) return;
  reading.warn("unknown option \"" + key + "\" is ignored; the nearest known option is \"" +
               std::string(nearest_option_name(key)) + "\"");
}

void stash_functions(duk_context* js, duk_idx_t functions) {
  duk_require_stack(js, 4);
  duk_push_heap_stash(js);
  for (const char* key : {kStashRoutes, kStashNotFoundFunc, kStashDirectoryFunc}) {
    duk_get_prop_string(js, functions, key);
    duk_put_prop_string(js, -2, key);
  }
  duk_pop(js);
}

}  // namespace

StartOptions read_start_options(duk_context* js, duk_idx_t index) {
  index = duk_normalize_index(js, index);
  if (index == DUK_INVALID_INDEX) throw_error(js, "server.start: an Object with options is needed");
  const OptionValue object{js, index, "the argument"};
  if (!object.is_plain_object()) object.reject("an Object with options");
  duk_require_stack(js, 8);

  OptionsInProgress reading;
  reading.functions = duk_push_object(js);
  StartOptions& options = reading.options;
  options.bind = default_bind_addresses();
  options.config.workers = core_count();
  options.config.loops = default_loops();
  options.config.cache_control = kDefaultCacheControl;
  options.config.default_charset = "utf-8";
  options.config.spool_directory = spool_directory();

  for_each_property(object,
                    [&](const std::string& key, const OptionValue& value) { read_option(key, value, reading); });
  if (!reading.map_given) throw_error(js, "server.start: map must be an Object, it is missing");
  if (!reading.use_threads) options.config.workers = 1;

  stash_functions(js, reading.functions);
  duk_pop(js);
  return std::move(reading.options);
}

void clear_stashed_functions(duk_context* js) {
  duk_require_stack(js, 4);
  duk_push_heap_stash(js);
  for (const char* key : {kStashRoutes, kStashNotFoundFunc, kStashDirectoryFunc}) duk_del_prop_string(js, -1, key);
  duk_pop(js);
}

std::string_view nearest_option_name(std::string_view name) {
  std::string_view nearest;
  size_t best = SIZE_MAX;
  auto consider = [&](std::string_view candidate) {
    const size_t distance = edit_distance(name, candidate);
    if (distance >= best) return;
    best = distance;
    nearest = candidate;
  };
  for (const OptionRule& rule : kRules) consider(rule.name);
  for (const OptionRule& rule : later_option_rules()) consider(rule.name);
  return nearest;
}

// Levenshtein distance, one row at a time.
size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<size_t> row(right.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= left.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= right.size(); ++j) {
      const size_t change = diagonal + (ascii_lower(left[i - 1]) == ascii_lower(right[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

bool parse_memory_size(std::string_view text, uint64_t& bytes) {
  text = trim_blanks(text);
  uint64_t unit = 1024 * 1024;  // of a plain number, as for a Number
  if (!text.empty() && (text.back() == 'B' || text.back() == 'b')) {
    text.remove_suffix(1);
    if (text.empty() || hex_value(text.back()) >= 0) return false;  // "512B": nobody means bytes
  }
  const char suffix = text.empty() ? '\0' : ascii_lower(text.back());
  if (suffix == 'k') unit = 1024;
  if (suffix == 'g') unit = uint64_t{1024} * 1024 * 1024;
  if (suffix == 'k' || suffix == 'm' || suffix == 'g') text.remove_suffix(1);
  const size_t point = text.find('.');
  const auto whole = parse_decimal(text.substr(0, point));
  if (!whole || *whole > 1'000'000'000) return false;
  double number = static_cast<double>(*whole);
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    const auto fraction = parse_decimal(digits);
    if (!fraction || digits.size() > 9) return false;
    number += static_cast<double>(*fraction) / std::pow(10.0, static_cast<double>(digits.size()));
  }
  bytes = static_cast<uint64_t>(number * static_cast<double>(unit));
  return bytes <= kMaxBytesOption;
}

}  // namespace ravelin::worker
