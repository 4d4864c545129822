#include "worker/package_file.h"

#include <algorithm>

#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

constexpr std::string_view kConditions[] = {"node", "require", "default"};
constexpr size_t kMaxExports = 4096;  // of one package; larger ones list single icons and the like
constexpr int kMaxDepth = 16;         // of conditions in conditions

std::string text_at(duk_context* js, duk_idx_t index) {
  std::string text;
  append_utf8(text, engine_text(js, index));
  return text;
}

bool is_condition(std::string_view key) {
  for (std::string_view condition : kConditions) {
    if (key == condition) return true;
  }
  return false;
}

// The target that the value on top of the stack stands for; empty: none. Leaves the stack as it was.
std::string choose_target(duk_context* js, int depth = 0) {
  if (duk_is_string(js, -1)) return text_at(js, -1);
  if (depth >= kMaxDepth || !duk_is_object(js, -1)) return {};
  std::string chosen;
  duk_require_stack(js, 4);
  duk_enum(js, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);  // in the order of the file, which counts
  const bool is_list = duk_is_array(js, -2);
  while (chosen.empty() && duk_next(js, -1, 1)) {
    if (is_list || is_condition(text_at(js, -2))) chosen = choose_target(js, depth + 1);
    duk_pop_2(js);
  }
  duk_pop(js);
  return chosen;
}

// "exports" on top of the stack.
void read_exports(duk_context* js, PackageFile& package) {
  bool has_subpaths = false;
  if (duk_is_object(js, -1) && !duk_is_array(js, -1)) {
    duk_enum(js, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
    while (duk_next(js, -1, 1)) {
      std::string key = text_at(js, -2);
      if (key.starts_with('.') && package.exports.size() < kMaxExports) {
        has_subpaths = true;
        package.exports.push_back({std::move(key), choose_target(js)});
      }
      duk_pop_2(js);
    }
    duk_pop(js);
  }
  if (!has_subpaths) package.exports.push_back({".", choose_target(js)});
}

// Neither out of the package nor into a package below it.
bool stays_inside(std::string_view target) {
  if (!target.starts_with("./") || target.find('\0') != std::string_view::npos) return false;
  for (size_t begin = 2; begin <= target.size();) {
    const size_t end = std::min(target.find('/', begin), target.size());
    const std::string_view segment = target.substr(begin, end - begin);
    if (segment == ".." || segment == "." || segment == "node_modules") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace

std::optional<std::string> PackageFile::exported(std::string_view subpath) const {
  const Export* best = nullptr;
  size_t best_prefix = 0;
  std::string_view star;  // what the best pattern's "*" stands for
  for (const Export& entry : exports) {
    if (entry.subpath == subpath) {
      best = &entry;
      star = {};
      break;
    }
    const size_t at = entry.subpath.find('*');
    if (at == std::string::npos) continue;
    const std::string_view prefix = std::string_view(entry.subpath).substr(0, at);
    const std::string_view suffix = std::string_view(entry.subpath).substr(at + 1);
    const bool fits =
        subpath.size() > prefix.size() + suffix.size() && subpath.starts_with(prefix) && subpath.ends_with(suffix);
    if (!fits || (best && at <= best_prefix)) continue;
    best = &entry;
    best_prefix = at;
    star = subpath.substr(at, subpath.size() - prefix.size() - suffix.size());
  }
  if (!best || best->target.empty()) return std::nullopt;
  std::string target = best->target;
  if (!star.empty()) {
    for (size_t at = 0; (at = target.find('*', at)) != std::string::npos; at += star.size())
      target.replace(at, 1, star);
  }
  if (!stays_inside(target)) return std::nullopt;
  return target;
}

std::optional<PackageFile> parse_package_file(duk_context* js, const std::string& text) {
  PackageFile package;
  const bool ok = run_protected(js, [&](duk_context* inner) {
    push_text(inner, text);
    duk_json_decode(inner, -1);
    if (!duk_is_object(inner, -1)) return;
    if (duk_get_prop_literal(inner, -1, "main") && duk_is_string(inner, -1)) package.main = text_at(inner, -1);
    duk_pop(inner);
    if (duk_get_prop_literal(inner, -1, "exports") && !duk_is_null(inner, -1)) read_exports(inner, package);
  });
  if (ok) return package;
  duk_pop(js);
  return std::nullopt;
}

}  // namespace ravelin::worker
