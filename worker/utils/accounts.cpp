#include "worker/utils/accounts.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>

#include <cmath>
#include <string>

#include "worker/block_hook.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/values.h"

namespace ravelin::worker {
namespace {

long user_id_named(const char* name) {
  about_to_block();
  const passwd* account = getpwnam(name);
  return account ? static_cast<long>(account->pw_uid) : kLeaveAccount;
}

long group_id_named(const char* name) {
  about_to_block();
  const group* account = getgrnam(name);
  return account ? static_cast<long>(account->gr_gid) : kLeaveAccount;
}

// A name or an id; kLeaveAccount when not given or negative.
long account_id(duk_context* ctx, duk_idx_t index, long (*find)(const char*), const char* what) {
  if (!is_given(ctx, index) || duk_is_null(ctx, index)) return kLeaveAccount;
  if (duk_is_number(ctx, index)) {
    double id = duk_get_number(ctx, index);
    return id >= 0 && id < UINT_MAX ? static_cast<long>(id) : kLeaveAccount;
  }
  std::string name = path_at(ctx, index, "chown()", what);
  long id = find(name.c_str());
  if (id == kLeaveAccount) throw_error(ctx, "error changing ownership (%s not found): %s", what, name.c_str());
  return id;
}

timespec time_at(duk_context* ctx, duk_idx_t index, const char* function) {
  timespec time = {0, UTIME_NOW};
  index = duk_normalize_index(ctx, index);
  if (!is_given(ctx, index)) return time;
  if (duk_is_boolean(ctx, index)) {
    time.tv_nsec = duk_get_boolean(ctx, index) ? UTIME_NOW : UTIME_OMIT;
    return time;
  }
  if (!duk_is_number(ctx, index) && !is_instance_of(ctx, index, "Date")) {
    throw_error(ctx, "%s: a time must be a Boolean, Number or Date", function);
  }
  duk_dup(ctx, index);
  const double seconds = duk_is_number(ctx, index) ? duk_get_number(ctx, -1) : duk_to_number(ctx, -1) / 1000;
  duk_pop(ctx);
  if (!std::isfinite(seconds) || std::fabs(seconds) > 9e15) throw_error(ctx, "%s: invalid time", function);
  time.tv_sec = static_cast<time_t>(std::floor(seconds));
  time.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  return time;
}

}  // namespace

long user_id_at(duk_context* ctx, duk_idx_t index) { return account_id(ctx, index, user_id_named, "user"); }
long group_id_at(duk_context* ctx, duk_idx_t index) { return account_id(ctx, index, group_id_named, "group"); }

void file_times_at(duk_context* ctx, duk_idx_t index, const char* function, timespec times[2]) {
  duk_require_stack(ctx, 4);
  if (is_options(ctx, index) && !is_instance_of(ctx, index, "Date")) {
    push_option(ctx, index, "setaccess");
    push_option(ctx, index, "setmodify");
  } else {
    duk_dup(ctx, index);
    duk_dup(ctx, index + 1);
  }
  times[0] = time_at(ctx, -2, function);
  times[1] = time_at(ctx, -1, function);
  duk_pop_2(ctx);
}

}  // namespace ravelin::worker
