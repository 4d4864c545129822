#include "worker/utils/csv_text.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "common/text.h"
#include "worker/utils/date_scan.h"

namespace ravelin::worker {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class CsvReader {
 public:
  CsvReader(std::string_view text, const CsvFormat& format) : text_(text), format_(format) {}

  bool at_end() const { return at_ >= text_.size(); }
  size_t line() const { return line_; }

  // True, and past it, at an empty line.
  bool skip_empty_line() {
    if (peek() != '\n' && !(peek() == '\r' && peek(1) == '\n')) return false;
    at_ += peek() == '\r' ? 2 : 1;
    ++line_;
    return true;
  }

  // Reads a cell; true when another one follows on its line.
  bool read_cell(CsvCell& cell) {
    if (format_.strips_leading) skip_blanks();
    if (peek() == '"' || (peek() == '\'' && format_.single_quotes)) read_quoted(cell);
    read_bare(cell);
    if (at_end()) return false;
    const bool has_more = at_delimiter();
    at_ += has_more ? format_.delimiter.size() : 1;
    if (!has_more) ++line_;
    return has_more;
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  bool at_delimiter() const {
    return peek() == format_.delimiter[0] && text_.substr(at_).starts_with(format_.delimiter);
  }

  void skip_blanks() {
    while (is_blank(peek()) && !at_delimiter()) ++at_;
  }

  void read_quoted(CsvCell& cell) {
    const char quote = text_[at_++];
    cell.is_quoted = true;
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == quote && peek() == quote) {
        ++at_;
        cell.text += quote;
      } else if (c == quote) {
        return;
      } else if (c == '\\' && format_.backslash_escapes) {
        read_escape(cell.text);
      } else {
        if (c == '\n') ++line_;
        cell.text += c;
      }
    }
  }

  // What stands outside quotes, up to the delimiter or the end of the line.
  void read_bare(CsvCell& cell) {
    size_t kept = cell.text.size();  // blanks up to here are not at the end
    while (!at_end() && text_[at_] != '\n' && !at_delimiter()) {
      const char c = text_[at_++];
      if (c == '\r' && (at_end() || peek() == '\n')) continue;
      if (c == '\\' && format_.backslash_escapes) {
        read_escape(cell.text);
        kept = cell.text.size();
        continue;
      }
      cell.text += c;
      if (!is_blank(c)) kept = cell.text.size();
    }
    if (format_.strips_trailing || cell.is_quoted) cell.text.resize(kept);
  }

  // Behind a backslash.
  void read_escape(std::string& out) {
    constexpr std::string_view kLetters = "abfnrtve0";
    constexpr std::string_view kMeanings("\a\b\f\n\r\t\v\x1b\0", 9);
    const char c = peek();
    if (at_end()) {
      out += '\\';
    } else if (c == '\\' || c == '"' || c == '\'') {
      out += text_[at_++];
    } else if (!format_.all_escapes) {
      out += '\\';
    } else if (c == 'x' && hex_value(peek(1)) >= 0) {
      ++at_;
      int value = hex_value(text_[at_++]);
      if (hex_value(peek()) >= 0) value = value * 16 + hex_value(text_[at_++]);
      out += static_cast<char>(value);
    } else if (const size_t letter = kLetters.find(c); letter != std::string_view::npos) {
      ++at_;
      out += kMeanings[letter];
    } else {
      out += '\\';
    }
  }

  std::string_view text_;
  const CsvFormat& format_;
  size_t at_ = 0;
  size_t line_ = 1;
};

// A decimal number as a whole: digits with at most one point; no exponent, no hexadecimal.
std::optional<double> decimal_number(std::string text, const CsvFormat& format) {
  if (format.european_decimal) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '.'; });
    std::replace(text.begin(), text.end(), ',', '.');
  }
  std::string_view digits = text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  const auto points = std::count(digits.begin(), digits.end(), '.');
  const auto digit_count = std::count_if(digits.begin(), digits.end(), is_digit);
  if (digit_count == 0 || points > 1 || digit_count + points != static_cast<long>(digits.size())) return std::nullopt;
  double value = 0;
  const auto end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value, std::chars_format::fixed);
  // It tells neither which way the number is out of range nor what is nearest: Infinity or 0.
  if (result.ec == std::errc::result_out_of_range) value = strtod(std::string(digits).c_str(), nullptr);
  return text.starts_with('-') ? -value : value;
}

std::optional<double> date_ms(const std::string& text, const CsvFormat& format) {
  if (text.empty() || format.time_format.empty()) return std::nullopt;
  const auto found = scan_date(text, format.time_format, 0);
  if (!found || found->end != text.size()) return std::nullopt;
  return static_cast<double>(found->seconds) * 1000;
}

void cast_cell(CsvCell& cell, CsvKind wanted, const CsvFormat& format) {
  if (cell.kind == CsvKind::kEmpty || cell.kind == wanted) return;
  std::optional<double> number;
  if (wanted == CsvKind::kNumber) number = decimal_number(cell.text, format);
  if (wanted == CsvKind::kDate) number = date_ms(cell.text, format);
  if (wanted == CsvKind::kText || number) {
    cell.kind = wanted;
    cell.number = number.value_or(0);
  } else {
    cell.kind = CsvKind::kEmpty;
  }
}

}  // namespace

void type_cell(CsvCell& cell, const CsvFormat& format) {
  cell.kind = CsvKind::kText;
  if (cell.is_quoted && !format.parses_quoted) return;
  if (cell.text.empty() && !cell.is_quoted) {
    cell.kind = CsvKind::kEmpty;
  } else if (auto number = decimal_number(cell.text, format)) {
    cell.kind = CsvKind::kNumber;
    cell.number = *number;
  } else if (auto ms = date_ms(cell.text, format)) {
    cell.kind = CsvKind::kDate;
    cell.number = *ms;
  }
}

CsvError parse_csv(std::string_view text, const CsvFormat& format, std::vector<CsvRow>& rows,
                   const std::function<void(size_t)>& on_row) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  CsvReader reader(text, format);
  while (!reader.at_end()) {
    if (reader.skip_empty_line()) continue;
    const size_t line = reader.line();
    CsvRow row;
    while (reader.read_cell(row.emplace_back())) {
    }
    if (!rows.empty() && row.size() != rows[0].size()) {
      return {line, "expected " + std::to_string(rows[0].size()) + " columns, found " + std::to_string(row.size())};
    }
    rows.push_back(std::move(row));
    on_row(rows.size());
  }
  return {};
}

void normalise_column(std::vector<CsvRow>& rows, size_t column, const CsvFormat& format) {
  size_t counts[4] = {};
  for (const CsvRow& row : rows) ++counts[static_cast<size_t>(row[column].kind)];
  CsvKind winner = CsvKind::kText;
  for (CsvKind kind : {CsvKind::kNumber, CsvKind::kDate}) {
    if (counts[static_cast<size_t>(kind)] > counts[static_cast<size_t>(winner)]) winner = kind;
  }
  for (CsvRow& row : rows) cast_cell(row[column], winner, format);
}

}  // namespace ravelin::worker
