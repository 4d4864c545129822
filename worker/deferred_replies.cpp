#include "worker/deferred_replies.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/clock.h"
#include "worker/js_error.h"
#include "worker/js_microtasks.h"
#include "worker/script_section.h"

namespace ravelin::worker {
namespace {

// On req and its functions: the token, an Object with the reply's number. When nothing refers to it any more, nobody
// can answer.
constexpr char kToken[] = DUK_HIDDEN_SYMBOL("deferredReply");
constexpr char kTokenId[] = "id";
constexpr char kTokenAnswered[] = "answered";
constexpr char kFunctionReq[] = DUK_HIDDEN_SYMBOL("req");
constexpr char kFunctionCall[] = DUK_HIDDEN_SYMBOL("call");  // a token of the call of a chunk callback
constexpr char kStashKept[] = "deferredReplies";             // id -> [req, function]
constexpr uint16_t kOk = 200;
constexpr uint64_t kFirstSweepMs = 200;  // after a deferral; then twice as long each time
constexpr uint64_t kMostSweepMs = 30'000;

// One Handler serves a process.
DeferredReplies* instance = nullptr;

// The number in the token of the value at `index`, or 0.
uint64_t token_id(duk_context* js, duk_idx_t index) {
  if (!duk_is_object(js, index)) return 0;
  index = duk_normalize_index(js, index);
  uint64_t id = 0;
  if (duk_get_prop_string(js, index, kToken)) {
    duk_get_prop_string(js, -1, kTokenId);
    id = static_cast<uint64_t>(duk_get_number_default(js, -1, 0));
    duk_pop(js);
  }
  duk_pop(js);
  return id;
}

}  // namespace

DeferredReplies::DeferredReplies(JsHeap& heap, JsReply& reply, const ipc::ServerConfig& config, LateAnswers& late)
    : heap_(heap), reply_(reply), config_(config), late_(late) {
  instance = this;
  heap.on_reply_error_reported = [this](uint64_t id) {
    if (DeferredReply* reply = find(id)) reply->is_error_reported = true;
  };
}

DeferredReplies::~DeferredReplies() {
  instance = nullptr;
  heap_.on_reply_error_reported = nullptr;
  if (work_) event_free(work_);
  if (sweep_) event_free(sweep_);
}

void DeferredReplies::connect(ReplyUplink& uplink, event_base* base) {
  uplink_ = &uplink;
  work_ = event_new(
      base, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<DeferredReplies*>(self)->run_jobs(); }, this);
  sweep_ = event_new(
      base, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<DeferredReplies*>(self)->sweep(); }, this);
  if (!work_ || !sweep_) throw std::bad_alloc();
}

DeferredReplies* DeferredReplies::of(duk_context* js) {
  return instance != nullptr && &instance->heap_ == &JsHeap::of(js) ? instance : nullptr;
}

uint64_t DeferredReplies::key_of(const ReplyTarget& target) {
  static_assert(limits::kMaxLoops <= 16);
  return target.stream << 4 | target.loop;  // streams count up from 1: 60 bits last for ever
}

DeferredReply* DeferredReplies::find(uint64_t id) {
  auto found = replies_.find(id);
  return found == replies_.end() ? nullptr : found->second.get();
}

// Out of the table; null when it is not there.
std::unique_ptr<DeferredReply> DeferredReplies::take(uint64_t id) {
  auto found = replies_.find(id);
  if (found == replies_.end()) return nullptr;
  std::unique_ptr<DeferredReply> taken = std::move(found->second);
  by_stream_.erase(key_of(taken->target));
  replies_.erase(found);
  unkeep(*taken);
  if (uplink_) uplink_->reply_ended();
  return taken;
}

void DeferredReplies::unkeep(DeferredReply& reply) {
  if (!std::exchange(reply.is_kept, false)) return;
  bool done = run_protected(heap_.js(), [&](duk_context* js) {
    push_kept(js);
    duk_push_number(js, static_cast<double>(reply.id));
    duk_del_prop(js, -2);
  });
  if (!done) duk_pop(heap_.js());
}

void DeferredReplies::wrote(const DeferredReply& reply) {
  if (uplink_) uplink_->wrote(reply.target.channel);
}

void DeferredReplies::end_stream(uint64_t id, ipc::FrameType type) {
  DeferredReply* reply = find(id);
  if (reply == nullptr) return;
  {
    ScriptPause pause;
    ipc::FrameWriter(reply->target.channel.out(), type, 0, reply->target.stream).finish();
    wrote(*reply);
  }
  take(id);
}

void DeferredReplies::push_kept(duk_context* js) {
  duk_push_heap_stash(js);
  if (!duk_get_prop_string(js, -1, kStashKept)) {
    duk_pop(js);
    duk_push_bare_object(js);
    duk_dup_top(js);
    duk_put_prop_string(js, -3, kStashKept);
  }
  duk_remove(js, -2);
}

// --- opening

DeferredReply& DeferredReplies::open(const ReplySource& source, const ReplyTarget& target, uint16_t default_status) {
  uint64_t id = next_id_++;
  auto reply = std::make_unique<DeferredReply>(id, target);
  reply->target.slot = ipc::kNoSlot;
  reply->default_status = default_status;
  // With a small body: notFoundFunc may want to see it when the late answer fails.
  ipc::encode_request(reply->payload, source.fields, false);
  auto fields = ipc::decode_request(reply->payload, false);
  CHECK(static_cast<bool>(fields));
  reply->fields = fields.value();
  by_stream_[key_of(target)] = id;
  return *(replies_[id] = std::move(reply));
}

void DeferredReplies::push_token(duk_context* js, uint64_t id, duk_c_function finalizer) {
  duk_push_bare_object(js);
  duk_push_number(js, static_cast<double>(id));
  duk_put_prop_string(js, -2, kTokenId);
  duk_push_c_function(js, finalizer, 2);
  duk_set_finalizer(js, -2);
}

void DeferredReplies::give_token(duk_context* js, duk_idx_t req, uint64_t id) {
  duk_push_string(js, kToken);
  push_token(js, id, native_dropped);
  duk_def_prop(js, req, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
}

// The function refers to the token only: req and it must not keep each other alive.
void DeferredReplies::give_reply(duk_context* js, duk_idx_t req) {
  duk_push_string(js, "reply");
  duk_push_c_function(js, guarded<native_reply>, 1);
  duk_get_prop_string(js, req, kToken);
  duk_put_prop_string(js, -2, kToken);
  duk_def_prop(js, req,
               DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE |
                   DUK_DEFPROP_SET_ENUMERABLE | DUK_DEFPROP_FORCE);
}

// [ ... function ] -> [ ... ]
void DeferredReplies::keep(duk_context* js, duk_idx_t req, DeferredReply& reply) {
  reply.is_kept = true;
  duk_push_array(js);
  duk_dup(js, req);
  duk_put_prop_index(js, -2, 0);
  duk_swap_top(js, -2);
  duk_put_prop_index(js, -2, 1);
  push_kept(js);
  duk_swap_top(js, -2);
  duk_push_number(js, static_cast<double>(reply.id));
  duk_swap_top(js, -2);
  duk_put_prop(js, -3);
  duk_pop(js);
}

// The last step of a deferral: from here on the frontend counts on an answer.
void DeferredReplies::tell_deferred(const ReplyTarget& target) {
  if (target.slot == ipc::kNoSlot) return;  // it knows
  ipc::FrameWriter(target.channel.out(), ipc::FrameType::kDeferred, target.slot, target.stream).finish();
  plan_sweep(kFirstSweepMs);
}

// A sweep may take a hundredth of the time: heaps can be large.
void DeferredReplies::plan_sweep(uint64_t delay_ms) {
  if (!sweep_) return;
  const uint64_t now_ms = monotonic_ms();
  delay_ms = std::clamp(delay_ms, std::min(100 * sweep_cost_ms_, kMostSweepMs), kMostSweepMs);
  if (sweep_at_ms_ != 0 && sweep_at_ms_ <= now_ms + delay_ms) return;
  sweep_delay_ms_ = delay_ms;
  sweep_at_ms_ = now_ms + delay_ms;
  const timeval delay{static_cast<time_t>(delay_ms / 1000), static_cast<suseconds_t>(delay_ms % 1000 * 1000)};
  evtimer_add(sweep_, &delay);
}

// A function and its prototype refer to each other. So a req that only a forgotten callback knew is freed by a garbage
// collection, and an idle worker has none: its client would wait for ever.
void DeferredReplies::sweep() {
  sweep_at_ms_ = 0;
  const auto is_open = [](const auto& entry) {
    const DeferredReply& reply = *entry.second;
    return reply.stream ? reply.stream->is_in_call() : !reply.is_settled;
  };
  if (std::none_of(replies_.begin(), replies_.end(), is_open)) return;
  const uint64_t begin_ms = monotonic_ms();
  if (!run_protected(heap_.js(), [](duk_context* js) { duk_gc(js, 0); })) duk_pop(heap_.js());
  sweep_cost_ms_ = monotonic_ms() - begin_ms;
  plan_sweep(2 * sweep_delay_ms_);
}

void DeferredReplies::defer(duk_context* js, duk_idx_t req, const ReplySource& source, const ReplyTarget& target,
                            uint16_t default_status) {
  DeferredReply& reply = open(source, target, default_status);
  try {
    give_token(js, req, reply.id);
    give_reply(js, req);
    if (duk_is_function(js, -1)) {
      keep(js, req, reply);
      add_job(JobKind::kCall, reply.id);
    } else {
      duk_pop(js);
    }
    tell_deferred(target);
  } catch (...) {
    take(reply.id);
    throw;
  }
  reply.output.swap(source.output);
}

void DeferredReplies::defer_promise(duk_context* js, duk_idx_t req, const ReplySource& source,
                                    const ReplyTarget& target, uint16_t default_status, std::string place) {
  DeferredReply& reply = open(source, target, default_status);
  reply.is_promise = true;
  reply.place = std::move(place);
  try {
    give_token(js, req, reply.id);
    watch_promise(js, req, req, false);
    tell_deferred(target);
  } catch (...) {
    take(reply.id);
    throw;
  }
  reply.output.swap(source.output);
}

void DeferredReplies::stream(duk_context* js, duk_idx_t req, const ReplySource& source, const ReplyTarget& target) {
  source.output.clear();  // it was the first piece
  DeferredReply& reply = open(source, target, kOk);
  try {
    give_token(js, req, reply.id);
    make_stream(js, req, reply);
  } catch (...) {
    end_stream(reply.id, ipc::FrameType::kAbort);
    throw;
  }
}

// [ ... callback ] -> [ ... ]; req has its token.
void DeferredReplies::make_stream(duk_context* js, duk_idx_t req, DeferredReply& reply) {
  keep(js, req, reply);
  ChunkStream::give_functions(js, req, kToken);
  reply.stream = std::make_unique<ChunkStream>(*this, reply, reply_.chunk_delay_ms());
}

// [ ... promise ] -> [ ... ]; its value or reason comes to native_settled(). `token_owner` has the token; `req` may be
// none. `is_call`: it is what a callback returned, not the reply.
void DeferredReplies::watch_promise(duk_context* js, duk_idx_t token_owner, duk_idx_t req, bool is_call) {
  duk_get_prop_literal(js, -1, "then");
  duk_swap_top(js, -2);
  if (is_call) {
    // Below the two, which share it: it goes with them.
    push_token(js, token_id(js, token_owner), native_call_dropped);
    duk_insert(js, -3);
  }
  const duk_idx_t call_token = duk_get_top(js) - 3;
  for (int is_rejected = 0; is_rejected < 2; ++is_rejected) {
    duk_push_c_function(js, guarded<native_settled>, 1);
    duk_set_magic(js, -1, (is_call ? 2 : 0) + is_rejected);
    duk_get_prop_string(js, token_owner, kToken);
    duk_put_prop_string(js, -2, kToken);
    if (is_call) {
      duk_dup(js, call_token);
      duk_put_prop_string(js, -2, kFunctionCall);
    }
    if (req == DUK_INVALID_INDEX) continue;
    duk_dup(js, req);
    duk_put_prop_string(js, -2, kFunctionReq);
  }
  duk_call_method(js, 2);
  duk_pop(js);
  if (is_call) {
    duk_pop(js);
    plan_sweep(kFirstSweepMs);
  }
}

// --- answers of the script

DeferredReply* DeferredReplies::of_function(duk_context* js) {
  DeferredReplies* self = of(js);
  duk_push_current_function(js);
  uint64_t id = token_id(js, -1);
  duk_pop(js);
  return self != nullptr ? self->find(id) : nullptr;
}

std::string* DeferredReplies::output_of(duk_context* js, duk_idx_t index) {
  DeferredReplies* self = of(js);
  if (self == nullptr) return nullptr;
  uint64_t id = token_id(js, index);
  if (id == 0 && has_kept_request(js, index)) return nullptr;  // the req of another request, which was answered
  DeferredReply* reply = self->find(id != 0 ? id : self->running_id_);
  return reply != nullptr && !reply->is_settled ? &reply->output : nullptr;
}

const MimeTable& DeferredReplies::mime_of(duk_context* js) { return of(js)->reply_.mime(); }

uint64_t DeferredReplies::max_output_bytes(duk_context* js) { return of(js)->config_.max_memory_bytes; }

duk_ret_t DeferredReplies::native_reply(duk_context* js) {
  duk_push_current_function(js);
  duk_idx_t function = duk_get_top_index(js);
  duk_get_prop_string(js, function, kToken);
  duk_idx_t token = duk_get_top_index(js);
  duk_get_prop_string(js, token, kTokenAnswered);
  if (duk_to_boolean(js, -1)) throw_error(js, "req.reply: this request has been answered");
  DeferredReply* reply = of_function(js);
  if (reply == nullptr) return 0;  // the client has gone, or the time is over
  if (reply->is_sending || reply->is_settled) throw_error(js, "req.reply: this request is being answered");
  duk_push_this(js);
  uint64_t id = reply->id;
  duk_idx_t req = token_id(js, -1) == id ? duk_get_top_index(js) : DUK_INVALID_INDEX;
  if (claim_promise(js, 0)) {
    of(js)->reply_with_promise(js, function, req, *reply);
  } else {
    of(js)->give(js, 0, req, id);
  }
  duk_push_true(js);
  duk_put_prop_string(js, token, kTokenAnswered);
  return 0;
}

// The value at `value` is what req.reply() was given. What is no reply throws, and the script may try another; should
// it not, this is what went wrong.
void DeferredReplies::give(duk_context* js, duk_idx_t value, duk_idx_t req, uint64_t id) {
  const bool sent = run_protected(js, [&](duk_context* inner) { send(inner, value, *find(id), req); });
  if (sent) return;
  DeferredReply* open = find(id);
  if (open != nullptr && !heap_.deadline_passed()) {
    open->reply_error = error_text(js, -1);
    if (duk_is_error(js, -1)) {
      duk_push_number(js, static_cast<double>(id));
      duk_put_prop_string(js, -2, kErrorOfReply);
    }
    plan_sweep(kFirstSweepMs);
  }
  duk_throw(js);
}

// The Promise at index 0 was given to req.reply() (`function`).
void DeferredReplies::reply_with_promise(duk_context* js, duk_idx_t function, duk_idx_t req, DeferredReply& reply) {
  if (reply.is_promise) throw_error(js, "req.reply: this request is being answered");
  duk_dup(js, 0);
  watch_promise(js, function, req, false);
  reply.is_promise = reply.is_given = true;
  reply.place = "in the Promise that req.reply() was given";
}

// A Promise that was watched has its value or reason. Magic: 1 = rejected, 2 = of a callback.
duk_ret_t DeferredReplies::native_settled(duk_context* js) {
  int magic = duk_get_current_magic(js);
  bool is_rejected = (magic & 1) != 0;
  DeferredReply* reply = of_function(js);
  if (reply == nullptr) return 0;
  if ((magic & 2) != 0) {
    duk_push_current_function(js);
    duk_get_prop_string(js, -1, kFunctionCall);
    duk_push_true(js);
    duk_put_prop_string(js, -2, kTokenAnswered);
    std::string text = is_rejected ? error_text(js, 0) : std::string();
    of(js)->add_job(is_rejected ? JobKind::kPieceFailed : JobKind::kPieceDone, reply->id, std::move(text));
    return 0;
  }
  if (!is_rejected) return settle_reply(js, *reply);
  of(js)->fail(*reply, error_text(js, 0));
  return 0;
}

// The value of the Promise, at index 0, is the reply.
duk_ret_t DeferredReplies::settle_reply(duk_context* js, DeferredReply& reply) {
  if (reply.is_sending || reply.is_settled) return 0;  // req.reply() was first
  DeferredReplies* self = of(js);
  duk_push_current_function(js);
  duk_idx_t req = duk_get_prop_string(js, -1, kFunctionReq) ? duk_get_top_index(js) : DUK_INVALID_INDEX;
  uint64_t id = reply.id;
  bool sent = run_protected(js, [&](duk_context* inner) { self->send(inner, 0, reply, req); });
  if (sent) return 0;
  if (DeferredReply* open = self->find(id)) self->fail(*open, error_text(js, -1));
  return 0;
}

// Finalizer of a token. Runs anywhere: it only takes a note.
duk_ret_t DeferredReplies::native_dropped(duk_context* js) {
  DeferredReplies* self = of(js);
  if (self == nullptr) return 0;
  duk_get_prop_string(js, 0, kTokenId);
  auto id = static_cast<uint64_t>(duk_get_number_default(js, -1, 0));
  if (self->find(id) != nullptr) self->add_job(JobKind::kDropped, id);
  return 0;
}

// Finalizer of the token of a call whose Promise was awaited.
duk_ret_t DeferredReplies::native_call_dropped(duk_context* js) {
  DeferredReplies* self = of(js);
  if (self == nullptr || duk_get_prop_string(js, 0, kTokenAnswered)) return 0;
  duk_get_prop_string(js, 0, kTokenId);
  auto id = static_cast<uint64_t>(duk_get_number_default(js, -1, 0));
  if (self->find(id) != nullptr) self->add_job(JobKind::kPieceDropped, id);
  return 0;
}

// Sends the value at `value`. Throws what JsReply::send() throws; then the request is still open.
void DeferredReplies::send(duk_context* js, duk_idx_t value, DeferredReply& reply, duk_idx_t req) {
  struct Sending {
    DeferredReply* reply;
    explicit Sending(DeferredReply* r) : reply(r) { reply->is_sending = true; }
    ~Sending() {
      if (reply) reply->is_sending = false;
    }
  } sending(&reply);
  ScriptPause pause;
  uint64_t id = reply.id;
  JsReply::Verdict verdict = reply_.send(js, value, {reply.fields, reply.output}, reply.default_status, reply.target);
  switch (verdict) {
    case JsReply::Verdict::kSent:
      wrote(reply);
      sending.reply = nullptr;
      take(id);
      return;
    case JsReply::Verdict::kNotFound:
      reply.is_settled = true;
      return add_job(JobKind::kNotFound, id);
    case JsReply::Verdict::kDeferred:
      if (!reply.is_promise || reply.is_given) throw_type_error(js, "req.reply: a reply cannot be deferred again");
      reply.is_promise = false;
      give_reply(js, req);
      if (duk_is_function(js, -1)) {
        keep(js, req, reply);
        return add_job(JobKind::kCall, id);
      }
      return duk_pop(js);
    case JsReply::Verdict::kStream:
      wrote(reply);
      reply.output.clear();
      try {
        if (req == DUK_INVALID_INDEX) throw_type_error(js, "req.reply: call it on req for a chunked reply");
        return make_stream(js, req, reply);
      } catch (...) {
        sending.reply = nullptr;
        end_stream(id, ipc::FrameType::kAbort);
        throw;
      }
  }
}

// --- from the frontend

void DeferredReplies::on_chunk_ready(uint32_t loop, uint64_t stream) {
  auto found = by_stream_.find(stream << 4 | loop);
  if (found == by_stream_.end()) return;  // it has ended meanwhile
  DeferredReply* reply = find(found->second);
  if (reply != nullptr && reply->stream != nullptr) reply->stream->on_ready();
}

void DeferredReplies::on_abort(uint32_t loop, uint64_t stream) {
  auto found = by_stream_.find(stream << 4 | loop);
  if (found != by_stream_.end()) end_stream(found->second, ipc::FrameType::kAbort);
}

}  // namespace ravelin::worker
