// Marks the time in which a worker is inside script or native code of a site and nothing of ours uses the channels.
// Only then may the handler of ipc::flush_signal() send finished replies. Not for: anything but that handler's
// question. One thread; read from a signal handler.
#pragma once

#include <atomic>
#include <csignal>

namespace ravelin::worker {

inline volatile std::sig_atomic_t in_script_section = 0;

class ScriptSection {
 public:
  ScriptSection() {
    in_script_section = 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  ~ScriptSection() { leave(); }
  ScriptSection(const ScriptSection&) = delete;
  ScriptSection& operator=(const ScriptSection&) = delete;
  void leave() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    in_script_section = 0;
  }
};

// The other way round: our own code that uses the channels from within script (flushing before something blocks).
class ScriptPause {
 public:
  ScriptPause() : was_in_(in_script_section) {
    in_script_section = 0;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  ~ScriptPause() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    in_script_section = was_in_;
  }
  ScriptPause(const ScriptPause&) = delete;
  ScriptPause& operator=(const ScriptPause&) = delete;

 private:
  std::sig_atomic_t was_in_;
};

}  // namespace ravelin::worker
