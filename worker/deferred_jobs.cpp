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
  if (job.kind >= JobKind::kPieceDone) return run_piece_job(job, *reply);
  if (job.kind == JobKind::kDropped || job.kind == JobKind::kTimedOut) {
    if (!settle_dropped(job, *reply)) return;
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
  if (has_failed && reply->is_error_reported) {
    log_line("error: " + request_line(reply->fields) + ": what req.reply() was given was no reply, and no other came");
  } else if (has_failed) {
    log_line("error: " + request_line(reply->fields) + ": " + job.error_text);
  }
  // By then it may be deferred again, by notFoundFunc.
  std::unique_ptr<DeferredReply> taken = take(job.id);
  if (uplink_ && config_.script_timeout_ms > 0) uplink_->note_callback(monotonic_ns());
  late_.answer_late(taken->fields, has_failed ? &job.error_text : nullptr, taken->target);
  if (uplink_ && config_.script_timeout_ms > 0) uplink_->note_callback(0);
  wrote(*taken);
}

// Nobody is left who could answer. True: it has failed, and `job` says how; else it is settled.
bool DeferredReplies::settle_dropped(Job& job, DeferredReply& reply) {
  if (reply.stream != nullptr || reply.is_settled) return false;
  const std::string line = request_line(reply.fields);
  if (job.kind == JobKind::kTimedOut) {
    const std::string where = reply.place.empty() ? "in a timer or event callback" : reply.place;
    const std::string text = "script timed out after " + std::to_string(config_.script_timeout_ms) + " ms " + where;
    log_line("error: " + line + ": " + text);
    std::unique_ptr<DeferredReply> taken = take(job.id);
    late_.answer_timed_out(text, taken->target);
    wrote(*taken);
    return false;
  }
  if (!reply.reply_error.empty()) {
    job.kind = JobKind::kFailed;
    job.error_text = "error in req.reply():\n" + reply.reply_error;
    return true;
  }
  // server-details 10.7, for a Promise as for {defer: true}: a pending one counts as deferred.
  const char* why = reply.is_given     ? "the Promise that req.reply() was given can no longer be settled"
                    : reply.is_promise ? "the Promise that the function returned can no longer be settled"
                                       : "it was deferred, and nobody can call its req.reply() any more";
  logf("warning: %s: %s; the reply is what was put so far (%zu bytes)", line.c_str(), why, reply.output.size());
  answer_nothing(reply);
  return false;
}

void DeferredReplies::callback_timed_out() {
  if (replies_.empty()) return;
  // A function and its prototype refer to each other: only a collection shows what the stopped script has let go.
  if (!run_protected(heap_.js(), [](duk_context* js) { duk_gc(js, 0); })) duk_pop(heap_.js());
  for (Job& job : jobs_) {
    if (job.kind == JobKind::kDropped) job.kind = JobKind::kTimedOut;
    if (job.kind == JobKind::kPieceDropped) job.kind = JobKind::kPieceTimedOut;
  }
}

void DeferredReplies::run_piece_job(const Job& job, DeferredReply& reply) {
  if (reply.stream == nullptr) return;
  if (job.kind == JobKind::kPieceDone) return reply.stream->call_settled();
  if (job.kind == JobKind::kPieceTimedOut)
    return reply.stream->call_failed("script timed out after " + std::to_string(config_.script_timeout_ms) +
                                     " ms in the chunk callback");
  const bool is_dropped = job.kind == JobKind::kPieceDropped;
  reply.stream->call_failed("error in the chunk callback:\n" +
                            (is_dropped ? "the Promise that it returned can no longer be settled" : job.error_text));
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
  const bool has_deadline = config_.script_timeout_ms > 0;
  if (has_deadline) {
    const uint64_t now_ns = monotonic_ns();
    heap_.arm_deadline(now_ns + config_.script_timeout_ms * kNsPerMs);
    if (uplink_) uplink_->note_callback(now_ns);
  }
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
    watch_promise(js, req, req, true);
  });
  running_id_ = 0;
  bool timed_out = heap_.deadline_passed();
  if (!done) {
    result = CallResult::kFailed;
    error = (timed_out ? "script timed out after " + std::to_string(config_.script_timeout_ms) + " ms " : "error ") +
            what + ":\n" + error_text(heap_.js(), -1);
    duk_pop(heap_.js());
    if (!timed_out) run_microtasks(heap_);
    timed_out = heap_.deadline_passed();
  }
  heap_.disarm_deadline();
  if (has_deadline && uplink_) uplink_->note_callback(0);
  if (timed_out || heap_.memory_limit_hit()) {
    DeferredReply* reply = find(id);
    if (!done) log_line("error: " + (reply ? request_line(reply->fields) + ": " : std::string()) + error);
    retire();
  }
  return find(id) == nullptr && result != CallResult::kFailed ? CallResult::kGone : result;
}

}  // namespace ravelin::worker
