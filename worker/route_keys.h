// Map keys: what a key of `map` means as a pattern (server-details 3.2). Pure functions on text, no JavaScript.
// Not for: the values of the map (server_options_map), matching (the frontend's router). Called by server_options_map.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "ipc/server_config.h"

namespace ravelin::worker {

struct RouteKey {
  ipc::MatchKind match = ipc::MatchKind::kExact;
  std::string key;  // as ServerConfig::Route::key
};

// True for "ws:..." and "~ws:...": websocket routes.
bool is_websocket_key(std::string_view key);

// The pattern of a key as written, for a route of this kind. The error says what is wrong, without naming the key.
Result<RouteKey> parse_route_key(std::string_view key, ipc::RouteKind kind);

// "/fx/" for "/fx/index.html", "/" for "/index.html": the directory that an exact key answers as well; "" when there is
// none. A route with exactly that key wins.
std::string index_directory_of(const RouteKey& key);

// Glob keys have a '*' that no backslash precedes; the backslash of "\*" is dropped in the other kinds.
bool has_unescaped_star(std::string_view key);
std::string without_star_escapes(std::string_view key);

}  // namespace ravelin::worker
