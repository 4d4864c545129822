// The launcher process: runs the start script in the main context, then its event loop (timers, supervision) until
// nothing is left to do. Not for: the command line (main.cpp), start() itself (server_start), children (supervisor).
// One per process; a daemon goes on with a copy of its caller's object.
#pragma once

#include <event2/event.h>

#include <memory>
#include <string>

#include "worker/js_events.h"
#include "worker/js_globals.h"
#include "worker/js_heap.h"
#include "worker/js_modules.h"
#include "worker/js_timers.h"
#include "worker/supervisor.h"

namespace ravelin::worker {

class Launcher {
 public:
  // Makes the heap with its globals and modules. Throws when the system has no memory or descriptors for that.
  explicit Launcher(const ScriptArguments& arguments);
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // Runs the script and the loop; ends the process with its exit status. Errors of the script are printed on stderr.
  [[noreturn]] void run();

  JsHeap& heap() { return heap_; }
  std::string command_line() const;
  // False in children: a worker that calls server.start() is no launcher.
  bool is_this_process() const;
  bool has_server() const { return supervisor_ != nullptr; }

  // From server.start(), when the server is up: from now on it is watched, and signals stop it in order. Connections
  // are accepted from the next turn of the event loop on: when the script, or the callback that called, has ended.
  void adopt(std::unique_ptr<Supervisor> supervisor);

  // In a daemon, right after detach(): the caller's timers, event listeners and event loop are left behind.
  void become_daemon();
  // The event loop until the server has stopped; ends the process.
  [[noreturn]] void run_loop();

 private:
  static void on_first_turn(evutil_socket_t, short, void* self);
  static void on_supervision(evutil_socket_t, short, void* self);
  static void on_interrupt(void* self);
  static void on_block(void* self);
  static void on_sleep(void* self, uint64_t deadline_ns);
  [[noreturn]] void end(int status);

  pid_t pid_;
  event_base* base_;
  JsHeap heap_;
  JsModules modules_{heap_};
  std::unique_ptr<JsTimers> timers_;
  std::unique_ptr<JsEvents> events_;
  ScriptArguments arguments_;
  std::unique_ptr<Supervisor> supervisor_;
  uint64_t next_look_ns_ = 0;  // when running script is interrupted for a look at the supervisor
};

}  // namespace ravelin::worker
