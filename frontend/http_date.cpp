#include "frontend/http_date.h"

#include <time.h>

#include <algorithm>

namespace ravelin::frontend {
namespace {

constexpr char kDays[7][10] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr char kMonths[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kFirstSecond = -62'167'219'200;  // 0000-01-01
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31

struct Date {
  int64_t year = 0;
  int month = 0;  // 1 to 12
  int day = 0;
  int hour = 0, minute = 0, second = 0;
};

// Days from 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the leap day is the last
// of a year; 400 of them ("era") have 146,097 days.
int64_t days_from_date(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

Date date_from_days(int64_t days) {
  days += 719'468;
  int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  int64_t day_of_era = days - era * 146'097;
  int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2);
  return date;
}

// Cuts pieces off the front of a date; a piece that is not there makes it fail for good.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}
  bool done() const { return ok_ && text_.empty(); }
  bool literal(std::string_view expected) {
    if (text_.starts_with(expected)) return text_.remove_prefix(expected.size()), true;
    return ok_ = false;
  }
  // Exactly `digits` of them. A leading blank stands for a zero in asctime dates.
  int number(size_t digits, bool blank_padded = false) {
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      char c = i < text_.size() ? text_[i] : 'x';
      if (blank_padded && i == 0 && c == ' ') c = '0';
      if (c < '0' || c > '9') return ok_ = false, 0;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  int month() {
    for (int i = 0; i < 12; ++i)
      if (text_.starts_with(kMonths[i])) return text_.remove_prefix(3), i + 1;
    return ok_ = false, 0;
  }
  // Any day name: whether it is the right one matters to nobody.
  bool day_name(bool whole) {
    for (std::string_view day : kDays)
      if (text_.starts_with(whole ? day : day.substr(0, 3))) return text_.remove_prefix(whole ? day.size() : 3), true;
    return ok_ = false;
  }
  void clock(Date& date) {
    date.hour = number(2);
    literal(":");
    date.minute = number(2);
    literal(":");
    date.second = number(2);
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
bool read_fixdate(std::string_view text, Date& date) {
  DateReader reader(text);
  reader.day_name(false);
  reader.literal(", ");
  date.day = reader.number(2);
  reader.literal(" ");
  date.month = reader.month();
  reader.literal(" ");
  date.year = reader.number(4);
  reader.literal(" ");
  reader.clock(date);
  reader.literal(" GMT");
  return reader.done();
}

// "Sunday, 06-Nov-94 08:49:37 GMT". A year that seems over 50 years ahead is in the past (RFC 9110 5.6.7).
bool read_rfc850(std::string_view text, int64_t now, Date& date) {
  DateReader reader(text);
  reader.day_name(true);
  reader.literal(", ");
  date.day = reader.number(2);
  reader.literal("-");
  date.month = reader.month();
  reader.literal("-");
  int64_t this_year = date_from_days(std::clamp(now, kFirstSecond, kLastSecond) / kSecondsPerDay).year;
  date.year = this_year / 100 * 100 + reader.number(2);
  if (date.year > this_year + 50) date.year -= 100;
  reader.literal(" ");
  reader.clock(date);
  reader.literal(" GMT");
  return reader.done();
}

// "Sun Nov  6 08:49:37 1994"
bool read_asctime(std::string_view text, Date& date) {
  DateReader reader(text);
  reader.day_name(false);
  reader.literal(" ");
  date.month = reader.month();
  reader.literal(" ");
  date.day = reader.number(2, true);
  reader.literal(" ");
  reader.clock(date);
  reader.literal(" ");
  date.year = reader.number(4);
  return reader.done();
}

void append_padded(std::string& out, int64_t value, int digits) {
  char text[8];
  for (int i = digits - 1; i >= 0; --i, value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out.append(text, static_cast<size_t>(digits));
}

}  // namespace

void append_http_date(std::string& out, int64_t unix_seconds) {
  unix_seconds = std::clamp(unix_seconds, kFirstSecond, kLastSecond);
  int64_t days = unix_seconds / kSecondsPerDay - (unix_seconds % kSecondsPerDay < 0);
  int64_t of_day = unix_seconds - days * kSecondsPerDay;
  Date date = date_from_days(days);
  auto weekday = static_cast<size_t>(((days + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  out.append(kDays[weekday], 3).append(", ");
  append_padded(out, date.day, 2);
  out.append(" ").append(kMonths[date.month - 1], 3).append(" ");
  append_padded(out, date.year, 4);
  out += ' ';
  append_padded(out, of_day / 3600, 2);
  out += ':';
  append_padded(out, of_day / 60 % 60, 2);
  out += ':';
  append_padded(out, of_day % 60, 2);
  out += " GMT";
}

std::optional<int64_t> parse_http_date(std::string_view text, int64_t now) {
  Date date;
  if (!read_fixdate(text, date) && !read_rfc850(text, now, date) && !read_asctime(text, date)) return std::nullopt;
  if (date.day < 1 || date.hour > 23 || date.minute > 59 || date.second > 60) return std::nullopt;  // 60: leap second
  int64_t days = days_from_date(date.year, date.month, date.day);
  if (date_from_days(days).day != date.day) return std::nullopt;  // 31 February
  return days * kSecondsPerDay + date.hour * 3600 + date.minute * 60 + date.second;
}

int64_t wall_seconds() {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec;
}

std::string_view DateCache::line_at(int64_t unix_seconds) {
  if (unix_seconds != second_) {
    second_ = unix_seconds;
    line_ = "Date: ";
    append_http_date(line_, unix_seconds);
    line_ += "\r\n";
  }
  return line_;
}

}  // namespace ravelin::frontend
