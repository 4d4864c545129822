#include "worker/js_console_table.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/format_utf8.h"
#include "worker/js_console.h"
#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

constexpr const char* kIndexTitle = "(index)";
constexpr const char* kValuesTitle = "Values";

struct Row {
  std::string index;
  std::map<std::string, std::string> cells;  // by column name
  std::string value;                         // of a row that is not an object
  bool has_value = false;
};

struct Table {
  std::vector<std::string> columns;  // in the order in which they first turn up
  std::vector<Row> rows;
  bool has_values = false;
};

size_t width_of(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void add_column(Table& table, const std::string& name) {
  if (std::find(table.columns.begin(), table.columns.end(), name) == table.columns.end()) table.columns.push_back(name);
}

// Reads the value on top.
void read_row(duk_context* js, Table& table, Row& row, bool columns_are_given) {
  if (!duk_is_object(js, -1) || duk_is_function(js, -1)) {
    row.value = console_text(js, -1);
    row.has_value = table.has_values = true;
    return;
  }
  duk_enum(js, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(js, -1, 1)) {
    const std::string name = console_text(js, -2);
    row.cells[name] = console_text(js, -1);
    if (!columns_are_given) add_column(table, name);
    duk_pop_2(js);
  }
  duk_pop(js);
}

Table read_table(duk_context* js) {
  Table table;
  const bool columns_are_given = duk_is_array(js, 1);
  if (columns_are_given) {
    const duk_size_t count = duk_get_length(js, 1);
    for (duk_size_t i = 0; i < count; ++i) {
      duk_get_prop_index(js, 1, static_cast<duk_uarridx_t>(i));
      add_column(table, console_text(js, -1));
      duk_pop(js);
    }
  }
  duk_enum(js, 0, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(js, -1, 1)) {
    Row& row = table.rows.emplace_back();
    row.index = console_text(js, -2);
    read_row(js, table, row, columns_are_given);
    duk_pop_2(js);
  }
  duk_pop(js);
  return table;
}

using Line = std::vector<std::string>;

std::vector<Line> lines_of(const Table& table) {
  std::vector<Line> lines;
  Line title = {kIndexTitle};
  title.insert(title.end(), table.columns.begin(), table.columns.end());
  if (table.has_values) title.push_back(kValuesTitle);
  lines.push_back(std::move(title));
  for (const Row& row : table.rows) {
    Line line = {row.index};
    for (const std::string& column : table.columns) {
      auto cell = row.cells.find(column);
      line.push_back(cell == row.cells.end() ? "" : cell->second);
    }
    if (table.has_values) line.push_back(row.has_value ? row.value : "");
    lines.push_back(std::move(line));
  }
  return lines;
}

void append_rule(std::string& out, const std::vector<size_t>& widths) {
  for (size_t width : widths) out.append("+").append(width + 2, '-');
  out += "+";
}

}  // namespace

std::string console_table(duk_context* js) {
  if (!duk_is_object(js, 0)) return {};
  StackGuard guard(js);
  const std::vector<Line> lines = lines_of(read_table(js));
  std::vector<size_t> widths(lines[0].size(), 0);
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  }
  std::string out;
  append_rule(out, widths);
  for (size_t row = 0; row < lines.size(); ++row) {
    out += "\n";
    for (size_t i = 0; i < widths.size(); ++i) {
      out.append("| ").append(lines[row][i]).append(widths[i] - width_of(lines[row][i]) + 1, ' ');
    }
    out += "|";
    if (row > 0) continue;
    out += "\n";
    append_rule(out, widths);
  }
  out += "\n";
  append_rule(out, widths);
  return out;
}

}  // namespace ravelin::worker
