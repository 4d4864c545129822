#include "worker/utils/zip_archive.h"

#include <algorithm>

#include "worker/utils/compress.h"

namespace ravelin::worker {
namespace {

constexpr uint32_t kEndSignature = 0x06054B50;
constexpr uint32_t kEntrySignature = 0x02014B50;
constexpr uint32_t kLocalSignature = 0x04034B50;
constexpr size_t kEndBytes = 22;
constexpr size_t kEntryBytes = 46;
constexpr size_t kLocalBytes = 30;
constexpr size_t kMaxCommentBytes = 65535;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr uint16_t kEncryptedFlag = 1;
constexpr uint8_t kUnixHost = 3;

uint32_t number_at(std::string_view bytes, size_t offset, size_t width) {
  uint32_t number = 0;
  for (size_t i = width; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return number;
}
uint16_t u16(std::string_view bytes, size_t offset) { return static_cast<uint16_t>(number_at(bytes, offset, 2)); }
uint32_t u32(std::string_view bytes, size_t offset) { return number_at(bytes, offset, 4); }

// Where the record at the end begins; npos when there is none.
size_t find_end(std::string_view archive) {
  if (archive.size() < kEndBytes) return std::string_view::npos;
  const size_t last = archive.size() - kEndBytes;
  const size_t first = last > kMaxCommentBytes ? last - kMaxCommentBytes : 0;
  for (size_t at = last + 1; at-- > first;) {
    if (u32(archive, at) == kEndSignature) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<std::vector<ZipEntry>> read_zip_entries(std::string_view archive) {
  const size_t end = find_end(archive);
  if (end == std::string_view::npos) return std::nullopt;
  const size_t count = u16(archive, end + 10);
  size_t at = u32(archive, end + 16);
  std::vector<ZipEntry> entries;
  for (size_t i = 0; i < count; ++i) {
    if (at > end || end - at < kEntryBytes || u32(archive, at) != kEntrySignature) return std::nullopt;
    ZipEntry entry;
    entry.flags = u16(archive, at + 8);
    entry.method = u16(archive, at + 10);
    entry.dos_time = u16(archive, at + 12);
    entry.dos_date = u16(archive, at + 14);
    entry.crc32 = u32(archive, at + 16);
    entry.compressed_size = u32(archive, at + 20);
    entry.size = u32(archive, at + 24);
    const size_t name_size = u16(archive, at + 28);
    const size_t total = kEntryBytes + name_size + u16(archive, at + 30) + u16(archive, at + 32);
    if (static_cast<unsigned char>(archive[at + 5]) == kUnixHost) entry.mode = u32(archive, at + 38) >> 16;
    entry.header_offset = u32(archive, at + 42);
    if (end - at < total) return std::nullopt;
    entry.name = archive.substr(at + kEntryBytes, name_size);
    entries.push_back(std::move(entry));
    at += total;
  }
  return entries;
}

bool read_zip_contents(std::string_view archive, const ZipEntry& entry, std::string& out, std::string& error) {
  out.clear();
  const size_t at = entry.header_offset;
  if (at > archive.size() || archive.size() - at < kLocalBytes || u32(archive, at) != kLocalSignature) {
    error = "damaged archive";
    return false;
  }
  const size_t begin = at + kLocalBytes + u16(archive, at + 26) + u16(archive, at + 28);
  if (begin > archive.size() || archive.size() - begin < entry.compressed_size) {
    error = "damaged archive";
    return false;
  }
  const std::string_view data = archive.substr(begin, entry.compressed_size);
  if (entry.flags & kEncryptedFlag) {
    error = "the entry is encrypted";
  } else if (entry.method == kStored) {
    out = data;
  } else if (entry.method != kDeflated) {
    error = "unknown compression method " + std::to_string(entry.method);
  } else if (!inflate_raw(data, entry.size, out)) {
    error = "bad compressed data";
  }
  if (error.empty() && (out.size() != entry.size || crc32_of(out) != entry.crc32)) error = "wrong checksum";
  if (!error.empty()) out.clear();
  return error.empty();
}

}  // namespace ravelin::worker
