// Arguments that say whose a file is and when it was used: chown, lchown, fchown, lUtimes, fUtimes
// (runtime-api 7.3, 7.7, 7.8). Inside Duktape calls only.
#pragma once

#include <duktape.h>
#include <sys/stat.h>
#include <time.h>

namespace ravelin::worker {

constexpr long kLeaveAccount = -1;

// The id that a name or number stands for; kLeaveAccount when it is not given or negative. Throws for an unknown name.
long user_id_at(duk_context* ctx, duk_idx_t index);
long group_id_at(duk_context* ctx, duk_idx_t index);

// (atime, mtime) at `index` and behind it, or {setaccess, setmodify}: Number of seconds or Date, true or nothing for
// now, false to leave as it is. For utimensat().
void file_times_at(duk_context* ctx, duk_idx_t index, const char* function, timespec times[2]);

}  // namespace ravelin::worker
