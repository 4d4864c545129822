#include "worker/utils/exec.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <string>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/spawn.h"

namespace ravelin::worker {
namespace {

struct ExecRequest : SpawnRequest {
  bool background = false;
  bool returns_buffer = false;
};

// An argument or a value of the environment: a String as it is, anything else as JSON. The system's strings end at NUL.
std::string word_at(duk_context* ctx, duk_idx_t index, const char* what) {
  std::string word;
  append_as_json(word, ctx, index, 0, /*safe=*/false);
  if (word.find('\0') != std::string::npos) throw_error(ctx, "exec(): %s contains a NUL byte", what);
  return word;
}

double number_option(duk_context* ctx, duk_idx_t options, const char* name, double otherwise) {
  if (push_option(ctx, options, name)) {
    if (!duk_is_number(ctx, -1)) throw_error(ctx, "exec(): %s value must be a number", name);
    otherwise = duk_get_number(ctx, -1);
  }
  duk_pop(ctx);
  return std::isnan(otherwise) ? 0 : otherwise;
}

bool boolean_option(duk_context* ctx, duk_idx_t options, const char* name) {
  bool value = false;
  if (push_option(ctx, options, name)) {
    if (!duk_is_boolean(ctx, -1)) throw_error(ctx, "exec(): %s value must be a Boolean", name);
    value = duk_get_boolean(ctx, -1);
  }
  duk_pop(ctx);
  return value;
}

using Environment = std::map<std::string, std::string>;

// Adds the properties of the object on top of the stack.
void merge_environment(duk_context* ctx, Environment& environment) {
  duk_enum(ctx, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(ctx, -1, 1)) {
    std::string value;
    if (duk_is_object(ctx, -1)) {
      value = word_at(ctx, -1, "env");
    } else {
      append_as_text(value, ctx, -1);
    }
    environment[word_at(ctx, -2, "env")] = value;
    duk_pop_2(ctx);
  }
  duk_pop(ctx);
}

void read_environment(duk_context* ctx, duk_idx_t options, ExecRequest& request) {
  bool appends = boolean_option(ctx, options, "appendEnv");
  Environment environment;
  if (!push_option(ctx, options, "env")) {
    duk_pop(ctx);
    return;
  }
  if (!is_options(ctx, -1)) throw_error(ctx, "exec(): env value must be an Object");
  if (appends) {
    duk_get_global_string(ctx, "process");
    if (duk_is_object(ctx, -1)) {
      duk_get_prop_string(ctx, -1, "env");
      if (duk_is_object(ctx, -1)) merge_environment(ctx, environment);
      duk_pop(ctx);
    }
    duk_pop(ctx);
  }
  merge_environment(ctx, environment);
  duk_pop(ctx);
  request.environment.emplace();
  for (const auto& [name, value] : environment) request.environment->push_back(name + "=" + value);
}

void read_directory(duk_context* ctx, duk_idx_t options, ExecRequest& request) {
  for (const char* name : {"cd", "changeDirectory"}) {
    if (push_option(ctx, options, name)) request.directory = path_at(ctx, -1, "exec()", "changeDirectory value");
    duk_pop(ctx);
  }
  if (request.directory.empty()) return;
  about_to_block();
  struct stat status;
  if (stat(request.directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    throw_error(ctx, "exec(): changeDirectory value does not exist");
  }
}

void read_more_arguments(duk_context* ctx, duk_idx_t options, ExecRequest& request) {
  if (push_option(ctx, options, "args")) {
    if (!duk_is_array(ctx, -1)) throw_error(ctx, "exec(): args value must be an Array");
    duk_size_t length = duk_get_length(ctx, -1);
    for (duk_size_t i = 0; i < length; ++i) {
      duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(i));
      request.arguments.push_back(word_at(ctx, -1, "argument"));
      duk_pop(ctx);
    }
  }
  duk_pop(ctx);
}

void read_options(duk_context* ctx, duk_idx_t options, ExecRequest& request) {
  double timeout_ms = number_option(ctx, options, "timeout", 0);
  if (timeout_ms > 0) request.timeout_ms = static_cast<int64_t>(std::min(timeout_ms, 9e15));
  request.kill_signal = static_cast<int>(std::min(std::max(number_option(ctx, options, "killSignal", 15), 0.0), 64.0));
  request.background = boolean_option(ctx, options, "background");
  request.returns_buffer = boolean_option(ctx, options, "returnBuffer");
  if (push_option(ctx, options, "stdin")) {
    std::string scratch;
    request.input = data_at(ctx, -1, scratch, "exec(): stdin value must be a String or Buffer");
  }
  duk_pop(ctx);
  read_directory(ctx, options, request);
  read_environment(ctx, options, request);
  read_more_arguments(ctx, options, request);
}

// The first plain Object is the options, wherever it stands; -1 when there is none.
duk_idx_t find_options(duk_context* ctx) {
  for (duk_idx_t i = 0; i < duk_get_top(ctx); ++i) {
    if (is_plain_object(ctx, i)) return i;
  }
  return -1;
}

void push_output(duk_context* ctx, const ExecRequest& request, const std::string& output) {
  if (request.returns_buffer) {
    push_buffer(ctx, output);
  } else {
    push_text(ctx, output);
  }
}

void push_result(duk_context* ctx, const ExecRequest& request, SpawnResult& result) {
  if (result.error != 0) {
    result.exit_status = 1;
    result.errors = "exec(): could not execute " + request.program + ": " + errno_text(result.error) + "\n";
  }
  bool has_output = !request.background || result.error != 0;
  duk_push_object(ctx);
  if (request.background) {
    duk_push_null(ctx);
  } else {
    push_output(ctx, request, result.output);
  }
  duk_put_prop_string(ctx, -2, "stdout");
  if (has_output) {
    push_text(ctx, result.errors);
  } else {
    duk_push_null(ctx);
  }
  duk_put_prop_string(ctx, -2, "stderr");
  duk_push_boolean(ctx, result.timed_out);
  duk_put_prop_string(ctx, -2, "timedOut");
  duk_push_int(ctx, result.exit_status);
  duk_put_prop_string(ctx, -2, "exitStatus");
  duk_push_int(ctx, result.pid);
  duk_put_prop_string(ctx, -2, "pid");
}

duk_ret_t run_and_push(duk_context* ctx, const ExecRequest& request) {
  about_to_block();
  SpawnResult result = request.background ? start_in_background(request) : run_program(request);
  if (result.is_too_large) {
    throw_error(ctx, "exec(): %s printed more than %zu bytes and was stopped", request.program.c_str(),
                kMaxOutputBytes);
  }
  push_result(ctx, request, result);
  return 1;
}

// exec(command[, options][, arg1, ...])
duk_ret_t utils_exec(duk_context* ctx) {
  duk_idx_t options = find_options(ctx);
  duk_idx_t command = options == 0 ? 1 : 0;
  if (!is_text(ctx, command)) throw_error(ctx, "exec(): first argument must be a String (command to execute)");
  ExecRequest request;
  request.program = word_at(ctx, command, "command");
  request.arguments = {request.program};
  for (duk_idx_t i = command + 1; i < duk_get_top(ctx); ++i) {
    if (i != options) request.arguments.push_back(word_at(ctx, i, "argument"));
  }
  if (options >= 0) read_options(ctx, options, request);
  return run_and_push(ctx, request);
}

// execRaw({path, args, ...}): args[0] is given, too.
duk_ret_t utils_exec_raw(duk_context* ctx) {
  duk_set_top(ctx, 1);
  if (!is_options(ctx, 0)) throw_error(ctx, "execRaw(): an Object is required");
  push_option(ctx, 0, "path");
  if (!is_text(ctx, -1)) throw_error(ctx, "execRaw(): path must be a String");
  ExecRequest request;
  request.program = word_at(ctx, -1, "path");
  read_options(ctx, 0, request);
  if (request.arguments.empty()) request.arguments = {request.program};
  return run_and_push(ctx, request);
}

// shell(command[, options]), in either order
duk_ret_t utils_shell(duk_context* ctx) {
  duk_idx_t command = is_text(ctx, 0) ? 0 : 1;
  if (!is_text(ctx, command)) throw_error(ctx, "shell(): first argument must be a String (command to execute)");
  ExecRequest request;
  request.program = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
  request.arguments = {request.program, "-c", word_at(ctx, command, "command")};
  duk_idx_t options = find_options(ctx);
  if (options >= 0) read_options(ctx, options, request);
  return run_and_push(ctx, request);
}

}  // namespace

void put_exec_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"exec", guarded<utils_exec>},
      {"execRaw", guarded<utils_exec_raw>},
      {"shell", guarded<utils_shell>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
