// Reading ZIP files (APPNOTE.TXT 4.3): the list of entries and their contents. Stored and deflated entries; no ZIP64,
// no encryption. Not for: script values (zip.cpp). Pure functions: the archive is one piece of memory, and nothing in
// it is believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravelin::worker {

struct ZipEntry {
  std::string name;
  uint16_t method = 0;
  uint16_t flags = 0;
  uint32_t crc32 = 0;
  uint32_t compressed_size = 0;
  uint32_t size = 0;
  uint32_t mode = 0;  // st_mode as the archive has it; 0 when it was not made on Unix
  uint16_t dos_date = 0;
  uint16_t dos_time = 0;
  uint32_t header_offset = 0;

  bool is_directory() const { return name.ends_with('/'); }
};

// nullopt: this is no ZIP file, or one that is damaged.
std::optional<std::vector<ZipEntry>> read_zip_entries(std::string_view archive);

// Puts the contents of the entry into `out`; else an empty string and why not in `error`.
bool read_zip_contents(std::string_view archive, const ZipEntry& entry, std::string& out, std::string& error);

}  // namespace ravelin::worker
