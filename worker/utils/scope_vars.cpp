#include "worker/utils/scope_vars.h"

#include <iterator>

#include "worker/engine_extra.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

constexpr const char* kScopeNames[] = {"local", "closure", "with", "global"};
constexpr char kScopesKey[] = DUK_HIDDEN_SYMBOL("scopes");

// Copies the enumerable properties of the object on top to the one at `target`.
void copy_properties(duk_context* ctx, duk_idx_t target) {
  target = duk_require_normalize_index(ctx, target);
  duk_enum(ctx, -1, 0);
  while (duk_next(ctx, -1, 1)) duk_put_prop(ctx, target);
  duk_pop(ctx);
}

// collapse(): all in one object, where inner variables hide outer ones.
duk_ret_t collapse(duk_context* ctx) {
  duk_push_current_function(ctx);
  duk_get_prop_string(ctx, -1, kScopesKey);
  const duk_idx_t scopes = duk_require_normalize_index(ctx, -1);
  duk_push_object(ctx);
  for (auto i = static_cast<duk_uarridx_t>(duk_get_length(ctx, scopes)); i >= 2; i -= 2) {
    duk_get_prop_index(ctx, scopes, i - 1);
    copy_properties(ctx, -2);
    duk_pop(ctx);
  }
  return 1;
}

// [ ... scopes ] -> {value, scope}, or undefined
duk_ret_t find_variable(duk_context* ctx, duk_idx_t name) {
  const duk_idx_t scopes = duk_get_top_index(ctx);
  const auto length = static_cast<duk_uarridx_t>(duk_get_length(ctx, scopes));
  for (duk_uarridx_t i = 0; i + 1 < length; i += 2) {
    duk_get_prop_index(ctx, scopes, i);
    duk_get_prop_index(ctx, scopes, i + 1);
    const auto kind = static_cast<size_t>(duk_get_int(ctx, -2));
    duk_dup(ctx, name);
    // Copies of variables have a prototype that the variables had not.
    bool is_here = duk_has_prop(ctx, -2) != 0;
    if (is_here && kind <= kScopeClosure) {
      duk_dup(ctx, name);
      duk_get_prop_desc(ctx, -2, 0);
      is_here = !duk_is_undefined(ctx, -1);
      duk_pop(ctx);
    }
    if (!is_here) {
      duk_pop_2(ctx);
      continue;
    }
    duk_push_object(ctx);
    duk_dup(ctx, name);
    duk_get_prop(ctx, -3);
    duk_put_prop_literal(ctx, -2, "value");
    duk_push_string(ctx, kScopeNames[kind]);
    duk_put_prop_literal(ctx, -2, "scope");
    return 1;
  }
  return 0;
}

// getScopeVars([name])
duk_ret_t utils_get_scope_vars(duk_context* ctx) {
  duk_set_top(ctx, 1);
  if (is_given(ctx, 0) && !is_text(ctx, 0))
    throw_type_error(ctx, "getScopeVars(): argument must be a String (name of a variable)");
  ravelin_push_scopes(ctx);
  if (is_given(ctx, 0)) return find_variable(ctx, 0);
  duk_push_object(ctx);
  const duk_idx_t result = duk_get_top_index(ctx);
  for (const char* name : {"local", "closure", "with"}) {
    duk_push_object(ctx);
    duk_put_prop_string(ctx, result, name);
  }
  // From the outside, so that inner variables hide outer ones.
  for (auto i = static_cast<duk_uarridx_t>(duk_get_length(ctx, 1)); i >= 2; i -= 2) {
    duk_get_prop_index(ctx, 1, i - 2);
    const auto kind = static_cast<size_t>(duk_get_int(ctx, -1));
    if (kind == kScopeOfGlobals) {
      duk_get_prop_index(ctx, 1, i - 1);
      duk_put_prop_literal(ctx, result, "global");
    } else {
      duk_get_prop_string(ctx, result, kScopeNames[kind]);
      duk_get_prop_index(ctx, 1, i - 1);
      copy_properties(ctx, -2);
    }
    duk_set_top(ctx, result + 1);
  }
  duk_push_c_function(ctx, guarded<collapse>, 0);
  duk_dup(ctx, 1);
  duk_put_prop_string(ctx, -2, kScopesKey);
  duk_put_prop_literal(ctx, result, "collapse");
  return 1;
}

}  // namespace

void put_scope_vars_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"getScopeVars", guarded<utils_get_scope_vars>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
