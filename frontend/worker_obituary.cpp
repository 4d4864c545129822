// The log line of a worker's death: put together from what the pidfd, the zygote and the loops tell, in any order.
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "common/log.h"
#include "frontend/worker_life.h"

namespace ravelin::frontend {
namespace {

constexpr uint64_t kPatienceMs = 500;  // how long a log line waits for the zygote's word on the wait status

// " while it owed the replies to GET /a (deferred, ran 12 ms), GET /b (chunked, ran 9 ms) and 3 more", or "".
std::string owed_text(const LostRequests& lost) {
  if (lost.owed_count == 0) return {};
  std::string text = lost.owed_count == 1 ? " while it owed the reply to " : " while it owed the replies to ";
  for (size_t i = 0; i < lost.owed.size(); ++i) text += (i == 0 ? "" : ", ") + lost.owed[i];
  if (lost.owed_count > lost.owed.size())
    text += " and " + std::to_string(lost.owed_count - lost.owed.size()) + " more";
  return text;
}

std::string text_of(const LostRequests& lost) {
  return (lost.running.empty() ? "" : " while running " + lost.running) + owed_text(lost);
}

}  // namespace

std::string describe_wait_status(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    int signal = WTERMSIG(wait_status);
    const char* name = sigabbrev_np(signal);
    return "died of signal " + std::to_string(signal) + " (SIG" + (name != nullptr ? name : "?") + ")";
  }
  if (WIFEXITED(wait_status)) return "ended with exit code " + std::to_string(WEXITSTATUS(wait_status));
  return "ended";
}

Obituary* WorkerLife::find_obituary(uint32_t slot, uint32_t generation) {
  for (Obituary& obituary : obituaries_)
    if (obituary.slot == slot && obituary.generation == generation) return &obituary;
  return nullptr;
}

void WorkerLife::heard_from_loop(uint32_t slot, uint32_t generation, LostRequests lost) {
  Obituary* obituary = find_obituary(slot, generation);
  if (obituary == nullptr) return;
  if (!lost.running.empty()) obituary->lost.running = std::move(lost.running);
  for (std::string& owed : lost.owed)
    if (obituary->lost.owed.size() < LostRequests::kMostNamed) obituary->lost.owed.push_back(std::move(owed));
  obituary->lost.owed_count += lost.owed_count;
  if (obituary->loops_to_hear > 0) --obituary->loops_to_hear;
  if (obituary->loops_to_hear > 0) return;
  if (obituary->has_status) return publish(*obituary);
  obituary->patience = main_.make_event(
      -1, 0, [](int, short, void* life) { static_cast<WorkerLife*>(life)->publish_overdue(); }, this);
  arm_timer(obituary->patience.get(), kPatienceMs);
}

void WorkerLife::publish_overdue() {
  for (auto it = obituaries_.begin(); it != obituaries_.end();) {
    Obituary& obituary = *it++;
    if (obituary.loops_to_hear == 0) publish(obituary);
  }
}

void WorkerLife::set_status(uint32_t slot, uint32_t generation, pid_t pid, int wait_status) {
  Obituary* obituary = find_obituary(slot, generation);
  if (obituary == nullptr) {
    // The zygote's word came before the pidfd event of the same turn: keep it for then.
    if (slot < entries_.size() && entries_[slot].generation == generation && entries_[slot].pid == pid)
      entries_[slot].early_status = wait_status;
    return;
  }
  obituary->has_status = true;
  obituary->wait_status = wait_status;
  if (obituary->kill_reason == KillReason::kNone) forgive_if_killed(slot, generation, wait_status);
  if (obituary->loops_to_hear == 0) publish(*obituary);
}

// Writes the line and forgets the obituary.
void WorkerLife::publish(Obituary& o) {
  std::string line;
  std::string how = o.has_status ? describe_wait_status(o.wait_status) : std::string("ended");
  switch (o.kill_reason) {
    case KillReason::kNone:
      if (o.retired) {
        line = "was retired: " + o.kill_detail + owed_text(o.lost);
      } else if (!o.was_ready) {
        line = how + " before it was ready";
      } else {
        const bool is_idle = o.lost.running.empty() && o.lost.owed_count == 0;
        line = how + (is_idle ? " while idle" : text_of(o.lost));
      }
      break;
    case KillReason::kTimeout:
    case KillReason::kStalled:
      line = "was killed: " + o.kill_detail + owed_text(o.lost);
      break;
    case KillReason::kSpawnDeadline:
      line = "was killed: it was not ready in time";
      break;
    case KillReason::kMalformed:
      line = "was killed: it broke the protocol (" + o.kill_detail + ")" + text_of(o.lost);
      break;
    case KillReason::kShutdown:
      break;  // no news
  }
  if (!line.empty()) {
    bool quiet = o.retired && o.kill_reason == KillReason::kNone && o.has_status && o.wait_status == 0;
    logf("%s: worker %u (pid %d) %s; %s", quiet ? "notice" : "error", o.slot, o.pid, line.c_str(),
         ending_ ? "the server is stopping" : "a new one takes its place");
  }
  obituaries_.remove_if([&o](const Obituary& other) { return &other == &o; });
}

}  // namespace ravelin::frontend
