#include "worker/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/sys.h"

namespace ravelin::worker {

Result<UserAccount> find_user(const std::string& name) {
  // Start-up of a single-threaded process: the static buffer of getpwnam is ours alone.
  errno = 0;
  const passwd* entry = getpwnam(name.c_str());
  if (!entry) {
    // "Not found" is reported as 0, ENOENT or ESRCH, depending on the name service (getpwnam(3)).
    const int error = errno;
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
      return Error{ErrorCode::kInvalid, "there is no user \"" + name + "\" on this system"};
    return system_error("looking up the user \"" + name + "\"", error);
  }
  UserAccount account{name, entry->pw_uid, entry->pw_gid, {}};
  int count = 64;
  account.groups.resize(static_cast<size_t>(count));
  if (getgrouplist(name.c_str(), account.gid, account.groups.data(), &count) < 0) {
    account.groups.resize(static_cast<size_t>(count));
    if (getgrouplist(name.c_str(), account.gid, account.groups.data(), &count) < 0) count = 0;
  }
  account.groups.resize(static_cast<size_t>(count));
  return account;
}

Status drop_privileges(const UserAccount& account) {
  const std::string who = "becoming user \"" + account.name + "\": ";
  // In this order: after setuid() nothing else is allowed any more.
  if (setgroups(account.groups.size(), account.groups.data()) != 0) return system_error(who + "setgroups", errno);
  if (setresgid(account.gid, account.gid, account.gid) != 0) return system_error(who + "setresgid", errno);
  if (setresuid(account.uid, account.uid, account.uid) != 0) return system_error(who + "setresuid", errno);

  uid_t real_uid, effective_uid, saved_uid;
  gid_t real_gid, effective_gid, saved_gid;
  const bool is_changed = getresuid(&real_uid, &effective_uid, &saved_uid) == 0 &&
                          getresgid(&real_gid, &effective_gid, &saved_gid) == 0 && real_uid == account.uid &&
                          effective_uid == account.uid && saved_uid == account.uid && real_gid == account.gid &&
                          effective_gid == account.gid && saved_gid == account.gid;
  const bool can_go_back = account.uid != 0 && (setuid(0) == 0 || seteuid(0) == 0);
  if (!is_changed || can_go_back)
    return Error{ErrorCode::kSystem, who + "the change did not hold, the process could become root again"};
  return Ok{};
}

Status forbid_new_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("prctl(PR_SET_NO_NEW_PRIVS)", errno);
  return Ok{};
}

}  // namespace ravelin::worker
