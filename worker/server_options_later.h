// Options whose work Ravelin does not do yet: their values are checked as documented, and one warning line says that
// the option has no effect. What would silently weaken a site (secure, authMod, ...) is refused instead. Not for:
// options that work. Called by server_options.
#pragma once

#include <string_view>
#include <vector>

#include "worker/server_options_map.h"

namespace ravelin::worker {

struct OptionRule {
  std::string_view name;  // as documented
  void (*apply)(const OptionValue& value, OptionsInProgress& reading);
};

const std::vector<OptionRule>& later_option_rules();

}  // namespace ravelin::worker
