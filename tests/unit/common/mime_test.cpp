#include "common/mime.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/common/manual_mime_types.h"

namespace ravelin {
namespace {

template <typename Visit>
int visit_manual_rows(Visit visit) {
  int rows = 0;
  std::istringstream lines{std::string(kManualMimeTypes)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string type;
    words >> type;
    for (std::string extension; words >> extension; ++rows) visit(extension, type);
  }
  return rows;
}

TEST(Mime, HasEveryRowOfTheManual) {
  MimeTable table;
  int rows = visit_manual_rows([&](const std::string& extension, const std::string& type) {
    EXPECT_EQ(table.find(extension), type) << extension;
    EXPECT_EQ(table.for_file("/some/dir.d/file." + extension), type) << extension;
  });
  EXPECT_EQ(rows, kManualMimeRows);
  EXPECT_EQ(table.find("epub"), "application/epub+zip");  // server-details 2
}

TEST(Mime, ReplyKeysAreExact) {
  MimeTable table;
  EXPECT_EQ(table.find("jpg"), "image/jpeg");
  for (std::string_view key : {"", "JPG", "Jpg", ".jpg", "jpg ", "jp", "jpgg", "no-such-extension", "zzz", "0"})
    EXPECT_EQ(table.find(key), std::nullopt) << key;
}

TEST(Mime, FileExtensionsAreLowerCased) {
  MimeTable table;
  EXPECT_EQ(table.for_file("A.JPG"), "image/jpeg");
  EXPECT_EQ(table.for_file("/x/Y.HtMl"), "text/html");
  visit_manual_rows([&](std::string extension, const std::string& type) {
    for (char& c : extension) c = static_cast<char>(toupper(c));
    EXPECT_EQ(table.for_file("f." + extension), type) << extension;
  });
}

TEST(Mime, TheLastExtensionOfTheFileNameCounts) {
  MimeTable table;
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"a.tar.gz", "application/x-gzip"},
      {"a.html.txt", "text/plain"},
      {".html", "text/html"},
      {"/dir.html/file", "application/octet-stream"},
      {"/dir.html/", "application/octet-stream"},
      {"file", "application/octet-stream"},
      {"file.", "application/octet-stream"},
      {"file.html.", "application/octet-stream"},
      {"file.no-such-extension", "application/octet-stream"},
      {"", "application/octet-stream"},
      {"/", "application/octet-stream"},
      {".", "application/octet-stream"},
  };
  for (const auto& [path, type] : rows) EXPECT_EQ(table.for_file(path), type) << path;
}

TEST(Mime, OverridesAddAndReplace) {
  MimeTable table;
  table.set("jpg", "image/special");
  table.set(".m4v", "video/x-m4v");  // a leading dot is dropped
  table.set("mjs", "text/javascript");
  table.set("mjs", "application/javascript");  // the later one stays
  EXPECT_EQ(table.find("jpg"), "image/special");
  EXPECT_EQ(table.find("jpeg"), "image/jpeg");
  EXPECT_EQ(table.find("m4v"), "video/x-m4v");
  EXPECT_EQ(table.find(".m4v"), std::nullopt);
  EXPECT_EQ(table.find("mjs"), "application/javascript");
  EXPECT_EQ(table.for_file("MOVIE.M4V"), "video/x-m4v");
  EXPECT_EQ(MimeTable().find("mjs"), std::nullopt) << "overrides belong to their table";
}

TEST(Mime, OnlyOneLeadingDotIsDropped) {
  MimeTable table;
  table.set("..x", "text/x");
  EXPECT_EQ(table.find(".x"), "text/x");
  EXPECT_EQ(table.find("x"), std::nullopt);
}

TEST(Mime, OverridesWithCapitalsAreReplyKeysOnly) {
  MimeTable table;
  table.set("ABC1", "text/x-capitals");
  EXPECT_EQ(table.find("ABC1"), "text/x-capitals");
  EXPECT_EQ(table.find("abc1"), std::nullopt);
  EXPECT_EQ(table.for_file("file.ABC1"), "application/octet-stream");
}

TEST(Mime, CharsetIsForText) {
  EXPECT_EQ(with_charset("text/html", "utf-8"), "text/html; charset=utf-8");
  EXPECT_EQ(with_charset("text/html", ""), "text/html");
  EXPECT_EQ(with_charset("image/png", "utf-8"), "image/png");
  EXPECT_EQ(with_charset("application/json", "utf-8"), "application/json");
  EXPECT_EQ(with_charset("text", "utf-8"), "text");
}

}  // namespace
}  // namespace ravelin
