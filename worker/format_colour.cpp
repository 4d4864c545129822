#include "worker/format_colour.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "common/text.h"

namespace ravelin::worker {
namespace {

struct NamedColour {
  std::string_view name;
  uint32_t rgb;
};

// CSS Color Module Level 4, 6.1.
// clang-format off
constexpr NamedColour kCssColours[] = {
    {"AliceBlue", 0xF0F8FF}, {"AntiqueWhite", 0xFAEBD7}, {"Aqua", 0x00FFFF}, {"Aquamarine", 0x7FFFD4},
    {"Azure", 0xF0FFFF}, {"Beige", 0xF5F5DC}, {"Bisque", 0xFFE4C4}, {"Black", 0x000000}, {"BlanchedAlmond", 0xFFEBCD},
    {"Blue", 0x0000FF}, {"BlueViolet", 0x8A2BE2}, {"Brown", 0xA52A2A}, {"BurlyWood", 0xDEB887},
    {"CadetBlue", 0x5F9EA0}, {"Chartreuse", 0x7FFF00}, {"Chocolate", 0xD2691E}, {"Coral", 0xFF7F50},
    {"CornflowerBlue", 0x6495ED}, {"Cornsilk", 0xFFF8DC}, {"Crimson", 0xDC143C}, {"Cyan", 0x00FFFF},
    {"DarkBlue", 0x00008B}, {"DarkCyan", 0x008B8B}, {"DarkGoldenRod", 0xB8860B}, {"DarkGray", 0xA9A9A9},
    {"DarkGreen", 0x006400}, {"DarkGrey", 0xA9A9A9}, {"DarkKhaki", 0xBDB76B}, {"DarkMagenta", 0x8B008B},
    {"DarkOliveGreen", 0x556B2F}, {"DarkOrange", 0xFF8C00}, {"DarkOrchid", 0x9932CC}, {"DarkRed", 0x8B0000},
    {"DarkSalmon", 0xE9967A}, {"DarkSeaGreen", 0x8FBC8F}, {"DarkSlateBlue", 0x483D8B}, {"DarkSlateGray", 0x2F4F4F},
    {"DarkSlateGrey", 0x2F4F4F}, {"DarkTurquoise", 0x00CED1}, {"DarkViolet", 0x9400D3}, {"DeepPink", 0xFF1493},
    {"DeepSkyBlue", 0x00BFFF}, {"DimGray", 0x696969}, {"DimGrey", 0x696969}, {"DodgerBlue", 0x1E90FF},
    {"FireBrick", 0xB22222}, {"FloralWhite", 0xFFFAF0}, {"ForestGreen", 0x228B22}, {"Fuchsia", 0xFF00FF},
    {"Gainsboro", 0xDCDCDC}, {"GhostWhite", 0xF8F8FF}, {"Gold", 0xFFD700}, {"GoldenRod", 0xDAA520},
    {"Gray", 0x808080}, {"Green", 0x008000}, {"GreenYellow", 0xADFF2F}, {"Grey", 0x808080}, {"HoneyDew", 0xF0FFF0},
    {"HotPink", 0xFF69B4}, {"IndianRed", 0xCD5C5C}, {"Indigo", 0x4B0082}, {"Ivory", 0xFFFFF0}, {"Khaki", 0xF0E68C},
    {"Lavender", 0xE6E6FA}, {"LavenderBlush", 0xFFF0F5}, {"LawnGreen", 0x7CFC00}, {"LemonChiffon", 0xFFFACD},
    {"LightBlue", 0xADD8E6}, {"LightCoral", 0xF08080}, {"LightCyan", 0xE0FFFF}, {"LightGoldenRodYellow", 0xFAFAD2},
    {"LightGray", 0xD3D3D3}, {"LightGreen", 0x90EE90}, {"LightGrey", 0xD3D3D3}, {"LightPink", 0xFFB6C1},
    {"LightSalmon", 0xFFA07A}, {"LightSeaGreen", 0x20B2AA}, {"LightSkyBlue", 0x87CEFA}, {"LightSlateGray", 0x778899},
    {"LightSlateGrey", 0x778899}, {"LightSteelBlue", 0xB0C4DE}, {"LightYellow", 0xFFFFE0}, {"Lime", 0x00FF00},
    {"LimeGreen", 0x32CD32}, {"Linen", 0xFAF0E6}, {"Magenta", 0xFF00FF}, {"Maroon", 0x800000},
    {"MediumAquaMarine", 0x66CDAA}, {"MediumBlue", 0x0000CD}, {"MediumOrchid", 0xBA55D3}, {"MediumPurple", 0x9370DB},
    {"MediumSeaGreen", 0x3CB371}, {"MediumSlateBlue", 0x7B68EE}, {"MediumSpringGreen", 0x00FA9A},
    {"MediumTurquoise", 0x48D1CC}, {"MediumVioletRed", 0xC71585}, {"MidnightBlue", 0x191970}, {"MintCream", 0xF5FFFA},
    {"MistyRose", 0xFFE4E1}, {"Moccasin", 0xFFE4B5}, {"NavajoWhite", 0xFFDEAD}, {"Navy", 0x000080},
    {"OldLace", 0xFDF5E6}, {"Olive", 0x808000}, {"OliveDrab", 0x6B8E23}, {"Orange", 0xFFA500},
    {"OrangeRed", 0xFF4500}, {"Orchid", 0xDA70D6}, {"PaleGoldenRod", 0xEEE8AA}, {"PaleGreen", 0x98FB98},
    {"PaleTurquoise", 0xAFEEEE}, {"PaleVioletRed", 0xDB7093}, {"PapayaWhip", 0xFFEFD5}, {"PeachPuff", 0xFFDAB9},
    {"Peru", 0xCD853F}, {"Pink", 0xFFC0CB}, {"Plum", 0xDDA0DD}, {"PowderBlue", 0xB0E0E6}, {"Purple", 0x800080},
    {"RebeccaPurple", 0x663399}, {"Red", 0xFF0000}, {"RosyBrown", 0xBC8F8F}, {"RoyalBlue", 0x4169E1},
    {"SaddleBrown", 0x8B4513}, {"Salmon", 0xFA8072}, {"SandyBrown", 0xF4A460}, {"SeaGreen", 0x2E8B57},
    {"SeaShell", 0xFFF5EE}, {"Sienna", 0xA0522D}, {"Silver", 0xC0C0C0}, {"SkyBlue", 0x87CEEB},
    {"SlateBlue", 0x6A5ACD}, {"SlateGray", 0x708090}, {"SlateGrey", 0x708090}, {"Snow", 0xFFFAFA},
    {"SpringGreen", 0x00FF7F}, {"SteelBlue", 0x4682B4}, {"Tan", 0xD2B48C}, {"Teal", 0x008080}, {"Thistle", 0xD8BFD8},
    {"Tomato", 0xFF6347}, {"Turquoise", 0x40E0D0}, {"Violet", 0xEE82EE}, {"Wheat", 0xF5DEB3}, {"White", 0xFFFFFF},
    {"WhiteSmoke", 0xF5F5F5}, {"Yellow", 0xFFFF00}, {"YellowGreen", 0x9ACD32},
};

// The 16 colours of a terminal, by their index.
constexpr NamedColour kTerminalColours[] = {
    {"black", 0x000000}, {"red", 0x800000}, {"green", 0x008000}, {"yellow", 0x808000},
    {"blue", 0x000080}, {"magenta", 0x800080}, {"cyan", 0x008080}, {"white", 0xC0C0C0},
    {"brightblack", 0x808080}, {"brightred", 0xFF0000}, {"brightgreen", 0x00FF00}, {"brightyellow", 0xFFFF00},
    {"brightblue", 0x0000FF}, {"brightmagenta", 0xFF00FF}, {"brightcyan", 0x00FFFF}, {"brightwhite", 0xFFFFFF},
};
// clang-format on

struct Colour {
  uint32_t rgb = 0;
  int terminal_index = -1;    // one of the 16, when named as such
  std::string_view css_name;  // empty for rgb() and names of terminals only
};

struct ColourChoice {
  std::optional<Colour> foreground;
  std::optional<Colour> background;
  std::string option;
};

uint32_t distance(uint32_t left, uint32_t right) {
  uint32_t sum = 0;
  for (int shift = 0; shift <= 16; shift += 8) {
    int difference = static_cast<int>(left >> shift & 0xFF) - static_cast<int>(right >> shift & 0xFF);
    sum += static_cast<uint32_t>(difference * difference);
  }
  return sum;
}

// Index of the entry of `colours` nearest to `rgb`.
template <typename Colours>
size_t nearest(const Colours& colours, uint32_t rgb) {
  auto closer = [rgb](const NamedColour& left, const NamedColour& right) {
    return distance(left.rgb, rgb) < distance(right.rgb, rgb);
  };
  return static_cast<size_t>(std::min_element(std::begin(colours), std::end(colours), closer) - std::begin(colours));
}

// xterm's 256: 16 to 231 are a cube of 6 levels per channel.
size_t nearest_of_256(uint32_t rgb) {
  constexpr int kLevels[] = {0, 95, 135, 175, 215, 255};
  size_t index = 0;
  for (int shift = 16; shift >= 0; shift -= 8) {
    int channel = static_cast<int>(rgb >> shift & 0xFF);
    size_t best = 0;
    for (size_t level = 1; level < std::size(kLevels); ++level) {
      if (std::abs(kLevels[level] - channel) < std::abs(kLevels[best] - channel)) best = level;
    }
    index = index * 6 + best;
  }
  return 16 + index;
}

std::optional<Colour> parse_rgb(std::string_view text) {
  if (!text.starts_with("rgb(") || !text.ends_with(")")) return std::nullopt;
  text = text.substr(4, text.size() - 5);
  uint32_t rgb = 0;
  for (int channel = 0; channel < 3; ++channel) {
    size_t comma = text.find(',');
    if ((comma == std::string_view::npos) != (channel == 2)) return std::nullopt;
    std::optional<uint64_t> value = parse_decimal(trim_blanks(text.substr(0, comma)));
    if (!value || *value > 255) return std::nullopt;
    rgb = rgb << 8 | static_cast<uint32_t>(*value);
    text.remove_prefix(channel == 2 ? text.size() : comma + 1);
  }
  return Colour{rgb, -1, {}};
}

std::optional<Colour> parse_colour(std::string_view text) {
  std::string name = to_lower(text);
  if (std::optional<Colour> colour = parse_rgb(name)) return colour;
  Colour colour;
  for (const NamedColour& css : kCssColours) {
    if (equals_ignoring_case(css.name, name)) colour = {css.rgb, -1, css.name};
  }
  for (size_t i = 0; i < std::size(kTerminalColours); ++i) {
    if (kTerminalColours[i].name != name) continue;
    colour.terminal_index = static_cast<int>(i);
    if (colour.css_name.empty()) colour.rgb = kTerminalColours[i].rgb;
  }
  if (colour.css_name.empty() && colour.terminal_index < 0) return std::nullopt;
  return colour;
}

// Splits at commas outside of parentheses.
std::vector<std::string_view> split_choice(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(trim_blanks(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return parts;
}

std::optional<ColourChoice> parse_choice(std::string_view text) {
  ColourChoice choice;
  std::vector<std::string_view> parts = split_choice(text);
  if (parts.size() > 3) return std::nullopt;
  choice.foreground = parse_colour(parts[0]);
  if (!choice.foreground) return std::nullopt;
  if (parts.size() > 1 && !parts[1].empty()) {
    choice.background = parse_colour(parts[1]);
    if (!choice.background) return std::nullopt;
  }
  if (parts.size() > 2) choice.option = parts[2];
  return choice;
}

// The parameters of an SGR sequence; `base` is 30 for the foreground and 40 for the background.
std::string sgr_of(const Colour& colour, int base, ColourDepth depth) {
  std::string extended = std::to_string(base + 8);
  if (depth == ColourDepth::kTrue) {
    return extended + ";2;" + std::to_string(colour.rgb >> 16) + ";" + std::to_string(colour.rgb >> 8 & 0xFF) + ";" +
           std::to_string(colour.rgb & 0xFF);
  }
  if (depth == ColourDepth::k256) {
    size_t index = colour.terminal_index >= 0 ? static_cast<size_t>(colour.terminal_index) : nearest_of_256(colour.rgb);
    return extended + ";5;" + std::to_string(index);
  }
  int index =
      colour.terminal_index >= 0 ? colour.terminal_index : static_cast<int>(nearest(kTerminalColours, colour.rgb));
  return std::to_string(index < 8 ? base + index : base + 60 + index - 8);
}

std::string css_of(const Colour& colour, bool nearest_name) {
  if (!colour.css_name.empty()) return std::string(colour.css_name);
  if (nearest_name) return std::string(kCssColours[nearest(kCssColours, colour.rgb)].name);
  return "rgb(" + std::to_string(colour.rgb >> 16) + ", " + std::to_string(colour.rgb >> 8 & 0xFF) + ", " +
         std::to_string(colour.rgb & 0xFF) + ")";
}

size_t string_end(std::string_view json, size_t begin) {
  size_t end = begin + 1;
  while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  return std::min(end + 1, json.size());
}

}  // namespace

std::optional<ColourFrame> terminal_colour(std::string_view colours, ColourDepth depth) {
  std::optional<ColourChoice> choice = parse_choice(colours);
  if (!choice) return std::nullopt;
  std::string parameters = sgr_of(*choice->foreground, 30, depth);
  if (choice->background) parameters += ";" + sgr_of(*choice->background, 40, depth);
  if (equals_ignoring_case(choice->option, "blink") || equals_ignoring_case(choice->option, "flashing")) {
    parameters += ";5";
  }
  return ColourFrame{"\x1b[" + parameters + "m", "\x1b[0m"};
}

std::optional<ColourFrame> html_colour(std::string_view colours, bool nearest_name) {
  std::optional<ColourChoice> choice = parse_choice(colours);
  if (!choice) return std::nullopt;
  std::string begin = "<span class=\"rp-color";
  if (!choice->option.empty()) begin += " " + html_escape(choice->option);
  begin += "\" style=\"color:" + css_of(*choice->foreground, nearest_name) + ";";
  if (choice->background) begin += " background-color:" + css_of(*choice->background, nearest_name) + ";";
  return ColourFrame{begin + "\">", "</span>"};
}

ColourDepth terminal_depth() {
  const char* promise = getenv("COLORTERM");
  std::string_view colorterm = promise ? promise : "";
  if (colorterm == "truecolor" || colorterm == "24bit") return ColourDepth::kTrue;
  const char* term = getenv("TERM");
  return term && std::string_view(term).find("256") != std::string_view::npos ? ColourDepth::k256 : ColourDepth::k16;
}

std::string colour_json(std::string_view json, int palette) {
  struct Palette {
    int key, text, number, boolean, null;
  };
  constexpr Palette kPalettes[] = {
      {34, 32, 33, 35, 31}, {36, 32, 33, 35, 90}, {94, 92, 93, 95, 91}, {96, 37, 92, 93, 90}};
  const Palette& colours = kPalettes[std::clamp(palette, 0, 3)];
  std::string out;
  for (size_t i = 0; i < json.size();) {
    size_t end = i + 1;
    int colour = 0;
    if (json[i] == '"') {
      end = string_end(json, i);
      colour = end < json.size() && json[end] == ':' ? colours.key : colours.text;
    } else if (json[i] == '-' || (json[i] >= '0' && json[i] <= '9')) {
      end = std::min(json.find_first_not_of("0123456789+-.eE", i), json.size());
      colour = colours.number;
    } else if (json[i] >= 'a' && json[i] <= 'z') {
      end = std::min(json.find_first_not_of("abcdefghijklmnopqrstuvwxyz", i), json.size());
      colour = json[i] == 'n' ? colours.null : colours.boolean;
    }
    if (colour != 0) out += "\x1b[" + std::to_string(colour) + "m";
    out.append(json, i, end - i);
    if (colour != 0) out += "\x1b[0m";
    i = end;
  }
  return out;
}

}  // namespace ravelin::worker
