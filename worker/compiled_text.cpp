#include "worker/compiled_text.h"

#include <string>

#include "worker/compile_prepass.h"
#include "worker/compile_source.h"
#include "worker/engine_extra.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"

namespace ravelin::worker {

namespace {

// Leaves the C++ function by an exception, so locals are destroyed.
void push_modern(duk_context* js, bool is_function) {
  std::string source;
  if (is_function) source += '(';  // "function(a){...}" alone is no statement
  append_utf8(source, engine_text(js, -3));
  if (is_function) source += ')';
  push_text(js, compile_modern_text(js, source, kCompiledTextName, ravelin_caller_has_place(js) != 0));
}

}  // namespace

}  // namespace ravelin::worker

duk_bool_t ravelin_wants_modern(duk_context* js, duk_bool_t is_compiled) {
  if (is_compiled) return ravelin::worker::has_disguised_let(ravelin::worker::engine_text(js, -3));
  return duk_get_error_code(js, -1) == DUK_ERR_SYNTAX_ERROR;
}

void ravelin_push_modern(duk_context* js, duk_bool_t is_function) {
  try {
    ravelin::worker::push_modern(js, is_function != 0);
  } catch (const std::exception& error) {
    ravelin::worker::throw_error(js, "%s", error.what());
  }
}
