// Giving up root for good: a server started as root binds its sockets and then becomes `user` in every process.
// Not for: per-request users (there is no such thing). Called by server_start in the launcher (or the daemon), before
// any child exists, because setuid() clears the parent-death signal.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/result.h"

namespace ravelin::worker {

struct UserAccount {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // with gid
};

// Looks the name up; an error names it.
Result<UserAccount> find_user(const std::string& name);

// Groups, gid and uid, each checked, then proves that there is no way back. A failure may leave the process half-way:
// it must not serve then.
Status drop_privileges(const UserAccount& account);

// PR_SET_NO_NEW_PRIVS: no program started from now on gains rights (set-user-id files, file capabilities).
Status forbid_new_privileges();

}  // namespace ravelin::worker
