// Options of server.start(): from a JavaScript Object to a checked StartOptions. Every rule and error of server-details
// 1 to 3 is here or in server_options_map. Names match without regard to case; a wrong value throws a JavaScript Error
// "server.start: NAME must be ..., not VALUE".
// Not for: carrying them out (server_start). Launcher, main thread, inside server.start().
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>
#include <vector>

#include "ipc/server_config.h"

namespace ravelin::worker {

struct StartOptions {
  ipc::ServerConfig config;
  std::vector<std::string> bind;  // the default addresses when the script names none
  bool bind_is_default = true;
  bool daemon = false;
  bool append_proc_title = false;     // only looked at with daemon
  std::string user;                   // empty: not given
  std::vector<std::string> warnings;  // one log line each
};

// Reads the Object at `index` and leaves the functions in the heap stash as handler.h describes. Throws a JavaScript
// Error; the stash is then as before.
StartOptions read_start_options(duk_context* js, duk_idx_t index);

// Takes the functions out of the stash again.
void clear_stashed_functions(duk_context* js);

// The name among all option names that is nearest to `name` by edit distance.
std::string_view nearest_option_name(std::string_view name);

// Number of single-character changes, insertions and removals between two words, without regard to ASCII case.
size_t edit_distance(std::string_view left, std::string_view right);

// "512M", "1.5G", "65536K" or a plain number of megabytes, in bytes; false for anything else.
bool parse_memory_size(std::string_view text, uint64_t& bytes);

}  // namespace ravelin::worker
