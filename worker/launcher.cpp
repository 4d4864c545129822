#include "worker/launcher.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "common/clock.h"
#include "common/log.h"
#include "worker/block_hook.h"
#include "worker/daemon.h"
#include "worker/fork_hygiene.h"
#include "worker/js_microtasks.h"
#include "worker/js_source.h"
#include "worker/server_start.h"
#include "worker/sleep_hook.h"
#include "worker/stop_signals.h"

namespace ravelin::worker {

namespace {

constexpr uint64_t kLookEveryNs = 5 * kNsPerMs;  // a frontend that dies while script computes listens again in 100 ms

constexpr char kMainThread[] = "mainThread";  // heap stash

event_base* new_base() {
  event_base* base = event_base_new();
  if (!base) throw std::runtime_error("could not make an event loop");
  return base;
}

// The script runs in an engine thread of its own. Workers are forked in the middle of it, inside server.start(), and
// run requests on the heap's main thread: it is then idle, so the stack of a request's error does not end in the lines
// of the start script.
duk_context* new_script_thread(duk_context* js) {
  duk_push_heap_stash(js);
  duk_push_thread(js);
  duk_context* thread = duk_require_context(js, -1);
  duk_put_prop_string(js, -2, kMainThread);
  duk_pop(js);
  return thread;
}

}  // namespace

Launcher::Launcher(const ScriptArguments& arguments) : pid_(getpid()), base_(new_base()), arguments_(arguments) {
  timers_ = std::make_unique<JsTimers>(base_, heap_.js());
  events_ = std::make_unique<JsEvents>(base_, heap_.js());
  // Zygote and workers inherit both: promise reactions follow each callback (runtime-api 2.4).
  timers_->set_after_callback([this] { after_callback(); });
  events_->set_after_callback([this] { after_callback(); });
  install_server_module(heap_, *this);
  install_globals(heap_, arguments_);
  heap_.exit_hook = [this](int code) { end(code); };
  heap_.fork_hook = [this](bool detaches, const std::vector<int>& keep) { return fork_script(detaches, keep); };
}

void Launcher::run() {
  if (!run_main_script(new_script_thread(heap_.js()), arguments_.script)) end(1);
  run_loop();
}

void Launcher::run_loop() {
  is_in_loop_ = true;
  // Ends when there is nothing to wait for: no timer, no server.
  event_base_loop(base_, 0);
  end(0);
}

std::string Launcher::command_line() const {
  std::string line;
  for (const std::string& word : arguments_.argv) line += (line.empty() ? "" : " ") + word;
  return line;
}

bool Launcher::is_this_process() const { return getpid() == pid_; }

void Launcher::adopt(std::unique_ptr<Supervisor> supervisor) {
  heap_.fork_hook = nullptr;
  supervisor_ = std::move(supervisor);
  supervisor_->on_stopped = [this] { end(0); };
  const int wake_up = catch_stop_signals();
  if (wake_up >= 0) supervisor_->watch_stop(wake_up);
  event* readable = event_new(base_, supervisor_->fd(), EV_READ | EV_PERSIST, on_supervision, this);
  const timeval at_once = {};
  if (!readable || event_add(readable, nullptr) != 0 ||
      event_base_once(base_, -1, EV_TIMEOUT, on_first_turn, this, &at_once) != 0) {
    log_line("error: the launcher has no memory to watch its children; the server ends");
    end(1);
  }
  heap_.set_interrupt_hook(on_interrupt, this);
  set_sleep_hook(on_sleep, this);
  set_block_hook(on_block, this);
}

// The manual's Technical Notes: "end of script" is where serving begins. What the script has set up until then,
// listeners above all, is there before the first request.
void Launcher::on_first_turn(evutil_socket_t, short, void* self) {
  auto& launcher = *static_cast<Launcher*>(self);
  if (Status status = launcher.supervisor_->accept(); !status) {
    logf("error: the server cannot accept connections: %s; it ends", status.error().message.c_str());
    launcher.end(1);
  }
}

void Launcher::on_supervision(evutil_socket_t, short, void* self) {
  static_cast<Launcher*>(self)->supervisor_->dispatch(Supervisor::Place::kAtRest);
}

void Launcher::on_interrupt(void* self) {
  Launcher& launcher = *static_cast<Launcher*>(self);
  const uint64_t now_ns = monotonic_ns();
  if (now_ns < launcher.next_look_ns_) return;
  launcher.next_look_ns_ = now_ns + kLookEveryNs;
  launcher.supervisor_->dispatch(Supervisor::Place::kInsideScript);
}

// What the script has triggered or listens to goes out before anything that others could see it by.
void Launcher::on_block(void* self) {
  Launcher& launcher = *static_cast<Launcher*>(self);
  launcher.events_->sync();
  launcher.supervisor_->flush();
}

void Launcher::on_sleep(void* self, uint64_t deadline_ns) {
  static_cast<Launcher*>(self)->supervisor_->wait_until(deadline_ns);
}

void Launcher::leave_loop_of_parent() {
  pid_ = getpid();
  base_ = new_base();  // the old one shares its kernel state with the caller: neither used nor freed
  timers_->abandon_after_fork(base_);
}

void Launcher::become_daemon() {
  leave_loop_of_parent();
  events_->move_after_fork(base_);  // workers trigger events for the server's main process, which is this one now
  abandon_microtasks(heap_);
}

// Promise reactions are not abandoned: the code that forks may be one, and what follows it goes on in both processes.
int Launcher::fork_script(bool detaches, const std::vector<int>& keep) {
  fflush(nullptr);
  // Nobody waits for them, and a script may make one after the other. Beside a server the supervisor reaps them.
  std::erase_if(script_children_, [](pid_t child) { return waitpid(child, nullptr, WNOHANG) != 0; });
  if (detaches) {
    auto detached = detach();
    if (!detached) return -1;
    if (!detached.value().in_daemon) {
      auto pid = wait_for_report(std::move(detached.value().report));
      return pid ? pid.value() : -1;
    }
    report_start(detached.value().report, "");
  } else if (const pid_t pid = fork(); pid != 0) {
    if (pid > 0) script_children_.push_back(pid);
    return pid;
  }
  script_children_.clear();
  settle_script_child(heap_, keep);
  leave_loop_of_parent();
  events_->abandon_after_fork(base_);
  has_foreign_loop_ = is_in_loop_;
  return 0;
}

void Launcher::after_callback() {
  run_microtasks(heap_);
  if (!has_foreign_loop_) return;
  // Below this call is the loop of the parent. It is never returned to.
  has_foreign_loop_ = false;
  run_loop();
}

void Launcher::end(int status) {
  if (supervisor_) supervisor_->kill_all();
  fflush(nullptr);
  // No destructors: finalizers of script objects have no place in a process that is told to end.
  _exit(status);
}

}  // namespace ravelin::worker
