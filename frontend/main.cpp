// ravelin-frontend: started by the launcher with its control channel as descriptor 3 and nothing else open. Faces the
// network; runs no script. Not for starting by hand.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sys.h"
#include "frontend/server.h"

namespace {

constexpr int kControlDescriptor = 3;

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;  // each connection is a descriptor
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main() {
  ravelin::set_log_tag("frontend");
  ravelin::set_process_name("ravelin-frontend");
  struct stat status {};
  if (fstat(kControlDescriptor, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    fprintf(stderr, "ravelin-frontend is started by ravelin; run: ravelin app.js\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  // Ctrl-C reaches the whole foreground group: the launcher decides what happens then.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGTTOU, SIG_IGN);  // a log line on a terminal that has `stty tostop`
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // workers run as the same user: they must not read this memory
#endif
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  raise_descriptor_limit();
  fcntl(kControlDescriptor, F_SETFD, FD_CLOEXEC);
  ravelin::set_nonblocking(kControlDescriptor, true);
  ravelin::frontend::Server server{ravelin::UniqueFd(kControlDescriptor)};
  return server.run();
}
