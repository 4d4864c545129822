// CSV text to rows of typed cells (runtime-api 5.1). Not for: script values (csv.cpp). Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

struct CsvFormat {
  std::string delimiter = ",";  // one character, of one byte or more
  bool strips_leading = true;
  bool strips_trailing = true;
  bool single_quotes = true;
  bool backslash_escapes = true;
  bool all_escapes = true;  // \n, \t, \x41, \101 ...; else only a backslash and quotes
  bool european_decimal = false;
  bool parses_quoted = false;  // numbers and dates inside quotes count as such
  std::string time_format = "%Y-%m-%d %H:%M:%S";
};

enum class CsvKind : uint8_t { kEmpty, kNumber, kDate, kText };

struct CsvCell {
  CsvKind kind = CsvKind::kEmpty;
  double number = 0;  // kNumber; kDate: milliseconds since the epoch
  std::string text;   // without quotes, escapes resolved
  bool is_quoted = false;
};
using CsvRow = std::vector<CsvCell>;

struct CsvError {
  size_t line = 0;  // 0: no error
  std::string what;
};

// The rows of the text; empty lines are none. All have the cell count of the first, else an error. `on_row(i)` runs
// after each.
CsvError parse_csv(std::string_view text, const CsvFormat& format, std::vector<CsvRow>& rows,
                   const std::function<void(size_t)>& on_row);

// Sets kind and number from the cell's text.
void type_cell(CsvCell& cell, const CsvFormat& format);

// Casts the column of the rows to the kind that most of its cells have, Text on a tie; what cannot be cast becomes
// kEmpty.
void normalise_column(std::vector<CsvRow>& rows, size_t column, const CsvFormat& format);

}  // namespace ravelin::worker
