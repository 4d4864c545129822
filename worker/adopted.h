// Workers whose zygote has died. The launcher is the subreaper of its tree, so they become its children: they go on
// serving, and when they end the launcher reaps them and what they have started. Not for: telling the frontend
// (supervisor). Launcher, main thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "common/unique_fd.h"

namespace ravelin::worker {

class AdoptedWorkers {
 public:
  // Takes every child of this process that is in another process group of its session: workers are group leaders, and
  // what they started is in their group, unless it was to live on (exec() with `background`: a session of its own).
  // Called when a zygote has just died. `except`: children that are known otherwise.
  void adopt(const std::vector<pid_t>& except);

  // Becomes readable (EPOLLIN) with a worker's end; to be watched by the owner. Valid until the next reap().
  std::vector<int> pidfds() const;

  // Reaps what has ended; `on_exit` hears of each worker. True while a group has members that must be looked at again.
  bool reap(const std::function<void(pid_t pid, int wait_status)>& on_exit);

  void kill_all() const;
  bool has_worker(pid_t pid) const;
  bool empty() const { return groups_.empty(); }

 private:
  struct Group {
    pid_t leader = 0;  // the worker's pid and its group's number
    UniqueFd pidfd;    // empty when the leader is reaped, or was before we came
  };
  std::vector<Group> groups_;
};

}  // namespace ravelin::worker
