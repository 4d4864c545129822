// Where modules are: the search path of require() (runtime-api 3.1) and the file behind a URL below a {modulePath:}
// directory (server-details 3.7). Looks at the file system each time and remembers nothing.
// Not for: loading (js_modules.h). Any process that runs script.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

struct SearchPath {
  std::string script_directory;   // process.scriptPath; empty when there is no main script
  std::string install_directory;  // process.installPath
};

// What stands below a searched directory: require() looks into "modules/" and "lib/rampart_modules/", include() into
// "includes/".
enum class SearchKind { kModule, kInclude };

// The directories in the order in which they are tried, `first` (the caller's directory; may be empty) before all.
// $HOME and $RAMPART_PATH are read at each call.
std::vector<std::string> search_directories(const SearchPath& path, std::string_view first, SearchKind kind);

struct ResolvedFile {
  std::string path;  // canonical; empty when nothing was found
  int error = 0;     // errno of the search when path is empty
};

// Rounds of ".js", ".so", "" and then ".ts", ".json" over all directories; an absolute name is tried alone, a leading
// "./" is dropped.
ResolvedFile resolve_module_name(const SearchPath& path, std::string_view name, std::string_view first_directory);

// The name as given, then with ".js".
ResolvedFile resolve_include_name(const SearchPath& path, std::string_view name, std::string_view first_directory);

struct ModuleFile {
  std::string file;     // directory + name, not made canonical
  std::string subpath;  // what the URL names below the module: "" or "/...", server-details 3.8
};

// The module for the URL path `rest_path` (already percent-decoded, without the map key) below `directory`: a/b.js,
// a/b.so, a/b, a/b.ts, then without the last segment, longest first. Empty, "." and ".." segments and NUL bytes match
// nothing.
std::optional<ModuleFile> find_in_module_directory(std::string_view directory, std::string_view rest_path);

// False with errno for anything but a file or a link to one.
bool is_regular_file(const std::string& path);
// True for the file name of a C module: "x.so", or "x.so.1", which a link "x.so" may lead to.
bool is_library_name(std::string_view path);
// Canonical form of an existing path; nullopt when it does not exist.
std::optional<std::string> canonical_path(const std::string& path);
// "/a/b" for "/a/b/c", "/" for "/c".
std::string_view directory_of(std::string_view path);

}  // namespace ravelin::worker
