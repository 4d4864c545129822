// The one spelling of a request path that routes are matched against: dot segments removed (also written %2e), runs of
// '/' collapsed, every other percent escape left as it came (server-details 3.3, 6.2). Not for: decoding (static_file.h
// decodes once, for files only), queries, the `*` of OPTIONS. Frontend, any loop; called by the route stage for every
// request. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ravelin::frontend {

enum class PathVerdict {
  kFine,    // `normalised` begins with '/'
  kClimbs,  // goes above '/': answer 400
  kBad,     // empty, does not begin with '/', or holds a NUL (also %00): answer 400
};

// `normalised` becomes `raw` itself when nothing has to change (no allocation), else a view of `scratch`, which keeps
// its capacity from call to call. `raw` must not be a view of `scratch`.
PathVerdict normalise_path(std::string_view raw, std::string& scratch, std::string_view& normalised);

// The same for a path that is already percent-decoded: here "%2e" is a name. Replaces `resolved`.
PathVerdict resolve_decoded_path(std::string_view decoded, std::string& resolved);

}  // namespace ravelin::frontend
