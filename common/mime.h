// Extension to MIME type: the manual's "Key to Mime Mappings" with the site's mimeMap laid over it.
// Reply keys are looked up exactly; a file's extension is lower-cased first (server-details 2).
// Not for: guessing from contents. Used by the frontend (files) and the workers (reply keys); immutable once filled.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ravelin {

class MimeTable {
 public:
  // Adds or replaces one mapping; a leading dot of `extension` is dropped. The extension must not be empty then.
  void set(std::string_view extension, std::string_view type);
  // The type of exactly this extension, or nullopt.
  std::optional<std::string_view> find(std::string_view extension) const;
  // The type for a file name or path by its last extension in lower case, or nullopt.
  std::optional<std::string_view> find_for_file(std::string_view path) const;
  // The same, else application/octet-stream.
  std::string_view for_file(std::string_view path) const;

 private:
  std::unordered_map<std::string, std::string> overrides_;
};

// `type` with "; charset=..." behind it when it is text/* and `charset` is not empty (option defaultCharset).
std::string with_charset(std::string_view type, std::string_view charset);

}  // namespace ravelin
