// Picks the route of a path by the rules of server-details 3.4: longest exact, prefix or directory key first; a
// function, module or module directory among them wins; else the first regular expression, else the first glob, else
// the directory. Not for: normalising the path (path_normalise.h), websocket routes, what a route then does. Frontend;
// built once from the configuration, immutable after that, shared by all loops. Called by the route stage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "ipc/server_config.h"

namespace ravelin::frontend {

class RoutePattern;  // a compiled regular expression or glob (route_pattern.h)

class Router {
 public:
  // Compiles the patterns; fails on one that is no regular expression. Keeps nothing of `routes` but their indexes and
  // keys. With map_sort, longer keys come first inside their class, else the order in which the map was written.
  static Result<Router> build(const std::vector<ipc::Route>& routes, bool map_sort);

  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  // The index of the route for a normalised path, or nullopt (answer 404). Costs one pass over the path plus one step
  // per pattern; a pattern that needs too many steps for this path counts as not matching.
  std::optional<uint32_t> match(std::string_view path) const;

  // The directory route whose key is `path` with a slash behind it: `/css` for a mapped `/css/` is redirected to
  // `/css/` (server-details 6.3). Ask when match() gave nothing or a directory; a function for `/css` has precedence.
  std::optional<uint32_t> directory_without_slash(std::string_view path) const;

 private:
  // How a literal key competes, best first: see better() in router.cpp.
  struct Literal {
    std::string key;
    uint32_t index = 0;
    uint32_t order = 0;
    ipc::MatchKind match = ipc::MatchKind::kExact;
    bool directory = false;
  };
  using HashTable = std::unordered_multimap<uint64_t, uint32_t>;  // hash of a key -> index into literals_

  Router() = default;
  void add_literal(const ipc::Route& route, uint32_t index);
  bool better(const Literal& left, const Literal& right) const;
  const Literal* best_literal(std::string_view path) const;
  void consider(const HashTable& table, uint64_t hash, std::string_view key, const Literal*& best) const;

  bool map_sort_ = true;
  std::vector<Literal> literals_;
  HashTable exact_;
  HashTable prefix_;        // prefix and directory routes, keys with their trailing slash
  size_t longest_key_ = 0;  // bytes of the longest literal: no need to hash further than that
  std::vector<std::unique_ptr<RoutePattern>> patterns_;  // regular expressions, then globs, each in order of precedence
};

}  // namespace ravelin::frontend
