#include "worker/utils/csv.h"

#include <cmath>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_source.h"
#include "worker/utils/arguments.h"
#include "worker/utils/csv_text.h"

namespace ravelin::worker {
namespace {

struct CsvRequest {
  CsvFormat format;
  bool has_header = false;
  bool returns_objects = false;
  bool normalises = false;
  bool includes_raw = false;
  duk_idx_t data = -1;
  duk_idx_t options = -1;
  duk_idx_t callback = -1;
  duk_idx_t progress = -1;  // of the function, pushed
  size_t progress_step = 1000;
};

void read_flag(duk_context* ctx, duk_idx_t options, const char* name, bool& flag) {
  if (push_option(ctx, options, name)) {
    if (!duk_is_boolean(ctx, -1)) throw_error(ctx, "csv(): option '%s' must be a Boolean", name);
    flag = duk_get_boolean(ctx, -1);
  }
  duk_pop(ctx);
}

// An option that is a String with at least one character.
std::string text_option(duk_context* ctx, duk_idx_t options, const char* name, const std::string& otherwise) {
  std::string text = otherwise;
  if (push_option(ctx, options, name)) {
    if (!is_text(ctx, -1) || duk_get_length(ctx, -1) == 0)
      throw_error(ctx, "csv(): option '%s' must be a String", name);
    text = text_at(ctx, -1);
  }
  duk_pop(ctx);
  return text;
}

// All its bytes. The text is not empty.
std::string first_character(const std::string& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::string character = text.substr(0, lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4);
  return is_well_formed(character) ? character : text.substr(0, 1);
}

void read_options(duk_context* ctx, CsvRequest& request) {
  const duk_idx_t options = request.options;
  if (options < 0) return;
  CsvFormat& format = request.format;
  bool always_active = true;  // doubleQuoteEscape: "measured as active even by default"
  const std::pair<const char*, bool*> flags[] = {{"hasHeaderRow", &request.has_header},
                                                 {"stripLeadingWhite", &format.strips_leading},
                                                 {"stripTrailingWhite", &format.strips_trailing},
                                                 {"doubleQuoteEscape", &always_active},
                                                 {"singleQuoteNest", &format.single_quotes},
                                                 {"backslashEscape", &format.backslash_escapes},
                                                 {"allEscapes", &format.all_escapes},
                                                 {"europeanDecimal", &format.european_decimal},
                                                 {"tryParsingStrings", &format.parses_quoted},
                                                 {"normalize", &request.normalises},
                                                 {"includeRawString", &request.includes_raw}};
  for (auto [name, flag] : flags) read_flag(ctx, options, name, *flag);
  format.delimiter = first_character(text_option(ctx, options, "delimiter", ","));
  format.time_format = text_option(ctx, options, "timeFormat", format.time_format);
  const std::string type = text_option(ctx, options, "returnType", "array");
  if (type != "array" && type != "object") {
    throw_error(ctx, "csv(): option 'returnType' must be \"array\" or \"object\"");
  }
  request.returns_objects = type == "object";
  if (push_option(ctx, options, "progressStep") && duk_is_number(ctx, -1) && duk_get_number(ctx, -1) >= 1) {
    request.progress_step = static_cast<size_t>(duk_get_number(ctx, -1));
  }
  duk_pop(ctx);
  if (push_option(ctx, options, "progressFunc")) {
    if (!duk_is_function(ctx, -1)) throw_error(ctx, "csv(): option 'progressFunc' must be a Function");
    request.progress = duk_get_top_index(ctx);  // stays
  }
}

// Arguments are told apart by type.
CsvRequest read_request(duk_context* ctx, const char* function) {
  CsvRequest request;
  const duk_idx_t top = duk_get_top(ctx);
  for (duk_idx_t i = 0; i < top; ++i) {
    if (duk_is_function(ctx, i)) {
      request.callback = i;
    } else if (is_text(ctx, i) || duk_is_buffer_data(ctx, i)) {
      if (request.data < 0) request.data = i;
    } else if (is_options(ctx, i)) {
      request.options = i;
    }
  }
  if (request.data < 0) throw_error(ctx, "%s(): a String or Buffer is required", function);
  read_options(ctx, request);
  return request;
}

void report_progress(duk_context* ctx, const CsvRequest& request, size_t row, int stage) {
  if (request.progress < 0 || row % request.progress_step != 0) return;
  duk_dup(ctx, request.progress);
  duk_push_number(ctx, static_cast<double>(row));
  duk_push_int(ctx, stage);
  duk_call(ctx, 2);
  duk_pop(ctx);
}

void push_value(duk_context* ctx, const CsvCell& cell) {
  switch (cell.kind) {
    case CsvKind::kEmpty:
      return duk_push_null(ctx);
    case CsvKind::kNumber:
      return duk_push_number(ctx, cell.number);
    case CsvKind::kDate:
      duk_get_global_literal(ctx, "Date");
      duk_push_number(ctx, cell.number);
      return duk_new(ctx, 1);
    case CsvKind::kText:
      return push_text(ctx, cell.text);
  }
}

void push_cell(duk_context* ctx, const CsvRequest& request, const CsvCell& cell) {
  if (!request.includes_raw) return push_value(ctx, cell);
  duk_push_object(ctx);
  push_value(ctx, cell);
  duk_put_prop_literal(ctx, -2, "value");
  push_text(ctx, cell.text);
  duk_put_prop_literal(ctx, -2, "raw");
}

// `columns`: index of the Array of names.
void push_row(duk_context* ctx, const CsvRequest& request, const CsvRow& row, duk_idx_t columns) {
  request.returns_objects ? static_cast<void>(duk_push_object(ctx)) : static_cast<void>(duk_push_array(ctx));
  for (size_t i = 0; i < row.size(); ++i) {
    const auto index = static_cast<duk_uarridx_t>(i);
    if (request.returns_objects) {
      duk_get_prop_index(ctx, columns, index);
      push_cell(ctx, request, row[i]);
      // Defined, not assigned: a column "__proto__" is a name like others.
      duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC | DUK_DEFPROP_FORCE);
    } else {
      push_cell(ctx, request, row[i]);
      duk_put_prop_index(ctx, -2, index);
    }
  }
}

// Pushes the Array of column names, and takes the header row off the rows.
void push_columns(duk_context* ctx, const CsvRequest& request, std::vector<CsvRow>& rows) {
  const duk_idx_t columns = duk_push_array(ctx);
  if (rows.empty()) return;
  for (size_t i = 0; i < rows[0].size(); ++i) {
    push_text(ctx, request.has_header ? rows[0][i].text : "col_" + std::to_string(i + 1));
    duk_put_prop_index(ctx, columns, static_cast<duk_uarridx_t>(i));
  }
  if (request.has_header) rows.erase(rows.begin());
}

// The text of all rows, typed.
std::vector<CsvRow> read_rows(duk_context* ctx, const CsvRequest& request, std::string_view text) {
  std::vector<CsvRow> rows;
  const CsvError error =
      parse_csv(text, request.format, rows, [&](size_t row) { report_progress(ctx, request, row, 0); });
  if (error.line > 0) throw_error(ctx, "csv(): parse error on line %zu: %s", error.line, error.what.c_str());
  for (size_t i = request.has_header ? 1 : 0; i < rows.size(); ++i) {
    for (CsvCell& cell : rows[i]) type_cell(cell, request.format);
    report_progress(ctx, request, i, 1);
  }
  return rows;
}

// Calls callback(row, index, columns) until it returns false.
void call_for_rows(duk_context* ctx, const CsvRequest& request, const std::vector<CsvRow>& rows, duk_idx_t columns) {
  for (size_t i = 0; i < rows.size(); ++i) {
    duk_dup(ctx, request.callback);
    push_row(ctx, request, rows[i], columns);
    duk_push_number(ctx, static_cast<double>(i));
    duk_dup(ctx, columns);
    duk_call(ctx, 3);
    const bool stops = duk_is_boolean(ctx, -1) && !duk_get_boolean(ctx, -1);
    duk_pop(ctx);
    if (stops) return;
  }
}

duk_ret_t import_text(duk_context* ctx, const CsvRequest& request, std::string_view text) {
  std::vector<CsvRow> rows = read_rows(ctx, request, text);
  push_columns(ctx, request, rows);
  const duk_idx_t columns = duk_get_top_index(ctx);
  if (request.normalises && !rows.empty()) {
    for (size_t column = 0; column < rows[0].size(); ++column) {
      normalise_column(rows, column, request.format);
      report_progress(ctx, request, rows.size() / request.progress_step * request.progress_step,
                      static_cast<int>(column) + 2);
    }
  }
  if (request.callback >= 0) {
    call_for_rows(ctx, request, rows, columns);
    duk_push_number(ctx, static_cast<double>(rows.size()));
    return 1;
  }
  duk_push_object(ctx);
  duk_push_array(ctx);
  for (size_t i = 0; i < rows.size(); ++i) {
    push_row(ctx, request, rows[i], columns);
    duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(i));
  }
  duk_put_prop_literal(ctx, -2, "results");
  duk_dup(ctx, columns);
  duk_put_prop_literal(ctx, -2, "columns");
  duk_push_number(ctx, static_cast<double>(rows.size()));
  duk_put_prop_literal(ctx, -2, "rowCount");
  return 1;
}

duk_ret_t import_csv(duk_context* ctx) {
  const CsvRequest request = read_request(ctx, "csv");
  std::string scratch;
  return import_text(ctx, request, data_at(ctx, request.data, scratch, "csv(): a String or Buffer is required"));
}

duk_ret_t import_csv_file(duk_context* ctx) {
  const CsvRequest request = read_request(ctx, "csvFile");
  const std::string path = path_at(ctx, request.data, "csvFile()");
  about_to_block();
  SourceFile file;
  if (int error = read_source_file(path, file)) {
    throw_error(ctx, "csvFile(): could not open '%s': %s", path.c_str(), errno_text(error).c_str());
  }
  return import_text(ctx, request, file.text);
}

}  // namespace

void install_import(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"csv", guarded<import_csv>},
      {"csvFile", guarded<import_csv_file>},
  };
  StackGuard guard(ctx);
  duk_get_global_literal(ctx, "rampart");
  duk_push_object(ctx);
  put_functions(ctx, kFunctions);
  duk_put_prop_literal(ctx, -2, "import");
}

}  // namespace ravelin::worker
