#include "worker/utils/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/limits.h"
#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_source.h"
#include "worker/utils/arguments.h"
#include "worker/utils/file_handle.h"
#include "worker/utils/zip_archive.h"

namespace ravelin::worker {
namespace {

constexpr mode_t kDirectoryMode = 0755;
constexpr mode_t kFileMode = 0644;

struct Archive {
  std::string storage;
  std::string_view bytes;
  std::vector<ZipEntry> entries;
};

// The archive at index 0: a path, or the bytes themselves.
void read_archive(duk_context* ctx, const char* function, Archive& archive) {
  about_to_block();
  if (!get_bytes(ctx, 0, archive.bytes)) {
    const std::string path = path_at(ctx, 0, function);
    SourceFile file;
    if (int error = read_source_file(path, file)) {
      throw_error(ctx, "%s: %s: %s", function, path.c_str(), errno_text(error).c_str());
    }
    archive.storage = std::move(file.text);
    archive.bytes = archive.storage;
  }
  auto entries = read_zip_entries(archive.bytes);
  if (!entries) throw_error(ctx, "%s: this is no ZIP file, or it is damaged", function);
  archive.entries = std::move(*entries);
}

std::string contents_of(duk_context* ctx, const char* function, const Archive& archive, const ZipEntry& entry) {
  std::string contents, error;
  if (!read_zip_contents(archive.bytes, entry, contents, error)) {
    throw_error(ctx, "%s: %s: %s", function, entry.name.c_str(), error.c_str());
  }
  return contents;
}

// Local time in steps of two seconds, as MS-DOS had it.
double mtime_ms(const ZipEntry& entry) {
  tm local = {};
  local.tm_year = (entry.dos_date >> 9) + 80;
  local.tm_mon = ((entry.dos_date >> 5) & 15) - 1;
  local.tm_mday = entry.dos_date & 31;
  local.tm_hour = entry.dos_time >> 11;
  local.tm_min = (entry.dos_time >> 5) & 63;
  local.tm_sec = (entry.dos_time & 31) * 2;
  local.tm_isdst = -1;
  return static_cast<double>(mktime(&local)) * 1000;
}

void push_entry(duk_context* ctx, const ZipEntry& entry) {
  const std::pair<const char*, double> numbers[] = {{"size", entry.size},
                                                    {"compressedSize", entry.compressed_size},
                                                    {"method", entry.method},
                                                    {"crc32", entry.crc32},
                                                    {"mode", entry.mode}};
  duk_push_object(ctx);
  for (auto [name, number] : numbers) {
    duk_push_number(ctx, number);
    duk_put_prop_string(ctx, -2, name);
  }
  duk_get_global_literal(ctx, "Date");
  duk_push_number(ctx, mtime_ms(entry));
  duk_new(ctx, 1);
  duk_put_prop_literal(ctx, -2, "mtime");
  duk_push_boolean(ctx, !entry.is_directory() && !S_ISLNK(entry.mode));
  duk_put_prop_literal(ctx, -2, "isFile");
  duk_push_boolean(ctx, entry.is_directory());
  duk_put_prop_literal(ctx, -2, "isDirectory");
}

duk_ret_t utils_zip_list(duk_context* ctx) {
  Archive archive;
  read_archive(ctx, "zipList()", archive);
  duk_push_object(ctx);
  for (const ZipEntry& entry : archive.entries) {
    push_text(ctx, entry.name);
    push_entry(ctx, entry);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC | DUK_DEFPROP_FORCE);
  }
  return 1;
}

// zipGet(zip, name)
duk_ret_t utils_zip_get(duk_context* ctx) {
  duk_set_top(ctx, 2);
  Archive archive;
  read_archive(ctx, "zipGet()", archive);
  const std::string name = path_at(ctx, 1, "zipGet()", "name");
  for (const ZipEntry& entry : archive.entries) {
    if (entry.name != name) continue;
    push_buffer(ctx, contents_of(ctx, "zipGet()", archive, entry));
    return 1;
  }
  throw_error(ctx, "zipGet(): there is no entry '%s'", name.c_str());
}

// ---- zipExtract

// A name that stays below the target directory.
bool is_harmless(std::string_view name) {
  if (name.empty() || name.starts_with('/') || name.find('\0') != std::string_view::npos) return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

// The names at index 2; one that ends in '/' selects all below it. nullopt: none given, which selects all.
std::optional<std::vector<std::string>> selected_names(duk_context* ctx) {
  if (!is_given(ctx, 2)) return std::nullopt;
  std::vector<std::string> names;
  if (is_text(ctx, 2)) {
    names.push_back(text_at(ctx, 2));
  } else if (duk_is_array(ctx, 2)) {
    const duk_size_t count = duk_get_length(ctx, 2);
    for (duk_size_t i = 0; i < count; ++i) {
      duk_get_prop_index(ctx, 2, static_cast<duk_uarridx_t>(i));
      names.push_back(path_at(ctx, -1, "zipExtract()", "name"));
      duk_pop(ctx);
    }
  } else {
    throw_error(ctx, "zipExtract(): names must be an Array of Strings");
  }
  return names;
}

bool is_selected(const std::string& name, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&name](const std::string& wanted) {
    return wanted == name || (wanted.ends_with('/') && name.starts_with(wanted));
  });
}

// The entries to extract. Links in an archive are left out: they could lead anywhere. Throws when they are too much for
// any disk, or share their data, as only an archive does that is made to fill disks.
std::vector<ZipEntry> entries_to_extract(duk_context* ctx, const Archive& archive) {
  const auto names = selected_names(ctx);
  std::vector<ZipEntry> selected;
  std::set<uint32_t> offsets;
  uint64_t bytes = 0;
  for (const ZipEntry& entry : archive.entries) {
    if (!is_harmless(entry.name)) throw_error(ctx, "zipExtract(): the name '%s' leads out", entry.name.c_str());
    if (S_ISLNK(entry.mode) || (names && !is_selected(entry.name, *names))) continue;
    if (!offsets.insert(entry.header_offset).second) {
      throw_error(ctx, "zipExtract(): %s: another entry has the same data", entry.name.c_str());
    }
    bytes += entry.size;
    selected.push_back(entry);
  }
  if (bytes > limits::kMaxZipExtractBytes) {
    throw_error(ctx, "zipExtract(): the entries have more than %llu bytes",
                static_cast<unsigned long long>(limits::kMaxZipExtractBytes));
  }
  return selected;
}

// Makes the folders above `path`, and `path` itself when it ends in '/'.
int make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (mkdir(path.substr(0, slash).c_str(), kDirectoryMode) != 0 && errno != EEXIST) return errno;
  }
  return 0;
}

int write_entry(const std::string& path, const std::string& contents, mode_t mode) {
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, mode));
  if (!file || write_all(file.get(), contents) < contents.size()) return errno;
  return 0;
}

// zipExtract(zip, dest[, names])
duk_ret_t utils_zip_extract(duk_context* ctx) {
  duk_set_top(ctx, 3);
  Archive archive;
  read_archive(ctx, "zipExtract()", archive);
  const std::string target = path_at(ctx, 1, "zipExtract()", "destination") + "/";
  if (target == "/") throw_error(ctx, "zipExtract(): destination is empty");
  const std::vector<ZipEntry> selected = entries_to_extract(ctx, archive);
  for (const ZipEntry& entry : selected) {
    const std::string path = target + entry.name;
    int error = make_folders(path);
    if (error == 0 && !entry.is_directory()) {
      const mode_t mode = entry.mode & 0777 ? entry.mode & 0777 : kFileMode;
      error = write_entry(path, contents_of(ctx, "zipExtract()", archive, entry), mode);
    }
    if (error != 0) throw_error(ctx, "zipExtract(): %s: %s", path.c_str(), errno_text(error).c_str());
  }
  duk_push_number(ctx, static_cast<double>(selected.size()));
  return 1;
}

}  // namespace

void put_zip_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"zipList", guarded<utils_zip_list>},
      {"zipGet", guarded<utils_zip_get>},
      {"zipExtract", guarded<utils_zip_extract>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
