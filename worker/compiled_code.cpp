#include "worker/compiled_code.h"

#include <string>

#include "worker/compile_source.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_iterators.h"

namespace ravelin::worker {

namespace {

constexpr const char* kEvalName = "eval";  // what the engine calls evaluated text in stacks

duk_ret_t native_define_method(duk_context* js) {  // object, key, function
  if (duk_is_ecmascript_function(js, 2) && !duk_is_symbol(js, 1)) {
    duk_push_literal(js, "name");
    duk_dup(js, 1);
    duk_to_string(js, -1);
    duk_def_prop(js, 2, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
  }
  duk_set_top(js, 3);
  duk_def_prop(js, 0,
               DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE |
                   DUK_DEFPROP_CLEAR_ENUMERABLE | DUK_DEFPROP_FORCE);
  return 0;
}

// True when the engine compiles the text on top as it is; another error than a syntax error is thrown.
bool engine_takes(duk_context* js) {
  size_t size = 0;
  const char* text = duk_get_lstring(js, -1, &size);
  duk_push_string(js, kEvalName);
  const bool ok = duk_pcompile_lstring_filename(js, DUK_COMPILE_EVAL, text, size) == 0;
  if (!ok && duk_get_error_code(js, -1) != DUK_ERR_SYNTAX_ERROR) duk_throw(js);
  duk_pop(js);
  return ok;
}

// Replaces the text on top.
void compile_text(duk_context* js) {
  std::string source;
  append_utf8(source, engine_text(js, -1));
  duk_pop(js);
  push_text(js, compile_modern_text(js, source, kEvalName));
}

duk_ret_t native_modern_source(duk_context* js) {
  if (duk_is_string(js, 0) && !duk_is_symbol(js, 0) && !engine_takes(js)) compile_text(js);
  return 1;
}

// The text of a function expression with the arguments of Function() (ECMAScript 20.2.1.1.1).
void push_function_text(duk_context* js, duk_idx_t count) {
  duk_push_literal(js, "(function anonymous(");
  duk_push_literal(js, ",");
  for (duk_idx_t i = 0; i + 1 < count; ++i) duk_dup(js, i);
  if (count > 1) {
    duk_join(js, count - 1);
  } else {
    duk_pop(js);
    duk_push_literal(js, "");
  }
  duk_push_literal(js, "\n) {\n");
  if (count > 0) {
    duk_dup(js, count - 1);
  } else {
    duk_push_literal(js, "");
  }
  duk_push_literal(js, "\n})");
  duk_concat(js, 5);
}

duk_ret_t native_modern_function(duk_context* js) {
  const duk_idx_t count = duk_get_top(js);
  for (duk_idx_t i = 0; i < count; ++i) duk_to_string(js, i);
  push_function_text(js, count);
  if (!engine_takes(js)) compile_text(js);
  duk_push_string(js, kEvalName);
  duk_compile(js, DUK_COMPILE_EVAL);
  duk_call(js, 0);
  return 1;
}

}  // namespace

void install_compiled_code_support(duk_context* js) {
  StackGuard guard(js);
  duk_push_global_object(js);
  duk_push_object(js);
  duk_get_prototype(js, -2);
  duk_set_prototype(js, -2);
  duk_dup_top(js);
  duk_set_prototype(js, -3);
  define_method(js, "__defineMethod", native_define_method, 3);
  define_method(js, "__modernSource", guarded<native_modern_source>, 1);
  define_method(js, "__modernFunction", guarded<native_modern_function>, DUK_VARARGS);
}

}  // namespace ravelin::worker
