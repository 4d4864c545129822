#include "worker/utils/date_scan.h"

#include <time.h>

#include <algorithm>

namespace ravelin::worker {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The text without fractions of seconds, and where they were.
struct PlainText {
  std::string text;
  size_t cut_at = std::string::npos;  // position of the fraction in `text`
  size_t cut_size = 0;

  // A position in `text` as one of the original.
  size_t original(size_t position) const { return position >= cut_at ? position + cut_size : position; }
};

PlainText without_fraction(std::string_view text) {
  PlainText plain;
  plain.text = text;
  for (size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.', dot + 1)) {
    bool is_after_seconds = dot >= 3 && text[dot - 3] == ':' && is_digit(text[dot - 2]) && is_digit(text[dot - 1]);
    size_t end = dot + 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (!is_after_seconds || end == dot + 1) continue;
    if (end < text.size() && text[end] == 'Z') ++end;
    plain.text.erase(dot, end - dot);
    plain.cut_at = dot;
    plain.cut_size = end - dot;
    break;
  }
  return plain;
}

bool has_any(const std::string& format, std::string_view codes) {
  for (size_t i = 0; i + 1 < format.size(); ++i) {
    if (format[i] != '%') continue;
    ++i;
    if ((format[i] == 'E' || format[i] == 'O') && i + 1 < format.size()) ++i;
    if (codes.find(format[i]) != std::string_view::npos) return true;
  }
  return false;
}

std::optional<ScannedDate> scan_plain(const PlainText& plain, const std::string& format, int64_t assumed_offset) {
  time_t now = time(nullptr);
  tm date;
  gmtime_r(&now, &date);
  date.tm_hour = date.tm_min = date.tm_sec = 0;
  bool has_year = has_any(format, "YyCDFcxGs");
  bool has_month = has_any(format, "mbBhDFcxjs");
  if (has_year && !has_month) date.tm_mon = 0;
  if ((has_year || has_month) && !has_any(format, "deDFcxjs")) date.tm_mday = 1;
  date.tm_gmtoff = 0;
  const char* end = strptime(plain.text.c_str(), format.c_str(), &date);
  if (!end) return std::nullopt;
  bool ends_in_short_year = format.ends_with("%y") || format.ends_with("%x");
  if (ends_in_short_year && is_digit(*end)) return std::nullopt;
  ScannedDate found;
  found.offset_seconds = has_any(format, "z") ? date.tm_gmtoff : assumed_offset;
  date.tm_isdst = 0;
  found.seconds = timegm(&date) - found.offset_seconds;
  found.end = plain.original(static_cast<size_t>(end - plain.text.c_str()));
  found.format = format;
  return found;
}

std::optional<ScannedDate> scan_first(const PlainText& plain, const std::vector<std::string>& formats, int64_t offset) {
  for (const std::string& format : formats) {
    if (std::optional<ScannedDate> found = scan_plain(plain, format, offset)) return found;
  }
  return std::nullopt;
}

constexpr const char* kSeconds12 = "%I:%M:%S %p";
constexpr const char* kSeconds24 = "%H:%M:%S";
constexpr const char* kMinutes12 = "%I:%M %p";
constexpr const char* kMinutes24 = "%H:%M";

// The patterns of runtime-api 7.5, in its order and by its numbers. In a template T stands for a time.
class PatternList {
 public:
  static const std::vector<std::string>& all() {
    static const std::vector<std::string> formats = PatternList().build();
    return formats;
  }

 private:
  std::vector<std::string> build() {
    add_full(kSeconds12, kSeconds24);  // 1
    formats_.push_back("%Y-%m-%dT%H:%M:%S");
    add_day_first(kSeconds12, kSeconds24);
    for (const char* time : {kSeconds24, kMinutes24}) add_with_zone("%A, %d %b %Y T", time);
    add_full(kMinutes12, kMinutes24);  // 2
    add_day_first(kMinutes12, kMinutes24);
    for (const char* format : {"%x %r", "%c", "%x %X"}) formats_.push_back(format);      // 3
    for (const char* date : {"%b %e T %Y", "%e %b T %Y", "%m/%d/%y T", "%m/%d/%Y T"}) {  // 4
      for (const char* time : {kSeconds12, kMinutes12, kSeconds24, kMinutes24}) add_with_zone(date, time);
      if (date[1] == 'b' || date[1] == 'e') add_without_time(date);
    }
    for (const char* format : {"%m/%d/%y", "%m/%d/%Y", "%Y-%m-%d %z", "%Y-%m-%d", "%x"})
      formats_.push_back(format);                                                // 5
    for (const char* time : {kSeconds12, kMinutes12}) add_with_zone("T", time);  // 6
    for (const char* format : {"%X", kSeconds24, kMinutes24}) formats_.push_back(format);
    return std::move(formats_);
  }

  static std::string filled(std::string pattern, std::string_view time) {
    size_t place = pattern.find('T');
    return pattern.replace(place, 1, time);
  }
  void add_with_zone(const char* pattern, const char* time) {
    formats_.push_back(filled(pattern, time) + " %z");
    formats_.push_back(filled(pattern, time));
  }
  void add_without_time(const char* pattern) {
    std::string format = pattern;
    format.erase(format.find("T "), 2);
    formats_.push_back(format);
  }
  void add_full(const char* time12, const char* time24) {
    for (const char* time : {time12, time24}) {
      for (const char* zone : {" %z", ""}) {
        for (const char* date : {"%Y-%m-%d T", "%A %B %d T %Y"}) formats_.push_back(filled(date, time) + zone);
      }
    }
  }
  void add_day_first(const char* time12, const char* time24) {
    for (const char* time : {time12, time24}) add_with_zone("%A %d %B %Y T", time);
  }

  std::vector<std::string> formats_;
};

struct Abbreviation {
  std::string_view text;
  ZoneMeaning meaning;
};

// The abbreviations that mail and log files use. Where one has several meanings the likeliest comes first.
constexpr int64_t kHour = 3600;
constexpr Abbreviation kAbbreviations[] = {
    {"UTC", {"UTC", 0}},
    {"GMT", {"Europe/London", 0}},
    {"EST", {"America/New_York", -5 * kHour}},
    {"EDT", {"America/New_York", -4 * kHour}},
    {"CST", {"America/Chicago", -6 * kHour}},
    {"CST", {"Asia/Shanghai", 8 * kHour}},
    {"CST", {"America/Havana", -5 * kHour}},
    {"CDT", {"America/Chicago", -5 * kHour}},
    {"CDT", {"America/Havana", -4 * kHour}},
    {"MST", {"America/Denver", -7 * kHour}},
    {"MDT", {"America/Denver", -6 * kHour}},
    {"PST", {"America/Los_Angeles", -8 * kHour}},
    {"PST", {"Asia/Manila", 8 * kHour}},
    {"PDT", {"America/Los_Angeles", -7 * kHour}},
    {"AKST", {"America/Anchorage", -9 * kHour}},
    {"AKDT", {"America/Anchorage", -8 * kHour}},
    {"HST", {"Pacific/Honolulu", -10 * kHour}},
    {"AST", {"America/Halifax", -4 * kHour}},
    {"ADT", {"America/Halifax", -3 * kHour}},
    {"NST", {"America/St_Johns", -(3 * kHour + 1800)}},
    {"NDT", {"America/St_Johns", -(2 * kHour + 1800)}},
    {"WET", {"Europe/Lisbon", 0}},
    {"WEST", {"Europe/Lisbon", 1 * kHour}},
    {"BST", {"Europe/London", 1 * kHour}},
    {"IST", {"Asia/Kolkata", 5 * kHour + 1800}},
    {"IST", {"Europe/Dublin", 1 * kHour}},
    {"IST", {"Asia/Jerusalem", 2 * kHour}},
    {"IDT", {"Asia/Jerusalem", 3 * kHour}},
    {"CET", {"Europe/Paris", 1 * kHour}},
    {"CEST", {"Europe/Paris", 2 * kHour}},
    {"EET", {"Europe/Athens", 2 * kHour}},
    {"EEST", {"Europe/Athens", 3 * kHour}},
    {"MSK", {"Europe/Moscow", 3 * kHour}},
    {"SAST", {"Africa/Johannesburg", 2 * kHour}},
    {"CAT", {"Africa/Maputo", 2 * kHour}},
    {"EAT", {"Africa/Nairobi", 3 * kHour}},
    {"WAT", {"Africa/Lagos", 1 * kHour}},
    {"PKT", {"Asia/Karachi", 5 * kHour}},
    {"WIB", {"Asia/Jakarta", 7 * kHour}},
    {"HKT", {"Asia/Hong_Kong", 8 * kHour}},
    {"JST", {"Asia/Tokyo", 9 * kHour}},
    {"KST", {"Asia/Seoul", 9 * kHour}},
    {"AWST", {"Australia/Perth", 8 * kHour}},
    {"ACST", {"Australia/Darwin", 9 * kHour + 1800}},
    {"AEST", {"Australia/Brisbane", 10 * kHour}},
    {"AEDT", {"Australia/Sydney", 11 * kHour}},
    {"NZST", {"Pacific/Auckland", 12 * kHour}},
    {"NZDT", {"Pacific/Auckland", 13 * kHour}},
};

}  // namespace

std::optional<ScannedDate> scan_date(std::string_view text, const std::string& format, int64_t assumed_offset) {
  return scan_plain(without_fraction(text), format, assumed_offset);
}

std::optional<ScannedDate> scan_common_date(std::string_view text, int64_t assumed_offset) {
  static const std::vector<std::string> kFormats = {
      "%Y-%m-%d %H:%M:%S %z", "%A %B %d %H:%M:%S %Y %z", "%Y-%m-%d %H:%M:%S",
      "%A %B %d %H:%M:%S %Y", "%Y-%m-%dT%H:%M:%S",       "%c",
  };
  return scan_first(without_fraction(text), kFormats, assumed_offset);
}

std::optional<ScannedDate> scan_any_date(std::string_view text) {
  if (std::optional<ScannedDate> found = scan_first(without_fraction(text), PatternList::all(), 0)) return found;
  std::string reduced(text);
  std::erase(reduced, ',');
  if (reduced.size() == text.size()) return std::nullopt;
  std::optional<ScannedDate> found = scan_first(without_fraction(reduced), PatternList::all(), 0);
  // In the text as given, the commas passed over count too.
  size_t position = 0;
  for (size_t used = found ? found->end : 0; used > 0; ++position) used -= text[position] != ',';
  if (found) found->end = position;
  return found;
}

std::vector<ZoneMeaning> zones_abbreviated(std::string_view abbreviation) {
  std::vector<ZoneMeaning> meanings;
  for (const Abbreviation& known : kAbbreviations) {
    if (known.text == abbreviation) meanings.push_back(known.meaning);
  }
  return meanings;
}

}  // namespace ravelin::worker
