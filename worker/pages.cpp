#include "worker/pages.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "common/text.h"
#include "worker/block_hook.h"

namespace ravelin::worker {
namespace {

constexpr size_t kMaxEntries = 20'000;  // about 4 MB of HTML; no one reads a longer list

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

std::string human_size(double bytes) {
  constexpr double kKilo = 1024, kMega = 1048576, kGiga = 1073741824;
  char text[32];
  if (bytes >= kGiga) {
    snprintf(text, sizeof text, "%.1fG", bytes / kGiga);
  } else if (bytes >= kMega) {
    snprintf(text, sizeof text, "%.1fM", bytes / kMega);
  } else if (bytes >= kKilo) {
    snprintf(text, sizeof text, "%.1fk", bytes / kKilo);
  } else {
    snprintf(text, sizeof text, "%.0f", bytes);
  }
  return text;
}

std::string local_time(time_t seconds) {
  tm local;
  char text[64];
  localtime_r(&seconds, &local);
  size_t length = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return {text, length};
}

void append_row(std::string& html, int directory, std::string name) {
  struct stat status;
  bool is_known = fstatat(directory, name.c_str(), &status, 0) == 0;  // a dangling link has a name and nothing else
  if (is_known && S_ISDIR(status.st_mode)) name += '/';
  html.append("<tr><td><a href=\"").append(percent_encode_path(name)).append("\">").append(html_escape(name));
  html.append("</a></td><td>").append(is_known ? local_time(status.st_mtime) : "").append("</td><td>");
  html.append(is_known ? human_size(static_cast<double>(status.st_size)) : "-").append("</td></tr>");
}

}  // namespace

DirectoryPage make_directory_page(std::string_view directory, std::string_view url_path) {
  DirectoryPage page;
  about_to_block();
  std::unique_ptr<DIR, CloseDirectory> handle(opendir(std::string(directory).c_str()));
  if (!handle) {
    page.error = errno;
    return page;
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(handle.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    if (names.size() > kMaxEntries) break;
  }
  bool is_cut = names.size() > kMaxEntries;
  if (is_cut) names.resize(kMaxEntries);
  std::sort(names.begin(), names.end());

  std::string title = html_escape(url_path);
  page.html = "<!DOCTYPE html>\n<html><head><meta charset=\"UTF-8\"><title>Index of " + title +
              "</title><style>td{padding-right:22px;}</style></head><body><h1>" + title + "</h1><hr><table>";
  if (url_path != "/") page.html += "<tr><td><a href=\"../\">Parent Directory</a></td><td></td><td>-</td></tr>";
  for (std::string& name : names) append_row(page.html, dirfd(handle.get()), std::move(name));
  page.html += "</table>";
  if (is_cut) page.html += "<p>The list ends here; the directory has more entries.</p>";
  page.html += "</body></html>";
  return page;
}

}  // namespace ravelin::worker
