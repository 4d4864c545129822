// Pages that workers make without a script: the list of a directory (directoryFunc: true). Error pages are in
// common/http_status.h.
// Not for: sending. Workers, main thread; no heap.
#pragma once

#include <string>
#include <string_view>

namespace ravelin::worker {

struct DirectoryPage {
  int error = 0;  // errno when the directory cannot be read
  std::string html;
};

// The manual's "Built-in Directory Function": parent link except at "/", names sorted, sizes as %d, %.1fk, %.1fM,
// %.1fG, and names that begin with a dot left out. Names are HTML-escaped, links percent-encoded (server-details 3.9).
DirectoryPage make_directory_page(std::string_view directory, std::string_view url_path);

}  // namespace ravelin::worker
