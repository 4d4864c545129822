#include "worker/compiled_code.h"

#include "worker/js_error.h"
#include "worker/js_iterators.h"

namespace ravelin::worker {

namespace {

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
}

}  // namespace ravelin::worker
