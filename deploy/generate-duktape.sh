#!/bin/sh
# Writes the Duktape that Ravelin compiles: a copy of the duktape-dev sources with our configuration edited in.
#
#   deploy/generate-duktape.sh SOURCE_DIR OUT_DIR
#
# Every edit is checked afterwards, and one that did not match ends the build: a Duktape that silently kept its
# defaults would lose the script watchdog and skip C++ destructors.
set -eu

source_dir=$1
out_dir=$2
config_edits=$(mktemp)
source_edits=$(mktemp)
trap 'rm -f "$config_edits" "$source_edits" "$out_dir"/*.new.$$' EXIT

mkdir -p "$out_dir"

# - CPP_EXCEPTIONS: a JavaScript error unwinds the C++ objects it passes (longjmp would skip their destructors).
# - FASTINT: integer loops measured twice as fast.
# - INTERRUPT_COUNTER and EXEC_TIMEOUT_CHECK: the executor asks ravelin_exec_timeout_check() now and then whether the
#   running script has had its time; that hook also flushes replies that have waited too long.
# - GET_RANDOM_DOUBLE: Math.random() asks ravelin_random_double(). Duktape's own state sits in the heap, which every fork
#   copies, so all workers would draw the same numbers (worker/js_heap.h reseeds ours).
# - JSON_STRINGIFY_FASTPATH: JSON of plain data takes a quarter of the time.
# - ravelin_boolean_as_method(): the manual calls stat()'s isDirectory, the reference has it as a Boolean; a call of that
#   Boolean answers itself (worker/utils/file_stat.h).
# - ".localize", "getScopeVars": a function that has one keeps the names of its variables, for rampart.localize's check and
#   for getScopeVars (engine_extra.h).
# - duk_push_lstring() and duk_substring(): text that begins like one of the engine's symbols (80 to 82, FF) becomes text
#   (engine_extra.inc says why). Only what the engine and constant names in our sources ask for may make a symbol:
#   duk_push_string(), literals, Symbol(), the built-in tables and bytecode push through ravelin_push_trusted().
# - ravelin_install_cause(): the constructors of errors take `{cause: ...}` (engine_extra.inc). Done inside of them, so that
#   stacks do not see it.
# - ravelin_is_lone_surrogate(): JSON.stringify() escapes what would be no text (ECMAScript 25.5.2.3, engine_extra.inc).
# - "invalid lvalue": `[a, b] = [b, a]` is a SyntaxError, found when the file is compiled (ECMAScript since 2015), so that it
#   goes to the compiler for modern syntax. Duktape has a ReferenceError when the statement runs.
# - h_inferred_name: a function without a name gets that of the variable, key or prototype member that it is the value of
#   (ECMAScript 15.2.5, NamedEvaluation), for `name` and stacks.
# - ravelin_regexp_*(): expressions that the engine does not know are compiled and matched elsewhere (worker/js_regexp.h).
#   What it does know costs a look at one byte, which it reads anyway (engine_extra.inc). A match that reaches the
#   engine's limits, a recursion for each turn of a repeated group, is done elsewhere in place of an error.
# - ravelin__is_empty_match(): match() goes on behind an empty match, as the standard says, and not only behind the second
#   at the same place: 'ab'.match(/$/g) has one item.
# - ravelin__compile_text(): eval() and Function() take modern syntax as well, under the file name "eval" (engine_extra.inc).
# - ravelin__note_place(): functions of files that want it know where their text stands, for toString(). The place is at
#   the end of the table of lines, which all closures of a function share; the top bit of the table's first word says
#   that it is there (engine_extra.inc).
# FATAL_HANDLER stays undefined: the handler given to duk_create_heap() is used.
cat >"$config_edits" <<'SED'
s|^#undef DUK_USE_CPP_EXCEPTIONS$|#define DUK_USE_CPP_EXCEPTIONS|
s|^#undef DUK_USE_FASTINT$|#define DUK_USE_FASTINT|
s|^#undef DUK_USE_INTERRUPT_COUNTER$|#define DUK_USE_INTERRUPT_COUNTER|
s|^#undef DUK_USE_JSON_STRINGIFY_FASTPATH$|#define DUK_USE_JSON_STRINGIFY_FASTPATH|
s|^#endif  /\* DUK_CONFIG_H_INCLUDED \*/$|#if defined(__cplusplus)\
extern "C" duk_bool_t ravelin_boolean_as_method(struct duk_hthread *thr, const char *key);\
extern "C" void ravelin_install_cause(struct duk_hthread *thr);\
extern "C" duk_bool_t ravelin_regexp_compile(struct duk_hthread *thr, duk_bool_t refused);\
extern "C" void ravelin_regexp_match(struct duk_hthread *thr, duk_int_t mode);\
extern "C" void ravelin_regexp_match_instead(struct duk_hthread *thr, duk_int_t mode);\
extern "C" void ravelin_regexp_replace(struct duk_hthread *thr);\
extern "C" duk_bool_t ravelin_regexp_push_flags(struct duk_hthread *thr);\
extern "C" duk_bool_t ravelin_wants_modern(struct duk_hthread *thr, duk_bool_t is_compiled);\
extern "C" void ravelin_push_modern(struct duk_hthread *thr, duk_bool_t is_function);\
#endif\
#endif  /* DUK_CONFIG_H_INCLUDED */|
s|^#undef DUK_USE_EXEC_TIMEOUT_CHECK$|#if defined(__cplusplus)\
extern "C" duk_bool_t ravelin_exec_timeout_check(void *udata);\
#else\
extern duk_bool_t ravelin_exec_timeout_check(void *udata);\
#endif\
#define DUK_USE_EXEC_TIMEOUT_CHECK(udata) ravelin_exec_timeout_check((udata))|
s|^#undef DUK_USE_GET_RANDOM_DOUBLE$|#if defined(__cplusplus)\
extern "C" duk_double_t ravelin_random_double(void *udata);\
#else\
extern duk_double_t ravelin_random_double(void *udata);\
#endif\
#define DUK_USE_GET_RANDOM_DOUBLE(udata) ravelin_random_double((udata))|
SED
sed -f "$config_edits" "$source_dir/duk_config.h" >"$out_dir/duk_config.h.new.$$"

# The executor counts opcodes between two calls of the hook. 256 K opcodes are up to several milliseconds, too coarse
# for a reply that may wait 200 microseconds; 16 K cost under 1 % in a tight loop.
cat >"$source_edits" <<'SED'
s|^#define DUK_HTHREAD_INTCTR_DEFAULT (256L \* 1024L)$|#define DUK_HTHREAD_INTCTR_DEFAULT (16L * 1024L)|
/^DUK_INTERNAL DUK_NOINLINE DUK_COLD void duk_call_setup_propcall_error(/,/^}/s|^\tentry_top = duk_get_top(thr);$|\
	if (DUK_TVAL_IS_STRING(tv_key) \&\& duk_is_boolean(thr, -1) \&\&\
	    ravelin_boolean_as_method(thr, (const char *) DUK_HSTRING_GET_DATA(DUK_TVAL_GET_STRING(tv_key)))) return;\
&|
/^DUK_INTERNAL duk_ret_t duk_bi_error_constructor_shared(/,/^}/s|^\t/\* Augment the error if called as a normal function.*$|\
\travelin_install_cause(thr);\
&|
s|^DUK_LOCAL void duk__json_enc_quote_string(.* {$|\
extern "C" duk_bool_t ravelin_is_lone_surrogate(const duk_uint8_t *begin, const duk_uint8_t *at, const duk_uint8_t *end);\
&|
s/^\t\t\t\tif (js_ctx->flag_ascii_only || cp == 0x2028 || cp == 0x2029) {$/\
\t\t\t\tif (js_ctx->flag_ascii_only || cp == 0x2028 || cp == 0x2029 ||\
\t\t\t\t    ((cp \& ~0x7ffUL) == 0xd800UL \&\& ravelin_is_lone_surrogate(p_start, p_tmp, p_end))) {/
/^\tcase DUK_TOK_PERIOD: {$/,/^\t\tres->t = DUK_IVAL_PROP;$/s|^\t\tres->t = DUK_IVAL_PROP;$|\
		if (DUK_HSTRING_GET_BYTELEN(comp_ctx->curr_token.str1) == 8 \&\&\
		    duk_memcmp((const void *) DUK_HSTRING_GET_DATA(comp_ctx->curr_token.str1), "localize", 8) == 0)\
			comp_ctx->curr_func.id_access_slow_own = 1;\
		ravelin__keep_names(comp_ctx, comp_ctx->curr_token.str1);\
&|
/^\tcase DUK_TOK_IDENTIFIER: {$/,/^\t}$/s|^\t\tduk__ivalue_var_hstring(comp_ctx, res, tk->str1);$|\
		ravelin__keep_names(comp_ctx, tk->str1);\
&|
s|^DUK_LOCAL void duk__expr_nud(duk_compiler_ctx \*comp_ctx, duk_ivalue \*res) {$|\
static void ravelin__keep_names(duk_compiler_ctx *comp_ctx, duk_hstring *name) {\
	if (DUK_HSTRING_GET_BYTELEN(name) == 12 \&\&\
	    duk_memcmp((const void *) DUK_HSTRING_GET_DATA(name), "getScopeVars", 12) == 0)\
		comp_ctx->curr_func.id_access_slow_own = 1;\
}\
\
&|
s|duk__emit_op_only(comp_ctx, DUK_OP_INVLHS);|DUK_ERROR_SYNTAX(thr, DUK_STR_INVALID_LVALUE);|
s|^\tduk_hstring \*h_name; /\* function name (borrowed reference), ends up in _name \*/$|&\
\tduk_hstring *h_inferred_name; /* borrowed reference */|
s|^\tduk_int_t emit_jumpslot_pc;$|&\
\tduk_hstring *next_function_name; /* borrowed reference; for the function that begins with the current token */\
\tduk_bool_t is_prototype_member; /* the last "a.b" was an "a.prototype.b" */|
/^DUK_LOCAL duk_int_t duk__parse_func_like_fnum(duk_compiler_ctx \*comp_ctx, duk_small_uint_t flags) {$/,/^}/{
s|^\t\tfnum = comp_ctx->curr_func.fnum_next++;$|&\
\t\tcomp_ctx->next_function_name = NULL;|
s|^\tcomp_ctx->curr_func.is_strict = old_func.is_strict;$|&\
\tcomp_ctx->curr_func.ravelin_begin = comp_ctx->prev_token.start_offset;\
\tcomp_ctx->curr_func.h_inferred_name = comp_ctx->next_function_name;\
\tcomp_ctx->next_function_name = NULL;|
}
s|^\tif (func->h_name) {$|\tif (func->h_name == NULL) func->h_name = func->h_inferred_name;\
&|
/^DUK_LOCAL void duk__parse_var_decl(duk_compiler_ctx \*comp_ctx,$/,/^}/s|^\t\tduk__exprtop(comp_ctx, res, DUK__BP_COMMA . expr_flags .*$|\
\t\tif (comp_ctx->curr_token.t == DUK_TOK_FUNCTION) comp_ctx->next_function_name = h_varname;\
&|
/^assign:$/,/^postincdec : {$/{
s|^\t\t\t(void) duk__lookup_lhs(comp_ctx, \&reg_varbind, \&rc_varname);$|&\
\t\t\tif (args_op == DUK_OP_NONE \&\& comp_ctx->curr_token.t == DUK_TOK_FUNCTION)\
\t\t\t\tcomp_ctx->next_function_name = h_varname;|
s|^\t\t\t/\* Evaluate RHS only when LHS is safe. \*/$|\
\t\t\tif (args_op == DUK_OP_NONE \&\& comp_ctx->curr_token.t == DUK_TOK_FUNCTION \&\& comp_ctx->is_prototype_member)\
\t\t\t\tcomp_ctx->next_function_name = duk_get_hstring(thr, left->x2.valstack_idx);\
&|
}
/^DUK_LOCAL void duk__nud_object_literal(/,/^}/{
s|^\t\t\tduk__advance_expect(comp_ctx, DUK_TOK_COLON);$|&\
\t\t\tif (comp_ctx->curr_token.t != DUK_TOK_FUNCTION) comp_ctx->next_function_name = NULL;|
/^#endif \/\* DUK_USE_ES6 \*\/$/,/^\t\t\tduk__advance_expect/{
/^\t\t\t\tif (duk__objlit_load_key(comp_ctx, res, &comp_ctx->prev_token, reg_temp) != 0) {$/,/^\t\t\t\t}$/s|^\t\t\t\t}$|&\
\t\t\t\tcomp_ctx->next_function_name = duk_get_hstring(thr, res->x1.valstack_idx);|
}
}
/^\tcase DUK_TOK_PERIOD: {$/,/^\t\tduk__ivalue_toplain(comp_ctx, left);$/s|^\t\tduk__ivalue_toplain(comp_ctx, left);$|\
\t\tcomp_ctx->is_prototype_member = left->t == DUK_IVAL_PROP \&\& left->x2.t == DUK_ISPEC_VALUE \&\&\
\t\t    duk_get_hstring(thr, left->x2.valstack_idx) == DUK_HTHREAD_STRING_PROTOTYPE(thr);\
&|
/^\tcase DUK_TOK_LBRACKET: {$/,/^\t\t \*\/$/s|^\tcase DUK_TOK_LBRACKET: {$|&\
\t\tcomp_ctx->is_prototype_member = 0;|
s|^DUK_INTERNAL_DECL duk_hstring \*duk_heap_strtable_intern(duk_heap \*heap, const duk_uint8_t \*str, duk_uint32_t blen);$|&\
static const char *ravelin_push_trusted(duk_hthread *thr, const char *str, duk_size_t len);\
static void ravelin__native_regexp_compile(duk_hthread *thr);\
static duk_bool_t ravelin__match_extended(duk_hthread *thr, duk_hstring *program, duk_int_t mode);\
static void ravelin__match_over_limit(duk_hthread *thr, duk_int_t mode);\
static duk_bool_t ravelin__test_extended(duk_hthread *thr);\
static duk_bool_t ravelin__replace_extended(duk_hthread *thr, duk_hobject *expression);\
static duk_bool_t ravelin__is_empty_match(duk_hthread *thr);\
static duk_uint_t ravelin__regexp_step(duk_hthread *thr, duk_idx_t input, duk_uint_t index);\
static duk_bool_t ravelin__compile_text(duk_hthread *thr, duk_small_uint_t flags, duk_bool_t is_function);\
static duk_uint32_t ravelin__take_source(void);\
static void ravelin__note_place(duk_compiler_ctx *comp_ctx);|
s|^DUK_INTERNAL void duk_regexp_compile(duk_hthread \*thr) {$|static void ravelin__native_regexp_compile(duk_hthread *thr) {|
/^DUK_LOCAL const duk_uint8_t \*duk__match_regexp(.*{$/,/^}/s|^\t*DUK_ERROR_RANGE(re_ctx->thr, DUK_STR_REGEXP_EXECUTOR_.*_LIMIT);$|\
\tre_ctx->recursion_limit = re_ctx->steps_limit = 0; return NULL;|
/^DUK_LOCAL void duk__regexp_match_helper(/,/^}/s|^match_over:$|&\
\tif (DUK_UNLIKELY(re_ctx.recursion_limit == 0)) { ravelin__match_over_limit(thr, force_global); return; }|
/^DUK_LOCAL void duk__regexp_match_helper(/,/^}/s|^\tDUK_ASSERT(h_bytecode != NULL);$|\
\tif (ravelin__match_extended(thr, h_bytecode, force_global)) return;|
/^DUK_INTERNAL duk_ret_t duk_bi_regexp_prototype_test(/,/^}/s|^\tduk_regexp_match(thr);$|\
\tif (ravelin__test_extended(thr)) return 1;\
&|
/^DUK_INTERNAL duk_ret_t duk_bi_regexp_prototype_flags(/,/^}/s|^\t(void) duk_require_hobject(thr, -1);$|&\
\tif (ravelin_regexp_push_flags(thr)) return 1;|
/^DUK_INTERNAL duk_ret_t duk_bi_string_prototype_replace(/,/^}/s|^\th_re = duk_get_hobject_with_class(thr, 0, DUK_HOBJECT_CLASS_REGEXP);$|&\
\tif (ravelin__replace_extended(thr, h_re)) return 1;|
/^DUK_INTERNAL duk_ret_t duk_bi_string_prototype_match(/,/^}/s|^\t\tif (this_index == prev_last_index) {$|\
\t\tif (ravelin__is_empty_match(thr)) {|
/^DUK_INTERNAL duk_ret_t duk_bi_string_prototype_match(/,/^}/s|^\t\t\tthis_index++;$|\
\t\t\tthis_index += (duk_int_t) ravelin__regexp_step(thr, 1, (duk_uint_t) this_index);|
/^DUK_INTERNAL duk_ret_t duk_bi_string_prototype_split(/,/^}/s|(match_end_coff + 1)|(match_end_coff + ravelin__regexp_step(thr, 2, match_end_coff))|
s|^\tduk_uint8_t allow_regexp_in_adv; /\* allow RegExp literal on next advance() call \*/$|&\
\tduk_size_t ravelin_begin; /* where its text begins */|
s|^struct duk_compiler_ctx {$|&\
\tduk_uint32_t ravelin_source; /* of ravelin_set_source(), or 0 */|
s|^\tcomp_stk\.flags = flags;$|&\
\tcomp_stk.comp_ctx_alloc.ravelin_source = ravelin__take_source();|
s|^\t\tduk_hobject_pc2line_pack(thr, q_instr, .*$|&\
\t\tif (comp_ctx->ravelin_source != 0) ravelin__note_place(comp_ctx);|
s|^\tpc_limit = hdr\[0\];$|\tpc_limit = hdr[0] \& 0x7fffffffUL;|
/^DUK_INTERNAL duk_ret_t duk_bi_global_object_eval(/,/^}/{
s|DUK_STRIDX_INPUT); .*$|DUK_STRIDX_EVAL);|
s|^\tduk_js_compile(thr, .*$|\t(void) ravelin__compile_text(thr, comp_flags, 0 /*is_function*/);|
}
/^DUK_INTERNAL duk_ret_t duk_bi_function_constructor(/,/^}/{
s|DUK_STRIDX_COMPILE); .*$|DUK_STRIDX_EVAL);|
s|^\tduk_js_compile(thr,$|\tif (ravelin__compile_text(thr,|
/^\t *(const duk_uint8_t \*) DUK_HSTRING_GET_DATA(h_sourcecode),$/d
/^\t *(duk_size_t) DUK_HSTRING_GET_BYTELEN(h_sourcecode),$/d
s|^\t *comp_flags);$|\t                          comp_flags, 1 /*is_function*/)) return 1;|
}
s|^DUK_EXTERNAL const char \*duk_push_lstring(duk_hthread \*thr, const char \*str, duk_size_t len) {$|\
static const char *ravelin_push_trusted(duk_hthread *thr, const char *str, duk_size_t len) {|
/^DUK_EXTERNAL const char \*duk_push_string(/,/^}/s|return duk_push_lstring(|return ravelin_push_trusted(|
/^DUK_LOCAL const duk_uint8_t \*duk__load_string_raw(/,/^}/s|\tduk_push_lstring(|\travelin_push_trusted(|
/^DUK_INTERNAL duk_ret_t duk_bi_symbol_constructor_shared(/,/^}/s|\tduk_push_lstring(|\travelin_push_trusted(|
/^DUK_LOCAL void duk__push_string(/,/^}/s|\tduk_push_lstring(|\travelin_push_trusted(|
/^DUK_EXTERNAL void duk_substring(/,/^}/{
/^\tduk_hstring \*res;$/d
/^\tduk_push_hstring(thr, res);$/d
s|^\tres = duk_heap_strtable_intern_checked(thr,$|\t(void) duk_push_lstring(thr, (const char *)|
}
SED
sed -f "$source_edits" "$source_dir/duktape.c" >"$out_dir/duktape.cpp.new.$$"
# Our own operations on the engine's internals (worker/engine_extra.h).
cat "$(dirname "$0")/../worker/engine_extra.inc" >>"$out_dir/duktape.cpp.new.$$"
cp "$source_dir/duktape.h" "$out_dir/duktape.h.new.$$"

require_line() {
  if [ "$(grep -c -x -F "$2" "$out_dir/$1.new.$$")" != 1 ]; then
    echo "generate-duktape.sh: $source_dir: expected exactly one line '$2' in the edited $1;" \
      "this Duktape differs from 2.7.0, adapt the edits" >&2
    exit 1
  fi
}
require_line duk_config.h '#define DUK_USE_CPP_EXCEPTIONS'
require_line duk_config.h '#define DUK_USE_FASTINT'
require_line duk_config.h '#define DUK_USE_INTERRUPT_COUNTER'
require_line duk_config.h '#define DUK_USE_EXEC_TIMEOUT_CHECK(udata) ravelin_exec_timeout_check((udata))'
require_line duk_config.h '#define DUK_USE_GET_RANDOM_DOUBLE(udata) ravelin_random_double((udata))'
require_line duk_config.h '#define DUK_USE_JSON_STRINGIFY_FASTPATH'
require_line duk_config.h 'extern "C" duk_bool_t ravelin_boolean_as_method(struct duk_hthread *thr, const char *key);'
require_line duktape.cpp "$(printf '\tif (DUK_TVAL_IS_STRING(tv_key) && duk_is_boolean(thr, -1) &&')"
require_line duktape.cpp "$(printf '\t\t\tcomp_ctx->curr_func.id_access_slow_own = 1;')"
require_line duktape.cpp "$(printf '\t\travelin__keep_names(comp_ctx, comp_ctx->curr_token.str1);')"
require_line duktape.cpp "$(printf '\t\travelin__keep_names(comp_ctx, tk->str1);')"
require_line duktape.cpp 'static void ravelin__keep_names(duk_compiler_ctx *comp_ctx, duk_hstring *name) {'
require_line duktape.cpp 'static const char *ravelin_push_trusted(duk_hthread *thr, const char *str, duk_size_t len);'
require_line duktape.cpp 'static const char *ravelin_push_trusted(duk_hthread *thr, const char *str, duk_size_t len) {'
require_line duktape.cpp "$(printf '\t\treturn ravelin_push_trusted(thr, str, DUK_STRLEN(str));')"
require_line duktape.cpp "$(printf '\travelin_push_trusted(thr, (const char *) p, len);')"
require_line duktape.cpp "$(printf '\travelin_push_trusted(thr, (const char *) buf, (duk_size_t) (p - buf));')"
require_line duktape.cpp "$(printf '\travelin_push_trusted(thr, (const char *) tmp, (duk_size_t) len);')"
require_line duktape.cpp "$(printf '\t(void) duk_push_lstring(thr, (const char *)')"
require_line duktape.cpp "$(printf '\travelin_install_cause(thr);')"
require_line duktape.cpp "$(printf '\t\t\t\t    ((cp & ~0x7ffUL) == 0xd800UL && ravelin_is_lone_surrogate(p_start, p_tmp, p_end))) {')"
require_line duk_config.h 'extern "C" duk_bool_t ravelin_regexp_push_flags(struct duk_hthread *thr);'
require_line duktape.cpp 'static void ravelin__native_regexp_compile(duk_hthread *thr) {'
require_line duktape.cpp "$(printf '\tif (ravelin__match_extended(thr, h_bytecode, force_global)) return;')"
require_line duktape.cpp "$(printf '\tif (DUK_UNLIKELY(re_ctx.recursion_limit == 0)) { ravelin__match_over_limit(thr, force_global); return; }')"
require_line duktape.cpp "$(printf '\tif (ravelin__test_extended(thr)) return 1;')"
require_line duktape.cpp "$(printf '\tif (ravelin_regexp_push_flags(thr)) return 1;')"
require_line duktape.cpp "$(printf '\tif (ravelin__replace_extended(thr, h_re)) return 1;')"
require_line duktape.cpp "$(printf '\t\tif (ravelin__is_empty_match(thr)) {')"
require_line duktape.cpp "$(printf '\t\t\tthis_index += (duk_int_t) ravelin__regexp_step(thr, 1, (duk_uint_t) this_index);')"
require_line duktape.cpp "$(printf '\t\t\t\tduk_push_uint(thr, (duk_uint_t) (match_end_coff + ravelin__regexp_step(thr, 2, match_end_coff)));')"
require_line duktape.cpp "$(printf '\tif (func->h_name == NULL) func->h_name = func->h_inferred_name;')"
require_line duktape.cpp "$(printf '\tcomp_ctx->curr_func.h_inferred_name = comp_ctx->next_function_name;')"
require_line duktape.cpp "$(printf '\t\t\t\tcomp_ctx->next_function_name = duk_get_hstring(thr, res->x1.valstack_idx);')"
require_line duktape.cpp "$(printf '\t\t\t\tcomp_ctx->next_function_name = duk_get_hstring(thr, left->x2.valstack_idx);')"
require_line duktape.cpp "$(printf '\t\tif (comp_ctx->curr_token.t == DUK_TOK_FUNCTION) comp_ctx->next_function_name = h_varname;')"
require_line duktape.cpp "$(printf '\tduk_size_t ravelin_begin; /* where its text begins */')"
require_line duktape.cpp "$(printf '\tduk_uint32_t ravelin_source; /* of ravelin_set_source(), or 0 */')"
require_line duktape.cpp "$(printf '\tcomp_stk.comp_ctx_alloc.ravelin_source = ravelin__take_source();')"
require_line duktape.cpp "$(printf '\tcomp_ctx->curr_func.ravelin_begin = comp_ctx->prev_token.start_offset;')"
require_line duktape.cpp "$(printf '\t\tif (comp_ctx->ravelin_source != 0) ravelin__note_place(comp_ctx);')"
require_line duktape.cpp "$(printf '\tpc_limit = hdr[0] & 0x7fffffffUL;')"
require_line duktape.cpp "$(printf '\t(void) ravelin__compile_text(thr, comp_flags, 0 /*is_function*/);')"
require_line duktape.cpp "$(printf '\tif (ravelin__compile_text(thr,')"
require_line duktape.cpp "$(printf '\t                          comp_flags, 1 /*is_function*/)) return 1;')"
require_line duk_config.h '#undef DUK_USE_FATAL_HANDLER'
require_line duktape.cpp '#define DUK_HTHREAD_INTCTR_DEFAULT (16L * 1024L)'

for file in duk_config.h duktape.h duktape.cpp; do
  mv -f "$out_dir/$file.new.$$" "$out_dir/$file"
done
