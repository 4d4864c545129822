// Opens files beneath a directory that serves as the root of a route: nothing that a request says can name a file
// outside it, though symbolic links in it may point elsewhere (server-details 6.2). Not for: decoding or resolving
// request paths. Frontend; called by StaticFiles. Stateless.
#pragma once

#include "common/unique_fd.h"

namespace ravelin::frontend {

// Opens `relative` (no leading slash, no "." or ".." segments) beneath `root`. O_CLOEXEC, O_NONBLOCK and O_NOCTTY are
// added: a fifo or terminal must not hold the loop up. On failure the result is empty and `error` the errno.
UniqueFd open_beneath(int root, const char* relative, int flags, int& error);

// The status that tells a client about a failed open: 404, 403, 503 (out of descriptors or memory) or 500.
int status_of_open_error(int error);

}  // namespace ravelin::frontend
