#include "worker/fork_hygiene.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "common/limits.h"
#include "common/log.h"
#include "common/sys.h"
#include "common/unique_fd.h"
#include "worker/block_hook.h"
#include "worker/js_events.h"
#include "worker/js_microtasks.h"
#include "worker/js_timers.h"
#include "worker/process_title.h"
#include "worker/sleep_hook.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RAVELIN_SHADOW_MEMORY 1  // terabytes of address space: RLIMIT_AS cannot be used
#else
#define RAVELIN_SHADOW_MEMORY 0
#endif

namespace ravelin::worker {

namespace {

// Added to the oom_score_adj of a worker: when memory runs out, the kernel takes workers first (they are replaced in
// milliseconds), and launcher and frontend last.
constexpr int kWorkerOomRaise = 300;
constexpr int kMaxOomScoreAdj = 1000;

constexpr int kExitOrphaned = 0;

// Read by the signal handler below.
volatile pid_t server_launcher = 0;
volatile pid_t server_zygote = 0;

// The parent has ended. If that was the zygote alone, the launcher is our parent now (it is the subreaper), and we go
// on. If it was the launcher, or the launcher has gone too, the server is over, also for what this worker has started:
// they share its process group.
void on_parent_death(int) { end_if_launcher_is_gone(); }

void write_small_file(const char* path, int number) {
  // A process that changed its user may not write its own /proc files unless it is dumpable for the moment.
  const int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (dumpable == 0) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  if (dumpable == 0) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (!file) return;  // no /proc, or not allowed: the limit is an extra, not a need
  char text[16];
  const int length = snprintf(text, sizeof text, "%d", number);
  if (write(file.get(), text, static_cast<size_t>(length)) < 0) return;
}

// The first number in a /proc file, or `fallback`.
long long read_first_number(const char* path, long long fallback) {
  UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  char text[64] = {};
  if (!file || read(file.get(), text, sizeof text - 1) <= 0) return fallback;
  char* end = nullptr;
  const long long number = strtoll(text, &end, 10);
  return end == text ? fallback : number;
}

// Lowers the soft limit, and the hard one with it when `for_good`.
void limit(__rlimit_resource resource, rlim_t value, bool for_good) {
  rlimit limits;
  if (getrlimit(resource, &limits) != 0) return;
  limits.rlim_cur = std::min(value, limits.rlim_max);
  if (for_good) limits.rlim_max = limits.rlim_cur;
  setrlimit(resource, &limits);
}

void keep_only(const std::vector<int>& needed, const std::vector<int>& script_files) {
  std::vector<int> keep;
  keep.reserve(needed.size() + script_files.size());
  std::merge(needed.begin(), needed.end(), script_files.begin(), script_files.end(), std::back_inserter(keep));
  close_all_except(STDERR_FILENO + 1, keep.data(), keep.size());
}

}  // namespace

void end_if_launcher_is_gone() {
  const pid_t parent = getppid();
  if (parent != server_launcher && parent != server_zygote) kill(0, SIGKILL);
}

int parent_death_signal() { return SIGRTMIN + 7; }

void reset_signals(const sigset_t* mask) {
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  for (int number = 1; number < NSIG; ++number) {
    action.sa_handler = number == SIGPIPE ? SIG_IGN : SIG_DFL;
    sigaction(number, &action, nullptr);  // fails for SIGKILL, SIGSTOP and libc's own two
  }
  sigprocmask(SIG_SETMASK, mask, nullptr);
}

std::vector<int> script_descriptors() {
  std::vector<int> found;
  DIR* folder = opendir("/proc/self/fd");
  if (!folder) return found;
  while (const dirent* entry = readdir(folder)) {
    const int number = atoi(entry->d_name);  // "." and ".." give 0
    struct stat status;
    if (number <= STDERR_FILENO || number == dirfd(folder) || fstat(number, &status) != 0) continue;
    const mode_t type = status.st_mode & S_IFMT;
    // Event, signal and process descriptors have no type at all (anonymous inodes); the frontend's program is ours too.
    const bool is_program = (fcntl(number, F_GETFL) & O_PATH) != 0;
    if (!is_program && (type == S_IFREG || type == S_IFDIR || type == S_IFCHR || type == S_IFBLK))
      found.push_back(number);
  }
  closedir(folder);
  std::sort(found.begin(), found.end());
  return found;
}

void settle_script_child(JsHeap& heap, const std::vector<int>& keep) {
  // Signals, process group and title are those of the launcher, whose script goes on here.
  // 1. Descriptors: the launcher's event loop, its watches and the sockets of its modules stay with the launcher.
  keep_only(keep, script_descriptors());
  // 2. Random numbers: the state is in the heap.
  heap.reseed_random();
}

void settle_zygote(JsHeap& heap, pid_t launcher, const std::vector<int>& keep) {
  // 1. Parent death. The end of the launcher closes the control channel, and then the zygote ends its workers with all
  // that they have started, which nobody can do as well; SIGKILL here would take it away before. SIGCONT is for a
  // zygote that somebody has stopped. The check is for a launcher that has died already.
  prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0);
  if (getppid() != launcher) _exit(kExitOrphaned);
  // 2. A process group of its own, so that Ctrl-C reaches the launcher alone, which stops the others in order.
  setpgid(0, 0);
  // 3. Signals: the launcher's handlers are not ours. SIGINT is ignored, here and so in the workers: a terminal's
  // Ctrl-C, or who sends it to all, asks the launcher for an orderly stop.
  sigset_t none;
  sigemptyset(&none);
  reset_signals(&none);
  signal(SIGINT, SIG_IGN);
  // A script that uses the terminal from the background gets an error instead of being stopped.
  signal(SIGTTIN, SIG_IGN);
  signal(SIGTTOU, SIG_IGN);
  // 4. What a worker leaves behind when it dies (children of its children) comes to us and is reaped.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  // 5. Descriptors: listening sockets, the launcher's event loop and its channels stay with the launcher.
  keep_only(keep, script_descriptors());
  // 6. The launcher's hooks, timers, event listeners, queued triggers, microtasks and event loop. Memory of libevent's
  // is neither used nor freed.
  set_sleep_hook(nullptr, nullptr);
  set_block_hook(nullptr, nullptr);
  heap.set_interrupt_hook(nullptr, nullptr);
  heap.exit_hook = nullptr;
  heap.fork_hook = nullptr;
  if (heap.timers) heap.timers->abandon_after_fork(nullptr);
  if (heap.events) heap.events->abandon_after_fork(nullptr);
  abandon_microtasks(heap);
  // 7. Names.
  set_process_title("ravelin-zygote");
  set_log_tag("zygote");
}

uint64_t count_user_processes() {
  uint64_t threads = 0;
  DIR* folder = opendir("/proc");
  if (!folder) return 0;
  while (const dirent* entry = readdir(folder)) {
    if (atoi(entry->d_name) <= 0) continue;
    struct stat status;
    const std::string tasks = std::string("/proc/") + entry->d_name + "/task";
    // The link count of the folder is 2 and one for each thread.
    if (stat(tasks.c_str(), &status) == 0 && status.st_uid == getuid() && status.st_nlink > 2)
      threads += status.st_nlink - 2;
  }
  closedir(folder);
  return threads;
}

WorkerSurroundings survey_for_workers(pid_t launcher, const ipc::ServerConfig& config) {
  const uint64_t max_memory_bytes = config.max_memory_bytes;
  WorkerSurroundings surroundings;
  surroundings.launcher = launcher;
  surroundings.zygote = getpid();
  surroundings.script_files = script_descriptors();
  surroundings.oom_score_adj =
      std::min(static_cast<int>(read_first_number("/proc/self/oom_score_adj", 0)) + kWorkerOomRaise, kMaxOomScoreAdj);
  sigprocmask(SIG_SETMASK, nullptr, &surroundings.signal_mask);
  const long long pages = read_first_number("/proc/self/statm", 0);  // the first field is VmSize
  if (max_memory_bytes > 0 && pages > 0 && RAVELIN_SHADOW_MEMORY == 0)
    surroundings.address_space = static_cast<uint64_t>(pages) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) +
                                 max_memory_bytes + limits::kAddressSpaceSlack;
  surroundings.user_processes = count_user_processes() + 2 * uint64_t{config.workers} + limits::kProcessesOfScripts;
  return surroundings;
}

void settle_worker(JsHeap& heap, const WorkerSurroundings& surroundings, const std::vector<int>& keep) {
  // 1. A process group of its own: whoever kills this worker kills what it has started. Not a session: the kernel
  // shares the CPU between sessions (autogroup), and switching between such groups costs a hello an eighth of its CPU.
  setpgid(0, 0);
  // 2. Parent death. Handler before request, request before check: each order but this one has a gap. (Privileges were
  // dropped before the first fork; setuid() would clear the request.)
  server_launcher = surroundings.launcher;
  server_zygote = surroundings.zygote;
  struct sigaction action = {};
  action.sa_handler = on_parent_death;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(parent_death_signal(), &action, nullptr);
  prctl(PR_SET_PDEATHSIG, parent_death_signal(), 0, 0, 0);
  const pid_t parent = getppid();
  if (parent != surroundings.zygote && parent != surroundings.launcher) _exit(kExitOrphaned);
  // 3. Signal mask of before the zygote blocked SIGCHLD. Dispositions are the zygote's.
  sigprocmask(SIG_SETMASK, &surroundings.signal_mask, nullptr);
  // 4. Descriptors: the zygote's channels would give this worker power over others.
  keep_only(keep, surroundings.script_files);
  // 5. When memory runs out, workers go first.
  write_small_file("/proc/self/oom_score_adj", surroundings.oom_score_adj);
  // 6. Limits. Address space backs up the allocator's limit, since native code allocates past it; the hard limit stays,
  // so that a program started by exec() can have the memory of the machine. No core files: a page that crashes at every
  // hit would fill the disk. Processes bound a fork bomb; the kernel counts per user, and has no limit for root.
  if (surroundings.address_space != 0) limit(RLIMIT_AS, surroundings.address_space, false);
  limit(RLIMIT_CORE, 0, true);
  if (getuid() != 0) limit(RLIMIT_NPROC, surroundings.user_processes, true);
  // 7. Random numbers: the state is in the heap, so without this every worker would draw the same.
  heap.reseed_random();
  // 8. Names.
  set_process_title("ravelin-worker");
  set_log_tag("worker");
}

}  // namespace ravelin::worker
