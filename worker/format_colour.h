// Colours of the printf flags a A ^ @ (runtime-api 7.1.7): "foreground[, background[, option]]" as escape sequences for
// a terminal or as a span for HTML, and JSON with its kinds of values coloured. Not for: deciding whether colours are
// wanted (format_printf.cpp). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ravelin::worker {

enum class ColourDepth { k16, k256, kTrue };

// What goes before and behind the coloured text.
struct ColourFrame {
  std::string begin;
  std::string end;
};

// Nullopt when `colours` names none. Names are those of CSS and of terminals ("brightred"), in any case, or rgb(r, g,
// b).
std::optional<ColourFrame> terminal_colour(std::string_view colours, ColourDepth depth);

// A span; the option becomes a class. `nearest_name` turns rgb() into the nearest name of CSS.
std::optional<ColourFrame> html_colour(std::string_view colours, bool nearest_name);

// The depth that the environment promises (COLORTERM, TERM), for the flag `a`.
ColourDepth terminal_depth();

// JSON text with escape sequences around keys, strings, numbers, booleans and null. `palette` 0 to 3.
std::string colour_json(std::string_view json, int palette);

}  // namespace ravelin::worker
