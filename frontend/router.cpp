#include "frontend/router.h"

#include <algorithm>

#include "frontend/route_pattern.h"

namespace ravelin::frontend {
namespace {

// FNV-1a, a byte at a time: the hashes of all prefixes of a path come out of one pass. The tables hold the site's own
// keys only, so a client cannot fill them with collisions.
constexpr uint64_t kHashStart = 14695981039346656037ull;
constexpr uint64_t hash_step(uint64_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
}

uint64_t hash_of(std::string_view text) {
  uint64_t hash = kHashStart;
  for (char c : text) hash = hash_step(hash, c);
  return hash;
}

// Indexes of the routes with this kind of key, in order of precedence.
std::vector<uint32_t> in_order(const std::vector<ipc::Route>& routes, ipc::MatchKind match, bool map_sort) {
  std::vector<uint32_t> indexes;
  for (uint32_t i = 0; i < routes.size(); ++i)
    if (routes[i].match == match) indexes.push_back(i);
  std::stable_sort(indexes.begin(), indexes.end(), [&](uint32_t left, uint32_t right) {
    size_t left_size = routes[left].key.size(), right_size = routes[right].key.size();
    if (map_sort && left_size != right_size) return left_size > right_size;
    return routes[left].order < routes[right].order;
  });
  return indexes;
}

}  // namespace

Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

Result<Router> Router::build(const std::vector<ipc::Route>& routes, bool map_sort) {
  Router router;
  router.map_sort_ = map_sort;
  for (uint32_t i = 0; i < routes.size(); ++i)
    if (routes[i].match == ipc::MatchKind::kExact || routes[i].match == ipc::MatchKind::kPrefix)
      router.add_literal(routes[i], i);
  for (uint32_t i : in_order(routes, ipc::MatchKind::kRegex, map_sort)) {
    auto pattern = RoutePattern::regex(routes[i].key, i);
    if (!pattern) return pattern.error();
    router.patterns_.push_back(std::move(pattern.value()));
  }
  for (uint32_t i : in_order(routes, ipc::MatchKind::kGlob, map_sort))
    router.patterns_.push_back(RoutePattern::glob(routes[i].key, i));
  return router;
}

void Router::add_literal(const ipc::Route& route, uint32_t index) {
  HashTable& table = route.match == ipc::MatchKind::kExact ? exact_ : prefix_;
  table.emplace(hash_of(route.key), static_cast<uint32_t>(literals_.size()));
  longest_key_ = std::max(longest_key_, route.key.size());
  literals_.push_back({route.key, index, route.order, route.match, route.kind == ipc::RouteKind::kDirectory});
}

// Step 1 of server-details 3.4. Without mapSort the order in the map decides inside the class.
bool Router::better(const Literal& left, const Literal& right) const {
  if (map_sort_) {
    if (left.key.size() != right.key.size()) return left.key.size() > right.key.size();
    if (left.match != right.match) return left.match == ipc::MatchKind::kExact;
    if (left.directory != right.directory) return right.directory;
  }
  return left.order < right.order;
}

void Router::consider(const HashTable& table, uint64_t hash, std::string_view key, const Literal*& best) const {
  auto [begin, end] = table.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    const Literal& literal = literals_[it->second];
    if (literal.key == key && (best == nullptr || better(literal, *best))) best = &literal;
  }
}

const Router::Literal* Router::best_literal(std::string_view path) const {
  const Literal* best = nullptr;
  uint64_t hash = kHashStart;
  size_t end = std::min(path.size(), longest_key_);
  for (size_t i = 0; i < end; ++i) {
    hash = hash_step(hash, path[i]);
    if (path[i] == '/') consider(prefix_, hash, path.substr(0, i + 1), best);
  }
  if (end == path.size()) consider(exact_, hash, path, best);
  return best;
}

std::optional<uint32_t> Router::match(std::string_view path) const {
  const Literal* literal = best_literal(path);
  if (literal != nullptr && !literal->directory) return literal->index;
  for (const auto& pattern : patterns_)
    if (pattern->matches(path)) return pattern->index();
  if (literal != nullptr) return literal->index;
  return std::nullopt;
}

std::optional<uint32_t> Router::directory_without_slash(std::string_view path) const {
  if (path.ends_with('/') || path.size() >= longest_key_) return std::nullopt;
  auto [begin, end] = prefix_.equal_range(hash_step(hash_of(path), '/'));
  for (auto it = begin; it != end; ++it) {
    const Literal& literal = literals_[it->second];
    if (literal.directory && literal.key.size() == path.size() + 1 && literal.key.starts_with(path))
      return literal.index;
  }
  return std::nullopt;
}

}  // namespace ravelin::frontend
