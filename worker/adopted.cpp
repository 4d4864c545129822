#include "worker/adopted.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "common/sys.h"

namespace ravelin::worker {

namespace {

// Parent, process group and session of a process, from /proc/PID/stat: "pid (name) state ppid pgrp session ...".
bool read_family(pid_t pid, pid_t& parent, pid_t& group, pid_t& session) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t length = file ? read(file.get(), text, sizeof text - 1) : -1;
  if (length <= 0) return false;
  text[length] = '\0';
  const char* behind_name = strrchr(text, ')');  // the name may hold anything
  char state;
  return behind_name && sscanf(behind_name + 1, " %c %d %d %d", &state, &parent, &group, &session) == 4;
}

}  // namespace

// Not every kernel has /proc/PID/task/TID/children, so this looks at all processes; it happens once per dead zygote.
void AdoptedWorkers::adopt(const std::vector<pid_t>& except) {
  DIR* folder = opendir("/proc");
  if (!folder) return;
  const pid_t self = getpid();
  const pid_t own_group = getpgrp();
  const pid_t own_session = getsid(0);
  while (const dirent* entry = readdir(folder)) {
    const pid_t pid = atoi(entry->d_name);
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    if (pid <= 0 || std::find(except.begin(), except.end(), pid) != except.end()) continue;
    if (!read_family(pid, parent, group, session) || parent != self || group == own_group) continue;
    if (session != own_session) continue;
    auto known = std::find_if(groups_.begin(), groups_.end(), [&](const Group& one) { return one.leader == group; });
    if (known == groups_.end()) known = groups_.insert(groups_.end(), Group{group, UniqueFd()});
    if (pid != group || known->pidfd) continue;
    if (auto pidfd = open_pidfd(pid)) known->pidfd = std::move(pidfd.value());
  }
  closedir(folder);
}

std::vector<int> AdoptedWorkers::pidfds() const {
  std::vector<int> all;
  for (const Group& group : groups_)
    if (group.pidfd) all.push_back(group.pidfd.get());
  return all;
}

bool AdoptedWorkers::reap(const std::function<void(pid_t, int)>& on_exit) {
  bool look_again = false;
  for (auto group = groups_.begin(); group != groups_.end();) {
    if (group->pidfd) {
      siginfo_t ended = {};
      const int found = waitid(P_PID, static_cast<id_t>(group->leader), &ended, WEXITED | WNOHANG | WNOWAIT);
      if (found == 0 && ended.si_pid == 0) {  // lives
        ++group;
        continue;
      }
      int status = 0;
      // While the leader is not reaped nobody else can have its number, so this kills its children and nobody else.
      if (found == 0) kill(-group->leader, SIGKILL);
      if (found == 0 && waitpid(group->leader, &status, 0) == group->leader) on_exit(group->leader, status);
      group->pidfd.reset();
    }
    siginfo_t ended = {};
    int found;
    while ((found = waitid(P_PGID, static_cast<id_t>(group->leader), &ended, WEXITED | WNOHANG)) == 0 &&
           ended.si_pid != 0)
      ended = {};
    if (found != 0) {  // ECHILD: nobody of the group is ours any more
      group = groups_.erase(group);
      continue;
    }
    kill(-group->leader, SIGKILL);
    look_again = true;
    ++group;
  }
  return look_again;
}

void AdoptedWorkers::kill_all() const {
  for (const Group& group : groups_) kill(-group.leader, SIGKILL);
}

bool AdoptedWorkers::has_worker(pid_t pid) const {
  return std::any_of(groups_.begin(), groups_.end(),
                     [pid](const Group& group) { return group.leader == pid && group.pidfd; });
}

}  // namespace ravelin::worker
