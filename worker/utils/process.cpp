#include "worker/utils/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/sleep_hook.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

// The number of "SIGTERM" and the like, or -1.
int signal_named(std::string_view name) {
  if (!name.starts_with("SIG")) return -1;
  for (int number = 1; number < NSIG; ++number) {
    const char* abbreviation = sigabbrev_np(number);
    if (abbreviation && name.substr(3) == abbreviation) return number;
  }
  return -1;
}

int signal_at(duk_context* ctx, duk_idx_t index) {
  if (!is_given(ctx, index)) return SIGTERM;
  if (is_text(ctx, index)) {
    std::string name = text_at(ctx, index);
    int number = signal_named(name);
    if (number < 0) throw_error(ctx, "'%s' is not a supported signal", name.c_str());
    return number;
  }
  const double number = duk_is_number(ctx, index) ? duk_get_number(ctx, index) : NAN;
  if (std::isnan(number)) throw_error(ctx, "kill(): signal must be a Number or a name like \"SIGTERM\"");
  // The system refuses the ones that it does not have.
  return static_cast<int>(std::clamp<double>(number, INT_MIN, INT_MAX));
}

// A process that has ended and waits for its parent (state Z) exists no more as far as scripts are concerned.
bool is_zombie(pid_t pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/stat";
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[512];
  ssize_t size = file ? read(file.get(), text, sizeof text) : -1;
  std::string_view status(text, static_cast<size_t>(std::max<ssize_t>(size, 0)));
  size_t name_end = status.rfind(") ");
  return name_end != std::string_view::npos && status.substr(name_end + 2).starts_with('Z');
}

// kill(pid[, signal[, throwOnError]])
duk_ret_t utils_kill(duk_context* ctx) {
  duk_set_top(ctx, 3);
  double number = duk_is_number(ctx, 0) ? duk_get_number(ctx, 0) : NAN;
  if (std::trunc(number) != number || std::fabs(number) > INT_MAX) {
    throw_error(ctx, "kill(): the process id must be an integer Number");
  }
  pid_t pid = static_cast<pid_t>(number);
  int signal = signal_at(ctx, 1);
  // 0 is this process' own group and -1 everything: nobody means them, they come from a pid that was never set.
  int error = pid == 0 || pid == -1 ? ESRCH : ::kill(pid, signal) == 0 ? 0 : errno;
  if (error == 0 && signal == 0 && pid > 0 && is_zombie(pid)) error = ESRCH;
  if (error != 0 && duk_to_boolean(ctx, 2)) {
    throw_error(ctx, "Failed to send signal %d to process %ld - %s", signal, static_cast<long>(pid),
                errno_text(error).c_str());
  }
  duk_push_boolean(ctx, error == 0);
  return 1;
}

duk_ret_t utils_sleep(duk_context* ctx) {
  double seconds = duk_is_number(ctx, 0) ? duk_get_number(ctx, 0) : NAN;
  if (std::isnan(seconds)) throw_error(ctx, "rampart.sleep requires a number (float)");
  about_to_block();
  interruptible_sleep(seconds);
  return 0;
}

// The name of a variable; throws for one that the environment cannot hold.
std::string variable_name(duk_context* ctx, const char* function) {
  std::string name = path_at(ctx, 0, function, "name");
  if (name.empty() || name.find('=') != std::string::npos)
    throw_error(ctx, "%s(): invalid name '%s'", function, name.c_str());
  return name;
}

duk_ret_t utils_getenv(duk_context* ctx) {
  const char* value = getenv(variable_name(ctx, "getenv").c_str());
  if (!value) return 0;
  push_text(ctx, value);
  return 1;
}

// setenv(name, value[, overwrite=true])
duk_ret_t utils_setenv(duk_context* ctx) {
  duk_set_top(ctx, 3);
  std::string name = variable_name(ctx, "setenv");
  if (!is_given(ctx, 1)) throw_error(ctx, "setenv(): a value is required");
  std::string value;
  append_as_text(value, ctx, 1);
  bool overwrites = !is_given(ctx, 2) || duk_to_boolean(ctx, 2);
  if (setenv(name.c_str(), value.c_str(), overwrites) != 0) throw_error(ctx, "setenv(): %s", errno_text(errno).c_str());
  return 0;
}

duk_ret_t utils_unsetenv(duk_context* ctx) {
  unsetenv(variable_name(ctx, "unsetenv").c_str());
  return 0;
}

}  // namespace

void put_process_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"kill", guarded<utils_kill>},     {"sleep", guarded<utils_sleep>},       {"getenv", guarded<utils_getenv>},
      {"setenv", guarded<utils_setenv>}, {"unsetenv", guarded<utils_unsetenv>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
