#include "worker/utils/program_arguments.h"

#include <map>

#include "worker/format_text.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

using Environment = std::map<std::string, std::string>;

// Adds the properties of the object on top of the stack.
void merge_environment(duk_context* ctx, const char* function, Environment& environment) {
  duk_enum(ctx, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(ctx, -1, 1)) {
    std::string value;
    if (duk_is_object(ctx, -1)) {
      value = program_word(ctx, -1, function, "env");
    } else {
      append_as_text(value, ctx, -1);
    }
    environment[program_word(ctx, -2, function, "env")] = value;
    duk_pop_2(ctx);
  }
  duk_pop(ctx);
}

}  // namespace

std::string program_word(duk_context* ctx, duk_idx_t index, const char* function, const char* what) {
  std::string word;
  append_as_json(word, ctx, index, 0, /*safe=*/false);
  if (word.find('\0') != std::string::npos) throw_error(ctx, "%s: %s contains a NUL byte", function, what);
  return word;
}

duk_idx_t find_program_options(duk_context* ctx) {
  for (duk_idx_t i = 0; i < duk_get_top(ctx); ++i) {
    if (is_plain_object(ctx, i)) return i;
  }
  return -1;
}

bool boolean_option(duk_context* ctx, duk_idx_t options, const char* function, const char* name) {
  bool value = false;
  if (push_option(ctx, options, name)) {
    if (!duk_is_boolean(ctx, -1)) throw_error(ctx, "%s: %s value must be a Boolean", function, name);
    value = duk_get_boolean(ctx, -1);
  }
  duk_pop(ctx);
  return value;
}

void read_environment(duk_context* ctx, duk_idx_t options, const char* function,
                      std::optional<std::vector<std::string>>& variables) {
  bool appends = boolean_option(ctx, options, function, "appendEnv");
  Environment environment;
  if (!push_option(ctx, options, "env")) {
    duk_pop(ctx);
    return;
  }
  if (!is_options(ctx, -1)) throw_error(ctx, "%s: env value must be an Object", function);
  if (appends) {
    duk_get_global_string(ctx, "process");
    if (duk_is_object(ctx, -1)) {
      duk_get_prop_string(ctx, -1, "env");
      if (duk_is_object(ctx, -1)) merge_environment(ctx, function, environment);
      duk_pop(ctx);
    }
    duk_pop(ctx);
  }
  merge_environment(ctx, function, environment);
  duk_pop(ctx);
  variables.emplace();
  for (const auto& [name, value] : environment) variables->push_back(name + "=" + value);
}

}  // namespace ravelin::worker
