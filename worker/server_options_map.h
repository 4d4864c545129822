// The `map` option: keys and values to routes (server-details 3.1, 3.2) and the functions behind them. Also
// notFoundFunc and directoryFunc, which take the same kinds of value. Not for: other options. Called by server_options;
// errors are JavaScript exceptions that name the key.
#pragma once

#include "worker/server_options.h"
#include "worker/server_options_value.h"

namespace ravelin::worker {

// What one call of read_start_options() fills.
struct OptionsInProgress {
  StartOptions options;
  // Stack index of the Object with what will go to the heap stash: a failed start must leave the stash as it was.
  duk_idx_t functions = 0;
  bool threads_given = false;
  bool use_threads = true;
  bool map_given = false;

  void warn(std::string text) { options.warnings.push_back("server.start: " + std::move(text)); }
};

// Fills options.config.routes and functions.routes. Kinds that are not supported (ws:, proxy) are left out with a
// warning.
void read_map(const OptionValue& map, OptionsInProgress& reading);

// A Function, or {module: name}, into `functions` under `stash_key`; with `may_be_boolean` also true (kept as it is)
// and false. Returns whether anything was set.
bool read_special_function(const OptionValue& value, const char* stash_key, bool may_be_boolean,
                           const OptionsInProgress& reading);

}  // namespace ravelin::worker
