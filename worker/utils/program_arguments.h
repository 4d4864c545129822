// The arguments that exec(), shell() and forkpty() have in common: words of a command line, the environment, options.
// Not for: starting the program. `function` begins the messages of errors: "exec()".
#pragma once

#include <duktape.h>

#include <optional>
#include <string>
#include <vector>

namespace ravelin::worker {

// An argument or a value of the environment: a String as it is, anything else as JSON. The system's strings end at NUL.
std::string program_word(duk_context* ctx, duk_idx_t index, const char* function, const char* what);

// The first plain Object among the arguments is the options, wherever it stands; -1 when there is none.
duk_idx_t find_program_options(duk_context* ctx);

// False when it is not there; throws when it is no Boolean.
bool boolean_option(duk_context* ctx, duk_idx_t options, const char* function, const char* name);

// The options env and appendEnv as "NAME=value"; leaves `variables` alone when there is no env.
void read_environment(duk_context* ctx, duk_idx_t options, const char* function,
                      std::optional<std::vector<std::string>>& variables);

}  // namespace ravelin::worker
