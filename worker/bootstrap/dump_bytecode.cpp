// dump-bytecode OUTPUT NAME INPUT: a build tool. Compiles the JavaScript file INPUT, under the file name NAME, with the
// engine that Ravelin runs, and writes its bytecode to OUTPUT: a file header (worker/bytecode.h) and what
// duk_dump_function() gives. The JavaScript that is part of Ravelin and TypeScript's compiler come into the program
// this way, so that no process parses them.
// Not for: site scripts, whose bytecode is never written. Runs on the machine that builds.
#include <duktape.h>
#include <stdio.h>

#include <fstream>
#include <iterator>
#include <string>

#include "worker/bytecode.h"

// What the generated duk_config.h names; the program proper has them in worker/js_heap.cpp and elsewhere.
extern "C" duk_bool_t ravelin_exec_timeout_check(void*) { return 0; }
extern "C" duk_double_t ravelin_random_double(void*) { return 0.5; }
extern "C" duk_bool_t ravelin_boolean_as_method(duk_context*, const char*) { return 0; }
// What it compiles has expressions of the engine's own only.
extern "C" duk_bool_t ravelin_regexp_compile(duk_context*, duk_bool_t) { return 0; }
extern "C" void ravelin_regexp_match(duk_context*, duk_int_t) {}
extern "C" void ravelin_regexp_match_instead(duk_context*, duk_int_t) {}
extern "C" void ravelin_regexp_replace(duk_context*) {}
extern "C" duk_bool_t ravelin_regexp_push_flags(duk_context*) { return 0; }
extern "C" duk_bool_t ravelin_wants_modern(duk_context*, duk_bool_t) { return 0; }
extern "C" void ravelin_push_modern(duk_context*, duk_bool_t) {}

namespace {

duk_ret_t compile_and_dump(duk_context* js, void*) {
  duk_compile(js, 0);
  duk_dump_function(js);
  return 1;
}

std::string dump(const std::string& source, const char* name) {
  duk_context* js = duk_create_heap_default();
  if (!js) return {};
  duk_push_lstring(js, source.data(), source.size());
  duk_push_string(js, name);
  std::string bytecode;
  if (duk_safe_call(js, compile_and_dump, nullptr, 2, 1) == DUK_EXEC_SUCCESS) {
    duk_size_t size = 0;
    const void* bytes = duk_get_buffer(js, -1, &size);
    bytecode.assign(static_cast<const char*>(bytes), size);
  } else {
    fprintf(stderr, "dump-bytecode: %s: %s\n", name, duk_safe_to_string(js, -1));
  }
  duk_destroy_heap(js);
  return bytecode;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fputs("usage: dump-bytecode OUTPUT NAME INPUT\n", stderr);
    return 2;
  }
  std::ifstream input(argv[3], std::ios::binary);
  const std::string source((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
  if (!input || source.empty()) {
    fprintf(stderr, "dump-bytecode: could not read %s\n", argv[3]);
    return 1;
  }
  const std::string bytecode = dump(source, argv[2]);
  if (bytecode.empty()) return 1;
  std::ofstream output(argv[1], std::ios::binary | std::ios::trunc);
  output << ravelin::worker::kBytecodeMagic << bytecode;
  output.close();
  if (output) return 0;
  fprintf(stderr, "dump-bytecode: could not write %s\n", argv[1]);
  return 1;
}
