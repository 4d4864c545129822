// The launcher's watch over the frontend and the zygote: starts them, hands the listening sockets to the frontend,
// replaces whichever dies, and ends everything in order. Workers of a dead zygote go on; the launcher adopts them and
// tells the frontend when they end. Not for: options and sockets (server_start), running script. Lives in the launcher
// (or daemon), main thread. It needs no event loop: one descriptor becomes readable when there is work, so it also runs
// while the script sleeps or computes.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/server_config.h"
#include "worker/adopted.h"
#include "worker/js_events.h"
#include "worker/js_heap.h"
#include "worker/listen_sockets.h"
#include "worker/supervised_child.h"

namespace ravelin::worker {

class Supervisor : private EventUplink {
 public:
  struct Parts {
    ipc::ServerConfig config;
    std::vector<ListenSocket> sockets;
    FrontendProgram frontend;
    std::string news;  // the log line when connections are accepted
  };

  // Where dispatch() is called: a zygote can be forked only where the heap is at rest, which is in the event loop and
  // in a native function, but not between two instructions of a script.
  enum class Place { kAtRest, kInsideScript };

  Supervisor(JsHeap& heap, Parts parts);
  // Kills and reaps what still lives.
  ~Supervisor() override;
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Starts zygote and frontend and waits until the frontend is ready, at most `timeout_ms`. After an error nothing is
  // left running.
  Status start(uint64_t timeout_ms);
  // From now on connections are accepted (the manual's third stage: when the start script has ended), if it has not
  // been told to stop.
  Status accept();

  // Readable when dispatch() has something to do.
  int fd() const { return epoll_.get(); }
  // Handles everything that is due; does not block.
  void dispatch(Place place);
  // dispatch() until `deadline_ns`.
  void wait_until(uint64_t deadline_ns);

  // From now on `wake_up` (stop_signals.h) becoming readable begins the orderly end.
  void watch_stop(int wake_up);
  // Orderly end: stop accepting, let what runs finish within the configured grace time, end zygote and workers.
  // dispatch() carries it out and calls `on_stopped` when all is over.
  void stop();
  std::function<void()> on_stopped;

  // Sends what the script's events have left in the channel to the frontend.
  void flush() override;

  // At once, for when the launcher itself ends (process.exit, uncaught error). Blocks for a short, bounded time.
  void kill_all();

  pid_t frontend_pid() const { return frontend_.pid(); }
  pid_t zygote_pid() const { return zygote_.pid(); }

 private:
  enum class Phase {
    kStarting,  // until the frontend is ready; a death is a start-up error
    kServing,   // deaths are made good
    kStopping,  // Stop is sent; left when the frontend has ended (killed when its time is up)
    kEnding,    // the zygote is asked to end; left when it has, and all adopted workers
    kStopped,
  };

  Status watch_children();
  Status spawn_frontend();
  Status send_listeners();
  Status spawn_zygote();
  Status connect_frontend_to_zygote();
  void wait_for_events(int timeout_ms);

  // EventUplink: the launcher's script takes part in events through the control channel of the frontend.
  Status connect_events();
  void end_frontend();
  ipc::Channel& channel() override { return *frontend_.control(); }
  void wrote() override;
  const ipc::EventWords& words() override { return event_page_.event_words(); }
  void take_while_waiting() override {}  // sleeping does: dispatch() reads
  void resume_reading() override { flush(); }

  void read_control(SupervisedChild& child, ipc::Role role);
  void on_frontend_frame(ipc::Frame& frame);
  bool may_read(const SupervisedChild& child) const;
  void flush_and_watch(SupervisedChild& child);
  void check_frontend();
  void check_zygote();
  void check_adopted();
  static void wake_stopped(SupervisedChild& child);
  void reap_strangers();
  void respawn_due(Place place);
  void plan_respawn(SupervisedChild& child, int wait_status);
  void warn_of_late_script();
  void advance_stop();
  void arm_timer();

  JsHeap& heap_;
  Parts parts_;
  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd child_events_;  // signalfd of SIGCHLD
  Phase phase_ = Phase::kStarting;
  SupervisedChild frontend_{"frontend"};
  SupervisedChild zygote_{"zygote"};
  ipc::ClaimPage event_page_;  // shared with the frontend; only its event words are used
  UniqueFd zygote_end_;        // of a channel whose other end the frontend has already, for the next zygote
  AdoptedWorkers adopted_;
  bool look_at_adopted_again_ = false;
  bool retry_at_rest_ = false;         // a zygote is due, but the last dispatch() could not fork it
  uint64_t script_is_late_at_ms_ = 0;  // 0: said already, or it has ended
  uint64_t phase_ends_ms_ = 0;         // kStopping, kEnding: then kill
  int stop_fd_ = -1;                   // not owned
  bool is_ready_ = false;
  bool accepts_ = false;  // the frontend has the listening sockets, and a new one gets them at once
  std::string failure_;   // what the frontend said in Failed
};

}  // namespace ravelin::worker
