#include "worker/compile_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <exception>
#include <iterator>
#include <string>

#include "common/limits.h"
#include "common/sys.h"
#include "worker/compile_client.h"
#include "worker/compile_frames.h"
#include "worker/format_utf8.h"
#include "worker/function_sources.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_library.h"
#include "worker/line_maps.h"

// worker/bootstrap/typescript_host.js as bytecode: see the Makefile.
extern "C" const char ravelin_typescript_host[];
extern "C" const uint64_t ravelin_typescript_host_size;

namespace ravelin::worker {

namespace {

// What is left of the caller's life.
void settle() {
  alarm(limits::kCompileTimeoutMs / 1000 + 1);  // the caller may be gone by then
  signal(SIGHUP, SIG_IGN);                      // its group is orphaned when the caller ends
  set_process_name("ravelin-compile");
  constexpr int kKeep[] = {kCompileBytecode, kCompileLock};
  close_all_except(STDERR_FILENO + 1, kKeep, std::size(kKeep));
  // A worker's limit of address space is made for the worker's heap; this process has a limit of its own below.
  rlimit limits;
  if (getrlimit(RLIMIT_AS, &limits) == 0) {
    limits.rlim_cur = limits.rlim_max;
    setrlimit(RLIMIT_AS, &limits);
  }
  limits = {0, 0};
  setrlimit(RLIMIT_CORE, &limits);
}

std::string read_request() {
  std::string bytes;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t got = read(kCompileSocket, buffer, sizeof buffer);
    if (got > 0) {
      bytes.append(buffer, static_cast<size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      return bytes;
    }
  }
}

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(kCompileSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// Runs the compiler's bytecode, which leaves the global `ts`. The mapping stays until the process ends.
void load_compiler(duk_context* js) {
  struct stat status;
  if (fstat(kCompileBytecode, &status) != 0 || status.st_size <= 0) throw_error(js, "typescript.duk cannot be read");
  const auto size = static_cast<size_t>(status.st_size);
  void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, kCompileBytecode, 0);
  if (bytes == MAP_FAILED) throw_error(js, "typescript.duk cannot be mapped: %s", errno_text(errno).c_str());
  push_bytecode(js, static_cast<const char*>(bytes), size);
  duk_call(js, 0);
  duk_pop(js);
}

std::string take_text(duk_context* js, const char* name) {
  duk_get_prop_string(js, -1, name);
  std::string text;
  if (duk_is_string(js, -1)) append_utf8(text, engine_text(js, -1));
  duk_pop(js);
  return text;
}

uint32_t take_number(duk_context* js, const char* name) {
  duk_get_prop_string(js, -1, name);
  const uint32_t number = duk_get_uint(js, -1);
  duk_pop(js);
  return number;
}

// The value of compile() in typescript_host.js is on top.
Compiled read_result(duk_context* js, const std::string& source) {
  Compiled compiled;
  compiled.ok = duk_has_prop_string(js, -1, "code") != 0;
  compiled.code = take_text(js, compiled.ok ? "code" : "message");
  if (!compiled.ok) {
    compiled.error_line = take_number(js, "line");
    compiled.error_column = take_number(js, "column");
    return compiled;
  }
  compiled.line_table = line_table_from_mappings(take_text(js, "mappings"));
  compiled.function_table = function_table_from_places(take_text(js, "places"), compiled.code, source);
  duk_get_prop_string(js, -1, "isModule");
  compiled.is_module = duk_to_boolean(js, -1) != 0;
  duk_pop(js);
  return compiled;
}

Compiled compile(duk_context* js, const CompileRequest& request) {
  load_compiler(js);
  push_bytecode(js, ravelin_typescript_host, ravelin_typescript_host_size);
  duk_call(js, 0);
  push_text(js, request.source);
  duk_push_boolean(js, request.is_typescript);
  duk_push_boolean(js, request.is_global_code);
  duk_call(js, 3);
  return read_result(js, request.source);
}

int answer(const std::string& bytes) {
  const auto request = parse_request(bytes);
  if (!request) return 1;  // the caller ended in the middle of it
  // Without a cache the result would be lost with the caller.
  if (request->cache_folder.empty()) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  JsHeap heap;
  heap.set_max_bytes(limits::kCompileMemoryBytes);
  CompileReply reply;
  const bool ok = run_protected(heap.js(), [&](duk_context* js) {
    install_library(js);
    reply.compiled = compile(js, *request);
  });
  if (!ok) {
    // The compiler itself failed: no error of the file, and nothing for the cache.
    reply.compiled = Compiled();
    reply.compiled.code = error_text(heap.js(), -1);
  } else if (!request->cache_folder.empty()) {
    reply.is_stored = CompileCache::store_in(request->cache_folder, request->key, reply.compiled);
  }
  std::string bytes_out;
  append_reply(bytes_out, reply);
  // No destructors: taking the heap apart takes longer than the kernel needs to drop it.
  _exit(write_all(bytes_out) ? 0 : 1);
}

}  // namespace

std::string_view compiler_host_bytecode() { return {ravelin_typescript_host, ravelin_typescript_host_size}; }

int run_compile_process() {
  settle();
  try {
    return answer(read_request());
  } catch (const std::exception& error) {
    fprintf(stderr, "ravelin-compile: %s\n", error.what());
    return 1;
  }
}

}  // namespace ravelin::worker
