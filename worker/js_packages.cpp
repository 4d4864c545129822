#include "worker/js_packages.h"

#include <sys/stat.h>

#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
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

// The "main" of a package.json's text; empty when it has none. nullopt when it could not be read: most often it is no
// JSON, which Node, too, takes as none, but memory or time may have ended, and that says nothing about the file.
std::optional<std::string> read_main(duk_context* js, const std::string& text) {
  std::string main;
  const bool ok = run_protected(js, [&](duk_context* inner) {
    push_text(inner, text);
    duk_json_decode(inner, -1);
    if (duk_is_object(inner, -1) && duk_get_prop_literal(inner, -1, "main") && duk_is_string(inner, -1)) {
      append_utf8(main, engine_text(inner, -1));
    }
  });
  if (ok) return main;
  duk_pop(js);
  return std::nullopt;
}

bool is_path(std::string_view name) {
  return name.starts_with('/') || name.starts_with("./") || name.starts_with("../") || name == "." || name == "..";
}

}  // namespace

bool is_in_package(std::string_view file) { return file.find("/node_modules/") != std::string_view::npos; }

const std::string& JsPackages::main_of(duk_context* js, const std::string& package_json, const struct stat& status) {
  if (packages_.size() > kMaxPackages) packages_.clear();
  Package& package = packages_[package_json];
  const FileSignature signature = FileSignature::of(status);
  if (package.signature == signature) return package.main;
  SourceFile file;
  std::optional<std::string> main;
  about_to_block();
  if (read_source_file(package_json, file) == 0) main = read_main(js, file.text);
  package.main = main.value_or(std::string());
  // A file changed this moment may change again without a trace: it is read again the next time, as is one that could
  // not be read.
  package.signature = !main || signature.is_racy_at(wall_clock_ns()) ? FileSignature() : signature;
  return package.main;
}

std::optional<std::string> JsPackages::as_file_or_folder(duk_context* js, const std::string& path) {
  if (!path.ends_with('/')) {
    if (auto file = as_file(path)) return file;
  }
  struct stat status;
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  const std::string package_json = path + "/package.json";
  if (stat(package_json.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= kMaxPackageBytes) {
    const std::string& main = main_of(js, package_json, status);
    if (!main.empty() && main.find('\0') == std::string::npos) {
      const std::string target = path + "/" + main;
      if (auto file = as_file(target)) return file;
      if (auto file = as_index(target)) return file;
    }
  }
  return as_index(path);
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
        if (auto found = as_file_or_folder(js, candidate.append("/").append(name))) return found;
      }
    }
    if (folder == "/") break;
  }
  return std::nullopt;
}

}  // namespace ravelin::worker
