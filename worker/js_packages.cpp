#include "worker/js_packages.h"

#include <sys/stat.h>

#include <algorithm>

#include "worker/block_hook.h"
#include "worker/js_module_path.h"

namespace ravelin::worker {

namespace {

constexpr std::string_view kPackageFolder = "node_modules";
constexpr std::string_view kExtensions[] = {"", ".js", ".ts", ".json", ".so"};
constexpr std::string_view kIndexNames[] = {"/index.js", "/index.ts", "/index.json", "/index.so"};
constexpr size_t kMaxPackages = 4096;        // remembered; more are read again
constexpr off_t kMaxPackageBytes = 1 << 20;  // no package.json is that large

bool is_file(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::optional<std::string> as_file(const std::string& path) {
  for (std::string_view extension : kExtensions) {
    const std::string candidate = path + std::string(extension);
    if (is_file(candidate)) return canonical_path(candidate);
  }
  return std::nullopt;
}

std::optional<std::string> as_index(const std::string& folder) {
  for (std::string_view name : kIndexNames) {
    const std::string candidate = folder + std::string(name);
    if (is_file(candidate)) return canonical_path(candidate);
  }
  return std::nullopt;
}

// How many bytes of "name/rest" or "@scope/name/rest" are the package's name.
size_t package_name_length(std::string_view name) {
  size_t slash = name.find('/');
  if (name.starts_with('@') && slash != std::string_view::npos) slash = name.find('/', slash + 1);
  return std::min(slash, name.size());
}

bool is_path(std::string_view name) {
  return name.starts_with('/') || name.starts_with("./") || name.starts_with("../") || name == "." || name == "..";
}

}  // namespace

bool is_in_package(std::string_view file) { return file.find("/node_modules/") != std::string_view::npos; }

const PackageFile* JsPackages::package_of(duk_context* js, const std::string& folder) {
  const std::string path = folder + "/package.json";
  struct stat status;
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kMaxPackageBytes) return nullptr;
  if (packages_.size() > kMaxPackages) packages_.clear();
  Package& package = packages_[path];
  const FileSignature signature = FileSignature::of(status);
  if (package.signature == signature) return &package.content;
  SourceFile file;
  std::optional<PackageFile> content;
  about_to_block();
  if (read_source_file(path, file) == 0) content = parse_package_file(js, file.text);
  // A file changed this moment may change again without a trace: it is read again the next time, as is one that could
  // not be read.
  package.signature = !content || signature.is_racy_at(wall_clock_ns()) ? FileSignature() : signature;
  package.content = std::move(content).value_or(PackageFile());
  return &package.content;
}

std::optional<std::string> JsPackages::as_file_or_folder(duk_context* js, const std::string& path) {
  if (!path.ends_with('/')) {
    if (auto file = as_file(path)) return file;
  }
  struct stat status;
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  if (const PackageFile* package = package_of(js, path)) {
    const std::string& main = package->main;
    if (!main.empty() && main.find('\0') == std::string::npos) {
      const std::string target = path + "/" + main;
      if (auto file = as_file(target)) return file;
      if (auto file = as_index(target)) return file;
    }
  }
  return as_index(path);
}

// `folder`: a node_modules folder. What "exports" does not list is looked for among the files, other than in Node: the
// site's author decides what of a package is used.
std::optional<std::string> JsPackages::in_package_folder(duk_context* js, const std::string& folder,
                                                         std::string_view name) {
  const size_t length = package_name_length(name);
  const std::string root = folder + "/" + std::string(name.substr(0, length));
  if (const PackageFile* package = package_of(js, root); package && !package->exports.empty()) {
    const auto target = package->exported("." + std::string(name.substr(length)));
    if (target && is_file(root + target->substr(1))) return canonical_path(root + target->substr(1));
  }
  return as_file_or_folder(js, folder + "/" + std::string(name));
}

std::optional<std::string> JsPackages::resolve(duk_context* js, std::string_view name, std::string_view directory) {
  if (name.empty() || name.find('\0') != std::string_view::npos) return std::nullopt;
  if (is_path(name)) {
    const bool is_absolute = name.starts_with('/');
    return as_file_or_folder(js, is_absolute ? std::string(name) : std::string(directory) + "/" + std::string(name));
  }
  for (std::string_view folder = directory; folder.starts_with('/'); folder = directory_of(folder)) {
    // A package looks for its neighbours beside itself, not in node_modules/node_modules.
    if (folder.substr(folder.rfind('/') + 1) != kPackageFolder) {
      std::string candidate(folder == "/" ? std::string_view() : folder);
      candidate.append("/").append(kPackageFolder);
      if (struct stat status; stat(candidate.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        if (auto found = in_package_folder(js, candidate, name)) return found;
      }
    }
    if (folder == "/") break;
  }
  return std::nullopt;
}

}  // namespace ravelin::worker
