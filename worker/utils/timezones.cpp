#include "worker/utils/timezones.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/zone_file.h"

namespace ravelin::worker {
namespace {

constexpr const char* kDefaultFolder = "/usr/share/zoneinfo";
constexpr char kFolderKey[] = DUK_HIDDEN_SYMBOL("folder");
constexpr size_t kMaxZones = 4096;  // there are some 600
constexpr int kMaxDepth = 4;        // "America/Argentina/Ushuaia" has 2

using Zones = std::map<std::string, ZoneFile>;

std::optional<ZoneFile> read_zone(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (status.st_size <= 0 || static_cast<size_t>(status.st_size) > kMaxZoneFileBytes) return std::nullopt;
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  const ssize_t size = read(file.get(), bytes.data(), bytes.size());
  return parse_zone_file(std::string_view(bytes).substr(0, static_cast<size_t>(std::max<ssize_t>(size, 0))));
}

void add_zones(const std::string& folder, const std::string& prefix, int depth, Zones& zones) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder + "/" + prefix, error), end; !error && entry != end;
       entry.increment(error)) {
    if (zones.size() >= kMaxZones) return;
    const std::string name = prefix + entry->path().filename().string();
    if (entry->is_directory(error)) {
      // These repeat all zones, "right" with leap seconds.
      const bool is_copy = prefix.empty() && (name == "posix" || name == "right");
      if (!is_copy && depth < kMaxDepth && !entry->is_symlink(error)) add_zones(folder, name + "/", depth + 1, zones);
      continue;
    }
    const bool is_alias_of_system = prefix.empty() && (name == "localtime" || name == "posixrules");
    if (is_alias_of_system) continue;
    if (std::optional<ZoneFile> zone = read_zone(folder + "/" + name)) zones.emplace(name, std::move(*zone));
  }
}

// All zones of a folder; those of the last one are kept.
const Zones& zones_of(const std::string& folder) {
  static std::string known_folder;
  static Zones known;
  if (known_folder == folder) return known;
  about_to_block();
  Zones zones;
  add_zones(folder, "", 0, zones);
  known = std::move(zones);
  known_folder = folder;
  return known;
}

// The folder of the object that the function is a method of.
std::string folder_of_this(duk_context* ctx, const char* function) {
  duk_push_this(ctx);
  if (!duk_is_object(ctx, -1) || !duk_get_prop_string(ctx, -1, kFolderKey) || !is_text(ctx, -1))
    throw_type_error(ctx, "timezone.%s(): not called on an object of rampart.utils.timezone()", function);
  std::string folder = text_at(ctx, -1);
  duk_pop_2(ctx);
  return folder;
}

// A name must not lead out of the folder.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.front() == '/' || name.find('\0') != std::string_view::npos)
    return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

void push_zone(duk_context* ctx, const std::string& name, const ZoneFile& zone) {
  duk_push_object(ctx);
  push_text(ctx, name);
  duk_put_prop_literal(ctx, -2, "name");
  duk_push_array(ctx);
  for (duk_uarridx_t i = 0; i < zone.periods.size(); ++i) {
    const ZoneFile::Period& period = zone.periods[i];
    duk_push_object(ctx);
    push_text(ctx, period.abbreviation);
    duk_put_prop_literal(ctx, -2, "Abbreviation");
    duk_push_int(ctx, period.offset_seconds);
    duk_put_prop_literal(ctx, -2, "UTCOffset");
    duk_push_boolean(ctx, period.is_dst);
    duk_put_prop_literal(ctx, -2, "isDST");
    duk_put_prop_index(ctx, -2, i);
  }
  duk_put_prop_literal(ctx, -2, "abbreviations");
  duk_push_array(ctx);
  for (duk_uarridx_t i = 0; i < zone.transitions.size(); ++i) {
    duk_push_object(ctx);
    duk_push_number(ctx, static_cast<double>(zone.transitions[i].at_seconds));
    duk_put_prop_literal(ctx, -2, "time");
    duk_push_uint(ctx, zone.transitions[i].period);
    duk_put_prop_literal(ctx, -2, "abbrIndex");
    duk_put_prop_index(ctx, -2, i);
  }
  duk_put_prop_literal(ctx, -2, "transitions");
}

// findZone(name)
duk_ret_t find_zone(duk_context* ctx) {
  duk_set_top(ctx, 1);
  if (!is_text(ctx, 0)) throw_type_error(ctx, "timezone.findZone(): a String (name of a zone) is required");
  const std::string folder = folder_of_this(ctx, "findZone");
  const std::string name = text_at(ctx, 0);
  if (!is_zone_name(name)) return 0;
  about_to_block();
  const std::optional<ZoneFile> zone = read_zone(folder + "/" + name);
  if (!zone) return 0;
  push_zone(ctx, name, *zone);
  return 1;
}

void push_offset_text(duk_context* ctx, int32_t offset_seconds) {
  const int minutes = std::abs(offset_seconds / 60);
  char text[16];
  snprintf(text, sizeof text, "%c%02d:%02d", offset_seconds < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
  duk_push_string(ctx, text);
}

// findAbbr(abbreviation)
duk_ret_t find_abbreviation(duk_context* ctx) {
  duk_set_top(ctx, 1);
  if (!is_text(ctx, 0)) throw_type_error(ctx, "timezone.findAbbr(): a String (abbreviation) is required");
  const std::string folder = folder_of_this(ctx, "findAbbr");
  const std::string wanted = text_at(ctx, 0);
  bool is_ambiguous = false;
  std::optional<int32_t> first_offset;
  duk_uarridx_t count = 0;
  duk_push_object(ctx);
  duk_push_array(ctx);
  for (const auto& [name, zone] : zones_of(folder)) {
    for (duk_uarridx_t i = 0; i < zone.periods.size(); ++i) {
      const ZoneFile::Period& period = zone.periods[i];
      if (strcasecmp(period.abbreviation.c_str(), wanted.c_str()) != 0) continue;
      if (!first_offset) first_offset = period.offset_seconds;
      if (*first_offset != period.offset_seconds) is_ambiguous = true;
      duk_push_object(ctx);
      duk_push_int(ctx, period.offset_seconds);
      duk_put_prop_literal(ctx, -2, "offset");
      push_offset_text(ctx, period.offset_seconds);
      duk_put_prop_literal(ctx, -2, "offsetString");
      push_text(ctx, name);
      duk_put_prop_literal(ctx, -2, "zoneName");
      duk_push_uint(ctx, i);
      duk_put_prop_literal(ctx, -2, "zoneAbbrIndex");
      duk_put_prop_index(ctx, -2, count++);
    }
  }
  if (count == 0) return 0;
  duk_put_prop_literal(ctx, -2, "entries");
  duk_push_boolean(ctx, is_ambiguous);
  duk_put_prop_literal(ctx, -2, "ambiguous");
  return 1;
}

// dump(): every zone by its name, as findZone() gives it.
duk_ret_t dump(duk_context* ctx) {
  const std::string folder = folder_of_this(ctx, "dump");
  duk_push_object(ctx);
  for (const auto& [name, zone] : zones_of(folder)) {
    push_text(ctx, name);
    push_zone(ctx, name, zone);
    duk_put_prop(ctx, -3);
  }
  return 1;
}

// timezone([folder]), with or without `new`
duk_ret_t utils_timezone(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const char* chosen = getenv("TZDIR");
  std::string folder = chosen && *chosen ? chosen : kDefaultFolder;
  if (is_given(ctx, 0)) folder = path_at(ctx, 0, "timezone()", "folder");
  about_to_block();
  struct stat status;
  int error = stat(folder.c_str(), &status) != 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
  if (error != 0) throw_error(ctx, "timezone(): %s: %s", folder.c_str(), errno_text(error).c_str());
  static constexpr FunctionEntry kMethods[] = {
      {"findZone", guarded<find_zone>},
      {"findAbbr", guarded<find_abbreviation>},
      {"dump", guarded<dump>},
  };
  duk_push_object(ctx);
  push_text(ctx, folder);
  duk_put_prop_string(ctx, -2, kFolderKey);
  put_functions(ctx, kMethods);
  return 1;
}

}  // namespace

void put_timezone_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"timezone", guarded<utils_timezone>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
