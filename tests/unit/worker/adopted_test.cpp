// Workers of a dead zygote: found, watched, reaped with what they have started.
#include "worker/adopted.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

namespace ravelin::worker {
namespace {

// A process that leads a group of its own and has a child in it; both only wait. Returns when they are there.
pid_t fork_group(pid_t& child) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  const pid_t leader = fork();
  if (leader == 0) {
    setpgid(0, 0);
    const pid_t inner = fork();
    if (inner > 0 && write(ends[1], &inner, sizeof inner) < 0) _exit(1);
    for (;;) pause();
  }
  if (read(ends[0], &child, sizeof child) != sizeof child) child = -1;
  close(ends[0]);
  close(ends[1]);
  return leader;
}

TEST(AdoptedWorkers, AreReapedWithTheirChildren) {
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  pid_t child_of_first = 0, child_of_second = 0;
  const pid_t first = fork_group(child_of_first);
  const pid_t second = fork_group(child_of_second);
  pid_t excepted_child = 0;
  const pid_t excepted = fork_group(excepted_child);
  const pid_t own_group = fork();
  if (own_group == 0)
    for (;;) pause();

  AdoptedWorkers adopted;
  adopted.adopt({excepted});
  adopted.adopt({excepted});  // finding them again changes nothing
  EXPECT_EQ(adopted.pidfds().size(), 2u);
  EXPECT_TRUE(adopted.has_worker(first) && adopted.has_worker(second));
  EXPECT_FALSE(adopted.has_worker(own_group) || adopted.has_worker(excepted));

  std::map<pid_t, int> ended;
  const auto note = [&](pid_t pid, int status) { ended[pid] = status; };
  EXPECT_FALSE(adopted.reap(note)) << "all of them live";
  EXPECT_TRUE(ended.empty());

  kill(first, SIGTERM);
  for (int i = 0; i < 5000 && (ended.empty() || kill(child_of_first, 0) == 0); ++i) {
    adopted.reap(note);
    usleep(1000);
  }
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended.begin()->first, first);
  EXPECT_EQ(WTERMSIG(ended[first]), SIGTERM);
  EXPECT_NE(kill(child_of_first, 0), 0) << "killed and reaped with its leader";
  EXPECT_EQ(kill(second, 0), 0);

  adopted.kill_all();
  for (int i = 0; i < 5000 && !adopted.empty(); ++i) {
    adopted.reap(note);
    usleep(1000);
  }
  EXPECT_TRUE(adopted.empty());
  EXPECT_EQ(ended.size(), 2u);
  kill(own_group, SIGKILL);
  kill(-excepted, SIGKILL);
  while (waitpid(-1, nullptr, 0) > 0) {
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);  // the next tests' orphans are not ours
}

}  // namespace
}  // namespace ravelin::worker
