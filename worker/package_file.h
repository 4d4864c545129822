// What require() needs of a package.json: "main", and "exports" with the conditions chosen (Node's "Package entry
// points": node, require, default). Not for: finding files (js_packages.h). Any process that runs script, main thread.
#pragma once

#include <duktape.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

struct PackageFile {
  struct Export {
    std::string subpath;  // "." or "./name"; at most one "*" stands for any text
    std::string target;   // "./file" in the package, its "*" for the same text; empty: not to be had
  };

  std::string main;  // empty: none
  std::vector<Export> exports;

  // The file that "exports" names for `subpath` ("." or "./name"), relative to the package: "./file"; nullopt when it
  // names none. Never leads out of the package.
  std::optional<std::string> exported(std::string_view subpath) const;
};

// nullopt when the text could not be read: most often it is no JSON, which Node, too, takes as no package.json, but
// memory or time may have ended, and that says nothing about the file.
std::optional<PackageFile> parse_package_file(duk_context* js, const std::string& text);

}  // namespace ravelin::worker
