// Where Node's CommonJS finds files: relative names with extensions and as folders, and packages in node_modules
// folders, with "exports" and "main" of their package.json. require() asks here after the documented list; for files
// that themselves lie in a node_modules folder, before it, since packages are written for this order.
// Not for: the documented list (js_module_path.h), loading (js_modules.h), reading package.json (package_file.h).
// Any process that runs script, main thread; remembers what it read of package.json files.
#pragma once

#include <duktape.h>

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "worker/js_source.h"
#include "worker/package_file.h"

namespace ravelin::worker {

// True for a file below a node_modules folder.
bool is_in_package(std::string_view file);

class JsPackages {
 public:
  // The canonical file that `name` means for a file in `directory` (absolute), or nullopt: "./x", "../x" and "/x" as a
  // file or folder; other names in the node_modules folders of `directory` and of those above it.
  std::optional<std::string> resolve(duk_context* js, std::string_view name, std::string_view directory);

 private:
  struct Package {
    FileSignature signature;
    PackageFile content;
  };

  std::optional<std::string> as_file_or_folder(duk_context* js, const std::string& path);
  std::optional<std::string> in_package_folder(duk_context* js, const std::string& folder, std::string_view name);
  // nullptr: there is none.
  const PackageFile* package_of(duk_context* js, const std::string& folder);

  std::unordered_map<std::string, Package> packages_;  // by path of the package.json
};

}  // namespace ravelin::worker
