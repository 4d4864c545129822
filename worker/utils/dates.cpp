#include "worker/utils/dates.h"

#include <time.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/date_scan.h"
#include "worker/utils/values.h"

namespace ravelin::worker {
namespace {

constexpr size_t kMaxFormattedBytes = 64 * 1024;
constexpr double kMaxSeconds = 8.64e12;  // the range of Date

void push_date(duk_context* ctx, int64_t seconds) {
  duk_get_global_string(ctx, "Date");
  duk_push_number(ctx, static_cast<double>(seconds) * 1000);
  duk_new(ctx, 1);
}

// The seconds that the argument at index 1 means; nullopt for text that is no date.
std::optional<int64_t> seconds_at(duk_context* ctx) {
  double seconds;
  if (!is_given(ctx, 1)) {
    return time(nullptr);
  } else if (duk_is_number(ctx, 1)) {
    seconds = duk_get_number(ctx, 1);
  } else if (is_text(ctx, 1)) {
    std::string text = text_at(ctx, 1);
    if (text == "now") return time(nullptr);
    std::optional<ScannedDate> scanned = scan_any_date(text);
    return scanned ? std::optional(scanned->seconds) : std::nullopt;
  } else if (is_instance_of(ctx, 1, "Date")) {
    duk_dup(ctx, 1);
    seconds = duk_to_number(ctx, -1) / 1000;
    duk_pop(ctx);
  } else {
    throw_error(ctx, "dateFmt() - second argument must be a String, Date or Number");
  }
  if (!(std::fabs(seconds) <= kMaxSeconds)) return std::nullopt;
  return static_cast<int64_t>(std::floor(seconds));
}

// The moment in the zone that the argument at index 2 means.
tm zoned_time(duk_context* ctx, int64_t seconds) {
  time_t moment = seconds;
  tm zoned;
  if (duk_is_boolean(ctx, 2) && duk_get_boolean(ctx, 2)) {
    localtime_r(&moment, &zoned);
    return zoned;
  }
  double offset = 0;
  if (duk_is_number(ctx, 2)) {
    offset = std::round(duk_get_number(ctx, 2) * 3600);
  } else if (is_given(ctx, 2) && !duk_is_boolean(ctx, 2)) {
    throw_error(ctx, "dateFmt() - third argument must be a Boolean or a Number");
  }
  if (!(std::fabs(offset) <= 48 * 3600)) throw_error(ctx, "dateFmt() - the zone must lie within 48 hours of UTC");
  moment += static_cast<time_t>(offset);
  gmtime_r(&moment, &zoned);
  zoned.tm_gmtoff = static_cast<long>(offset);
  return zoned;
}

// strftime takes a broken-down time for local time when it prints %s; the seconds are known here.
std::string with_epoch_seconds(std::string format, int64_t seconds) {
  for (size_t i = 0; i + 1 < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (format[i + 1] == 's') format.replace(i, 2, std::to_string(seconds));
    ++i;
  }
  return format;
}

// dateFmt(format[, date][, zone])
duk_ret_t utils_date_fmt(duk_context* ctx) {
  duk_set_top(ctx, 3);
  if (!is_text(ctx, 0)) throw_error(ctx, "dateFmt() - first argument must be a String (format)");
  std::optional<int64_t> seconds = seconds_at(ctx);
  if (!seconds) {
    duk_push_null(ctx);
    return 1;
  }
  tm zoned = zoned_time(ctx, *seconds);
  std::string format = with_epoch_seconds(text_at(ctx, 0), *seconds);
  std::string out(kMaxFormattedBytes, '\0');
  out.resize(strftime(out.data(), out.size(), format.c_str(), &zoned));
  if (out.empty()) throw_error(ctx, "dateFmt() - Output string too large");
  push_text(ctx, out);
  return 1;
}

// scanDate(str[, offset][, format]), offset and format in either order
duk_ret_t utils_scan_date(duk_context* ctx) {
  duk_set_top(ctx, 3);
  if (!is_text(ctx, 0)) throw_error(ctx, "scanDate() - first argument must be a String");
  int64_t offset = 0;
  std::optional<std::string> format;
  for (duk_idx_t i : {1, 2}) {
    if (duk_is_number(ctx, i) && std::fabs(duk_get_number(ctx, i)) <= kMaxSeconds) {
      offset = static_cast<int64_t>(duk_get_number(ctx, i));
    } else if (is_text(ctx, i)) {
      format = text_at(ctx, i);
    } else if (is_given(ctx, i)) {
      throw_error(ctx, "scanDate() - offset must be a Number and format a String");
    }
  }
  std::string text = text_at(ctx, 0);
  std::optional<ScannedDate> found = format ? scan_date(text, *format, offset) : scan_common_date(text, offset);
  if (found) {
    push_date(ctx, found->seconds);
  } else {
    duk_push_null(ctx);
  }
  return 1;
}

// The letters behind `position` and a space: where a zone's abbreviation stands.
std::string_view word_behind(std::string_view text, size_t position) {
  text.remove_prefix(std::min(position, text.size()));
  if (!text.starts_with(' ')) return {};
  text.remove_prefix(1);
  size_t size = 0;
  while (size < text.size() && text[size] >= 'A' && text[size] <= 'Z') ++size;
  return text.substr(0, size);
}

// Reads the abbreviation behind the match into `found`; adds `dates` and `ambiguous` to the object on top of the stack.
void apply_abbreviation(duk_context* ctx, std::string_view text, ScannedDate& found) {
  std::string_view word = word_behind(text, found.end);
  std::vector<ZoneMeaning> meanings = zones_abbreviated(word);
  if (meanings.empty() || found.format.find("%z") != std::string::npos) return;
  int64_t utc_seconds = found.seconds;
  duk_push_object(ctx);
  for (const ZoneMeaning& meaning : meanings) {
    push_date(ctx, utc_seconds - meaning.offset_seconds);
    duk_put_prop_lstring(ctx, -2, meaning.name.data(), meaning.name.size());
  }
  duk_put_prop_string(ctx, -2, "dates");
  duk_push_boolean(ctx, meanings.size() > 1);
  duk_put_prop_string(ctx, -2, "ambiguous");
  found.offset_seconds = meanings[0].offset_seconds;
  found.seconds = utc_seconds - found.offset_seconds;
  found.end += 1 + word.size();
  found.format += " %Z";
}

duk_ret_t utils_auto_scan_date(duk_context* ctx) {
  if (!is_text(ctx, 0)) throw_error(ctx, "autoScanDate() - first argument must be a String");
  std::string text = text_at(ctx, 0);
  std::optional<ScannedDate> found = scan_any_date(text);
  if (!found) {
    duk_push_null(ctx);
    return 1;
  }
  duk_push_object(ctx);
  apply_abbreviation(ctx, text, *found);
  push_date(ctx, found->seconds);
  duk_put_prop_string(ctx, -2, "date");
  duk_push_number(ctx, static_cast<double>(found->offset_seconds));
  duk_put_prop_string(ctx, -2, "offset");
  duk_push_number(ctx, static_cast<double>(found->end));
  duk_put_prop_string(ctx, -2, "endIndex");
  push_text(ctx, found->format);
  duk_put_prop_string(ctx, -2, "matchedFormat");
  return 1;
}

}  // namespace

void put_date_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"dateFmt", guarded<utils_date_fmt>},
      {"scanDate", guarded<utils_scan_date>},
      {"autoScanDate", guarded<utils_auto_scan_date>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
