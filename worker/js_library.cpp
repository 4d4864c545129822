#include "worker/js_library.h"

#include <cmath>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "worker/bytecode.h"
#include "worker/compiled_code.h"
#include "worker/function_sources.h"
#include "worker/js_collections.h"
#include "worker/js_error.h"
#include "worker/js_iterators.h"
#include "worker/js_microtasks.h"
#include "worker/js_regexp.h"
#include "worker/js_sort.h"
#include "worker/js_unicode.h"
#include "worker/js_weak.h"

// worker/bootstrap/*.js as bytecode: see the Makefile.
extern "C" const char ravelin_library[];
extern "C" const uint64_t ravelin_library_size;
extern "C" const char ravelin_promise[];
extern "C" const uint64_t ravelin_promise_size;
extern "C" const char ravelin_builtins[];
extern "C" const uint64_t ravelin_builtins_size;
extern "C" const char ravelin_compiled_code[];
extern "C" const uint64_t ravelin_compiled_code_size;

namespace ravelin::worker {

namespace {

double to_float(double number) { return static_cast<double>(static_cast<float>(number)); }
// In long double, for the C library's cbrt(27) is a little more than 3.
double cube_root(double number) { return static_cast<double>(std::cbrt(static_cast<long double>(number))); }

struct MathFunction {
  const char* name;
  double (*compute)(double);
};
constexpr MathFunction kMathFunctions[] = {
    {"log1p", std::log1p}, {"expm1", std::expm1}, {"sinh", std::sinh},   {"cosh", std::cosh},  {"tanh", std::tanh},
    {"asinh", std::asinh}, {"acosh", std::acosh}, {"atanh", std::atanh}, {"fround", to_float}, {"cbrt", cube_root},
};

duk_ret_t native_math(duk_context* js) {
  duk_push_number(js, kMathFunctions[duk_get_current_magic(js)].compute(duk_to_number(js, 0)));
  return 1;
}

void install_math(duk_context* js) {
  duk_get_global_literal(js, "Math");
  for (size_t i = 0; i < std::size(kMathFunctions); ++i)
    define_method(js, kMathFunctions[i].name, native_math, 1, static_cast<duk_int_t>(i));
  duk_pop(js);
}

duk_ret_t native_is_native(duk_context* js) {
  duk_push_boolean(js, duk_is_c_function(js, 0) || duk_is_lightfunc(js, 0));
  return 1;
}

// Pushes the value of the embedded script: a function.
void push_embedded(duk_context* js, const char* bytecode, size_t size) {
  push_bytecode(js, bytecode, size);
  duk_call(js, 0);
}

}  // namespace

void push_bytecode(duk_context* js, const char* bytes, size_t size) {
  if (!std::string_view(bytes, size).starts_with(kBytecodeMagic))
    throw_error(js, "bytecode of another version: Ravelin is not built or installed as a whole");
  duk_push_external_buffer(js);
  // The engine only reads it.
  duk_config_buffer(js, -1, const_cast<char*>(bytes) + kBytecodeMagic.size(), size - kBytecodeMagic.size());
  duk_load_function(js);
}

void install_library(duk_context* js) {
  StackGuard guard(js);
  install_iterators(js);
  install_collections(js);
  install_math(js);
  install_sort(js);
  install_unicode(js);
  install_regexps(js);
  install_error_lines(js);
  install_weak_references(js);
  install_compiled_code_support(js);
  install_function_sources(js);
  push_embedded(js, ravelin_library, ravelin_library_size);
  duk_call(js, 0);
  push_embedded(js, ravelin_promise, ravelin_promise_size);
  push_promise_support(js);
  duk_call(js, 3);
  push_embedded(js, ravelin_builtins, ravelin_builtins_size);
  push_death_watch(js);
  duk_call(js, 1);
  push_embedded(js, ravelin_compiled_code, ravelin_compiled_code_size);
  duk_push_c_function(js, native_is_native, 1);
  duk_call(js, 1);
}

}  // namespace ravelin::worker
