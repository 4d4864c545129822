// DeferredReplies, second part: what waits for the script to end, and calls from the event loop at rest.
#include <utility>

#include "common/clock.h"
#include "common/log.h"
#include "worker/deferred_replies.h"
#include "worker/js_error.h"
#include "worker/js_microtasks.h"
#include "worker/script_section.h"

namespace ravelin::worker {

// A Promise was rejected, or its value is no reply.
void DeferredReplies::fail(DeferredReply& reply, const std::string& error_text) {
  reply.is_settled = true;
  add_job(JobKind::kFailed, reply.id, "error " + reply.place + ":\n" + error_text);
}

void DeferredReplies::add_job(JobKind kind, uint64_t id, std::string error_text) {
  jobs_.push_back({kind, id, std::move(error_text)});
  if (work_) event_active(work_, EV_TIMEOUT, 0);
}

void DeferredReplies::run_jobs() {
  std::vector<Job> jobs;
  jobs.swap(jobs_);
  for (Job& job : jobs) run(job);
}

void DeferredReplies::run(Job& job) {
  DeferredReply* reply = find(job.id);
  if (reply == nullptr) return;
  if (job.kind == JobKind::kPieceDone || job.kind == JobKind::kPieceFailed) return run_piece_job(job, *reply);
  if (job.kind == JobKind::kDropped) {
    if (reply->stream != nullptr || reply->is_settled) return;
    if (!reply->is_promise) return answer_nothing(*reply);
    job.kind = JobKind::kFailed;
    job.error_text = "error " + reply->place + ":\nthe Promise that the function returned can no longer be settled";
  } else if (job.kind == JobKind::kCall) {
    std::string line = request_line(reply->fields);
    CallResult result = call_kept(job.id, {}, "in the function under \"defer\"", job.error_text);
    reply = find(job.id);
    if (reply != nullptr) unkeep(*reply);
    if (result != CallResult::kFailed) return;
    if (reply == nullptr) return log_line("error: " + line + ": " + job.error_text);  // it had answered before
    job.kind = JobKind::kFailed;
  }
  bool has_failed = job.kind == JobKind::kFailed;
  if (has_failed) log_line("error: " + request_line(reply->fields) + ": " + job.error_text);
  // By then it may be deferred again, by notFoundFunc.
  std::unique_ptr<DeferredReply> taken = take(job.id);
  late_.answer_late(taken->fields, has_failed ? &job.error_text : nullptr, taken->target);
  wrote(*taken);
}

void DeferredReplies::run_piece_job(const Job& job, DeferredReply& reply) {
  if (reply.stream == nullptr) return;
  if (job.kind == JobKind::kPieceDone) return reply.stream->call_settled();
  reply.stream->call_failed("error in the chunk callback:\n" + job.error_text);
}

// The script has dropped req without an answer: what it has put is all there is.
void DeferredReplies::answer_nothing(DeferredReply& reply) {
  uint64_t id = reply.id;
  bool done = run_protected(heap_.js(), [&](duk_context* js) {
    duk_push_undefined(js);
    send(js, -1, reply, DUK_INVALID_INDEX);
  });
  if (done) return;
  duk_pop(heap_.js());
  if (find(id) != nullptr) end_stream(id, ipc::FrameType::kAbort);
}

DeferredReplies::CallResult DeferredReplies::call_kept(uint64_t id, std::optional<uint32_t> chunk_index,
                                                       const char* what, std::string& error) {
  if (config_.script_timeout_ms > 0) heap_.arm_deadline(monotonic_ns() + config_.script_timeout_ms * kNsPerMs);
  CallResult result = CallResult::kDone;
  running_id_ = id;
  bool done = run_protected(heap_.js(), [&](duk_context* js) {
    push_kept(js);
    duk_push_number(js, static_cast<double>(id));
    if (!duk_get_prop(js, -2)) return;
    duk_get_prop_index(js, -1, 0);
    duk_idx_t req = duk_get_top_index(js);
    if (chunk_index) {
      duk_push_uint(js, *chunk_index);
      duk_put_prop_literal(js, req, "chunkIndex");
    }
    duk_get_prop_index(js, req - 1, 1);
    duk_dup(js, req);
    ScriptSection section;
    duk_call(js, 1);
    bool is_promise = claim_promise(js, -1);
    run_microtasks_or_throw(js);
    if (!is_promise) return;
    PromiseState state = take_promise(js, -1);
    if (state == PromiseState::kRejected) duk_throw(js);
    if (state != PromiseState::kPending || !chunk_index || find(id) == nullptr) return;
    result = CallResult::kPending;
    watch_promise(js, req, true);
  });
  running_id_ = 0;
  bool timed_out = heap_.deadline_passed();
  if (!done) {
    result = CallResult::kFailed;
    error = (timed_out ? "script timed out after " + std::to_string(config_.script_timeout_ms) + " ms " : "error ") +
            what + ":\n" + error_text(heap_.js(), -1);
    duk_pop(heap_.js());
    if (!timed_out) run_microtasks(heap_);
  }
  heap_.disarm_deadline();
  if (timed_out || heap_.memory_limit_hit()) {
    DeferredReply* reply = find(id);
    if (!done) log_line("error: " + (reply ? request_line(reply->fields) + ": " : std::string()) + error);
    retire();
  }
  return find(id) == nullptr && result != CallResult::kFailed ? CallResult::kGone : result;
}

}  // namespace ravelin::worker
