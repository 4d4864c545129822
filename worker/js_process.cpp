#include "worker/js_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string_view>

#include "common/clock.h"
#include "common/sys.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_module_path.h"
#include "worker/process_title.h"

namespace ravelin::worker {

namespace {

constexpr double kBytesPerMb = 1048576;
constexpr size_t kMaxTitleBytes = 255;

// process.uptime() counts from here in every process: children of a fork keep the value.
const uint64_t server_start_ns = monotonic_ns();

duk_ret_t native_exit(duk_context* js) { exit_process(JsHeap::of(js), duk_is_number(js, 0) ? duk_to_int(js, 0) : 0); }

duk_ret_t native_getpid(duk_context* js) {
  duk_push_int(js, getpid());
  return 1;
}

duk_ret_t native_getppid(duk_context* js) {
  duk_push_int(js, getppid());
  return 1;
}

duk_ret_t native_set_title(duk_context* js) {
  duk_size_t length = 0;
  const char* title = duk_get_lstring(js, 0, &length);
  if (!title || length > kMaxTitleBytes) throw_error(js, "setProcTitle: argument must be a String");
  std::string scratch;
  set_process_title(utf8_view(std::string_view(title, length), scratch));
  return 0;
}

double total_memory_mb() {
  struct sysinfo info;
  if (sysinfo(&info) != 0) return 0;
  return static_cast<double>(info.totalram) * info.mem_unit / kBytesPerMb;
}

duk_ret_t native_total_memory(duk_context* js) {
  duk_push_number(js, total_memory_mb());
  return 1;
}

// What programs may take without swapping, which is more than the pages that lie idle.
duk_ret_t native_free_memory(duk_context* js) {
  std::ifstream meminfo("/proc/meminfo");
  std::string key;
  double kb = 0;
  while (meminfo >> key >> kb) {
    if (key == "MemAvailable:") break;
    meminfo.ignore(256, '\n');
  }
  duk_push_number(js, kb / 1024);
  return 1;
}

duk_ret_t native_uptime(duk_context* js) {
  duk_push_number(js, static_cast<double>(monotonic_ns() - server_start_ns) / 1e9);
  return 1;
}

duk_ret_t native_system_uptime(duk_context* js) {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  duk_push_number(js, static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9);
  return 1;
}

// Appends {model, speed, times} for a "cpuN ..." line of /proc/stat to the array on top.
void append_cpu(duk_context* js, duk_uarridx_t index, std::istringstream& counters, const std::string& model,
                double speed_mhz) {
  duk_push_object(js);
  push_text(js, model);
  duk_put_prop_literal(js, -2, "model");
  duk_push_number(js, speed_mhz);
  duk_put_prop_literal(js, -2, "speed");
  duk_push_object(js);
  const double ms_per_tick = 1000.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  double user = 0, nice = 0, sys = 0, idle = 0, iowait = 0, irq = 0;
  counters >> user >> nice >> sys >> idle >> iowait >> irq;
  const std::pair<const char*, double> times[] = {
      {"user", user}, {"nice", nice}, {"sys", sys}, {"idle", idle}, {"irq", irq}};
  for (auto [name, ticks] : times) {
    duk_push_number(js, ticks * ms_per_tick);
    duk_put_prop_string(js, -2, name);
  }
  duk_put_prop_literal(js, -2, "times");
  duk_put_prop_index(js, -2, index);
}

duk_ret_t native_cpu_info(duk_context* js) {
  std::string model = "unknown";
  double speed_mhz = 0;
  std::string line;
  for (std::ifstream cpuinfo("/proc/cpuinfo"); std::getline(cpuinfo, line);) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (line.starts_with("model name") && model == "unknown") model = line.substr(colon + 2);
    if (line.starts_with("cpu MHz") && speed_mhz == 0) speed_mhz = strtod(line.c_str() + colon + 2, nullptr);
  }
  duk_push_array(js);
  duk_uarridx_t index = 0;
  for (std::ifstream stat("/proc/stat"); std::getline(stat, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name.starts_with("cpu") && name != "cpu") append_cpu(js, index++, words, model, speed_mhz);
  }
  return 1;
}

duk_ret_t native_set_max_memory(duk_context* js) {
  double mb = 0;
  if (duk_is_number(js, 0)) {
    mb = duk_get_number(js, 0);
  } else if (duk_is_string(js, 0) && engine_text(js, 0).ends_with('%')) {
    mb = total_memory_mb() * strtod(duk_get_string(js, 0), nullptr) / 100;
  }
  // The upper end keeps the conversion to bytes defined; no machine has an exabyte.
  if (!(mb >= 1) || mb > 1e12) {
    throw_error(js, "setMaxMem: argument must be a Number (MB) or a String such as \"75%%\"");
  }
  rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = static_cast<rlim_t>(mb * kBytesPerMb);
  if (setrlimit(RLIMIT_AS, &limit) != 0) {
    throw_error(js, "setMaxMem: could not set the limit to %.0f MB: %s", mb, errno_text(errno).c_str());
  }
  duk_push_number(js, mb);
  return 1;
}

void put_text(duk_context* js, const char* name, std::string_view text) {
  push_text(js, text);
  duk_put_prop_string(js, -2, name);
}

void put_environment(duk_context* js) {
  duk_push_object(js);
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    push_text(js, text.substr(0, equals));
    push_text(js, text.substr(equals + 1));
    duk_put_prop(js, -3);
  }
  duk_put_prop_literal(js, -2, "env");
}

void put_arguments(duk_context* js, const std::vector<std::string>& argv) {
  duk_push_array(js);
  for (size_t i = 0; i < argv.size(); ++i) {
    push_text(js, argv[i]);
    duk_put_prop_index(js, -2, static_cast<duk_uarridx_t>(i));
  }
  duk_put_prop_literal(js, -2, "argv");
  put_text(js, "argv0", argv.empty() ? std::string_view() : argv[0]);
}

void put_script(duk_context* js, const std::string& script) {
  const std::string path = script.empty() ? std::string() : canonical_path(script).value_or(script);
  put_text(js, "script", path);
  put_text(js, "scriptPath", path.empty() ? std::string_view() : directory_of(path));
  put_text(js, "scriptName", std::string_view(path).substr(path.rfind('/') + 1));
}

constexpr duk_function_list_entry kFunctions[] = {
    {"exit", guarded<native_exit>, 1},
    {"getpid", guarded<native_getpid>, 0},
    {"getppid", guarded<native_getppid>, 0},
    {"setProcTitle", guarded<native_set_title>, 1},
    {"getTotalMem", guarded<native_total_memory>, 0},
    {"getFreeMem", guarded<native_free_memory>, 0},
    {"uptime", guarded<native_uptime>, 0},
    {"systemUptime", guarded<native_system_uptime>, 0},
    {"getCpuInfo", guarded<native_cpu_info>, 0},
    {"setMaxMem", guarded<native_set_max_memory>, 1},
    {nullptr, nullptr, 0},
};

}  // namespace

void exit_process(JsHeap& heap, int code) {
  code &= 0xFF;
  if (heap.exit_hook) heap.exit_hook(code);
  fflush(nullptr);
  _exit(code);
}

std::string executable_directory() {
  const std::string path = canonical_path("/proc/self/exe").value_or("/");
  return std::string(directory_of(path));
}

std::string install_directory() {
  constexpr std::string_view kBin = "/bin";
  std::string directory = executable_directory();
  if (directory.size() > kBin.size() && directory.ends_with(kBin)) directory.resize(directory.size() - kBin.size());
  return directory;
}

void install_process(JsHeap& heap, const ScriptArguments& arguments) {
  duk_context* js = heap.js();
  StackGuard guard(js);
  duk_push_object(js);
  duk_put_function_list(js, -1, kFunctions);
  put_environment(js);
  put_arguments(js, arguments.argv);
  put_script(js, arguments.script);
  put_text(js, "installPath", install_directory());
  put_text(js, "installPathBin", executable_directory());
  put_text(js, "modulesPath", "");
  duk_push_number(js, static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN)));
  duk_put_prop_literal(js, -2, "nCpu");
  // A getter, since a forked worker must see its own.
  duk_push_literal(js, "pid");
  duk_push_c_function(js, native_getpid, 0);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_SET_ENUMERABLE | DUK_DEFPROP_SET_CONFIGURABLE);
  duk_put_global_literal(js, "process");
}

}  // namespace ravelin::worker
