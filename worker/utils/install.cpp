#include "worker/format_json.h"
#include "worker/utils/bytes.h"
#include "worker/utils/compress.h"
#include "worker/utils/dates.h"
#include "worker/utils/descriptors.h"
#include "worker/utils/directories.h"
#include "worker/utils/distinct_counters.h"
#include "worker/utils/error_config.h"
#include "worker/utils/event_messages.h"
#include "worker/utils/exec.h"
#include "worker/utils/file_names.h"
#include "worker/utils/file_read.h"
#include "worker/utils/file_stat.h"
#include "worker/utils/file_system.h"
#include "worker/utils/file_trees.h"
#include "worker/utils/file_write.h"
#include "worker/utils/fork.h"
#include "worker/utils/handle_functions.h"
#include "worker/utils/hash.h"
#include "worker/utils/minify.h"
#include "worker/utils/number_words.h"
#include "worker/utils/print.h"
#include "worker/utils/process.h"
#include "worker/utils/process_pipe.h"
#include "worker/utils/query.h"
#include "worker/utils/random.h"
#include "worker/utils/scope_vars.h"
#include "worker/utils/shortcuts.h"
#include "worker/utils/terminals.h"
#include "worker/utils/timezones.h"
#include "worker/utils/unavailable.h"
#include "worker/utils/urls.h"
#include "worker/utils/utils.h"
#include "worker/utils/values.h"
#include "worker/utils/watch.h"
#include "worker/utils/zip.h"

namespace ravelin::worker {
namespace {

// Pushes the object that `object`[name] holds, making it when it is missing.
void push_member(duk_context* ctx, duk_idx_t object, const char* name) {
  object = duk_require_normalize_index(ctx, object);
  if (duk_get_prop_string(ctx, object, name)) return;
  duk_pop(ctx);
  duk_push_object(ctx);
  duk_dup_top(ctx);
  duk_put_prop_string(ctx, object, name);
}

}  // namespace

void install_utils(duk_context* ctx) {
  duk_idx_t top = duk_get_top(ctx);
  keep_json_stringify(ctx);
  duk_push_global_object(ctx);
  push_member(ctx, -1, "rampart");
  push_member(ctx, -1, "utils");
  put_print_functions(ctx);
  put_handle_functions(ctx);
  put_byte_functions(ctx);
  put_query_functions(ctx);
  put_value_functions(ctx);
  put_file_read_functions(ctx);
  put_file_write_functions(ctx);
  put_file_stat_functions(ctx);
  put_file_name_functions(ctx);
  put_directory_functions(ctx);
  put_exec_functions(ctx);
  put_process_functions(ctx);
  put_hash_function(ctx);
  put_random_functions(ctx);
  put_date_functions(ctx);
  put_file_system_functions(ctx);
  put_file_tree_functions(ctx);
  put_descriptor_functions(ctx);
  put_compress_functions(ctx);
  put_zip_functions(ctx);
  put_url_functions(ctx);
  put_watch_function(ctx);
  put_number_words_function(ctx);
  put_distinct_counters(ctx);
  put_timezone_function(ctx);
  put_error_config_function(ctx);
  put_pipe_function(ctx);
  put_fork_functions(ctx);
  put_forkpty_function(ctx);
  put_scope_vars_function(ctx);
  put_event_callback_function(ctx);
  put_minify_function(ctx);
  put_unavailable_functions(ctx);
  put_shortcuts(ctx);
  extend_parse_int(ctx);
  duk_set_top(ctx, top);
}

}  // namespace ravelin::worker
