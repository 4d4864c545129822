#include "worker/js_module_path.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

namespace ravelin::worker {

namespace {

constexpr std::string_view kModuleFolders[] = {"modules", "lib/rampart_modules"};
constexpr std::string_view kIncludeFolders[] = {"includes"};
// server-details 3.7 and runtime-api 3.1: in this order. What comes behind the documented three is ours.
constexpr std::string_view kModuleExtensions[] = {".js", ".so", "", ".ts", ".json"};
constexpr std::string_view kHandlerExtensions[] = {".js", ".so", "", ".ts"};
constexpr std::string_view kIncludeExtensions[] = {"", ".js"};

std::span<const std::string_view> folders_of(SearchKind kind) {
  if (kind == SearchKind::kModule) return kModuleFolders;
  return kIncludeFolders;
}

void add_directory_and_folders(std::vector<std::string>& out, const std::string& directory, SearchKind kind) {
  if (directory.empty()) return;
  out.push_back(directory);
  for (std::string_view folder : folders_of(kind)) out.push_back(directory + "/" + std::string(folder));
}

ResolvedFile resolve(const SearchPath& path, std::string_view name, std::string_view first, SearchKind kind,
                     std::span<const std::string_view> extensions) {
  ResolvedFile result;
  result.error = ENOENT;
  if (name.empty() || name.find('\0') != std::string_view::npos) return result;
  while (name.starts_with("./")) name.remove_prefix(2);

  std::vector<std::string> directories;
  if (name.starts_with('/')) {
    directories.emplace_back();
  } else {
    directories = search_directories(path, first, kind);
    for (std::string& directory : directories) directory += '/';
  }
  for (std::string_view extension : extensions) {
    const bool as_it_stands = !extension.empty() && name.ends_with(extension);
    for (const std::string& directory : directories) {
      std::string candidate = directory + std::string(name);
      if (!as_it_stands) candidate += extension;
      if (is_regular_file(candidate)) {
        if (auto canonical = canonical_path(candidate)) return {std::move(*canonical), 0};
      }
      // "Permission denied" on one candidate says more than "No such file" on the others.
      if (errno == EACCES) result.error = EACCES;
    }
  }
  return result;
}

bool is_plain_segment(std::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." && segment.find('\0') == std::string_view::npos;
}

}  // namespace

bool is_regular_file(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return false;
  if (S_ISREG(status.st_mode)) return true;
  errno = S_ISDIR(status.st_mode) ? EISDIR : ENOENT;
  return false;
}

bool is_library_name(std::string_view path) {
  for (std::string_view extension : {".js", ".ts", ".json"}) {
    if (path.ends_with(extension)) return false;
  }
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.ends_with(".so") || name.find(".so.") != std::string_view::npos;
}

std::vector<std::string> search_directories(const SearchPath& path, std::string_view first, SearchKind kind) {
  std::vector<std::string> directories;
  if (!first.empty()) directories.emplace_back(first);
  add_directory_and_folders(directories, path.script_directory, kind);

  const char* home = getenv("HOME");
  const std::string base = std::string(home && access(home, R_OK) == 0 ? home : "/tmp") + "/.rampart/";
  for (std::string_view folder : folders_of(kind)) directories.push_back(base + std::string(folder));

  const char* extra = getenv("RAMPART_PATH");
  if (extra && *extra && access(extra, R_OK) == 0) directories.emplace_back(extra);

  add_directory_and_folders(directories, path.install_directory, kind);
  return directories;
}

ResolvedFile resolve_module_name(const SearchPath& path, std::string_view name, std::string_view first_directory) {
  return resolve(path, name, first_directory, SearchKind::kModule, kModuleExtensions);
}

ResolvedFile resolve_include_name(const SearchPath& path, std::string_view name, std::string_view first_directory) {
  return resolve(path, name, first_directory, SearchKind::kInclude, kIncludeExtensions);
}

std::optional<ModuleFile> find_in_module_directory(std::string_view directory, std::string_view rest_path) {
  if (rest_path.starts_with('/')) rest_path.remove_prefix(1);
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);  // no "//" in messages
  const bool ends_in_slash = rest_path.ends_with('/');
  const std::string_view segments = ends_in_slash ? rest_path.substr(0, rest_path.size() - 1) : rest_path;
  for (size_t begin = 0; begin <= segments.size();) {
    const size_t end = std::min(segments.find('/', begin), segments.size());
    if (!is_plain_segment(segments.substr(begin, end - begin))) return std::nullopt;
    begin = end + 1;
  }

  ModuleFile found;
  found.file.reserve(directory.size() + segments.size() + 8);
  std::string_view module_part = segments;  // what names the module; shortened from its end
  for (bool whole = true; !module_part.empty(); whole = false) {
    std::string_view stem = module_part;
    if (whole && !ends_in_slash) {
      const size_t dot = stem.rfind('.');
      const size_t slash = stem.rfind('/');
      if (dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash)) stem = stem.substr(0, dot);
    }
    const bool names_a_file = !stem.empty() && !stem.ends_with('/');  // not for "/dir/.htaccess"
    for (std::string_view extension : kHandlerExtensions) {
      if (!names_a_file) break;
      found.file.assign(directory).append("/").append(stem).append(extension);
      if (is_regular_file(found.file)) {
        if (!whole || ends_in_slash) found.subpath = rest_path.substr(module_part.size());
        return found;
      }
    }
    const size_t slash = module_part.rfind('/');
    module_part = module_part.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  return std::nullopt;
}

std::optional<std::string> canonical_path(const std::string& path) {
  char resolved[PATH_MAX];
  if (!realpath(path.c_str(), resolved)) return std::nullopt;
  return std::string(resolved);
}

std::string_view directory_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

}  // namespace ravelin::worker
