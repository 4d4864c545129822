#include "worker/handler.h"

#include <errno.h>

#include <exception>
#include <string>

#include "common/clock.h"
#include "common/http_status.h"
#include "common/log.h"
#include "worker/deferred_replies.h"
#include "worker/handler_modules.h"
#include "worker/js_error.h"
#include "worker/js_microtasks.h"
#include "worker/js_reply.h"
#include "worker/js_request.h"
#include "worker/pages.h"
#include "worker/script_section.h"

namespace ravelin::worker {
namespace {

constexpr size_t kMaxErrorText = 32 * 1024;  // of what a script throws: it goes to the log and into a page
constexpr uint16_t kOk = 200;
constexpr uint16_t kForbidden = 403;
constexpr uint16_t kNotFoundStatus = 404;
constexpr uint16_t kTooLargeStatus = 413;
constexpr uint16_t kInternalError = 500;

// The function's own code has ended: promise reactions run. A promise that it returned is replaced by its value, or its
// reason is thrown. True: it is still pending.
bool is_pending_promise(duk_context* js) {
  const bool is_promise = claim_promise(js, -1);
  run_microtasks_or_throw(js);
  if (!is_promise) return false;
  switch (take_promise(js, -1)) {
    case PromiseState::kNotPromise:
      return false;
    case PromiseState::kFulfilled:
      duk_remove(js, -2);
      return false;
    case PromiseState::kRejected:
      duk_throw(js);
    case PromiseState::kPending:
      return true;
  }
  return false;
}

// Cuts without leaving half a character.
void cut_text(std::string& text) {
  if (text.size() <= kMaxErrorText) return;
  size_t end = kMaxErrorText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  text += "...";
}

}  // namespace

class HandlerState : private LateAnswers {
 public:
  HandlerState(JsHeap& heap, const ipc::ServerConfig& config)
      : heap_(heap),
        config_(config),
        mime_(config.mime_table()),
        request_(heap),
        reply_(config, mime_),
        deferred_(heap, reply_, config, *this) {
    bool done = run_protected(heap.js(), [this](duk_context* js) { functions_.load(js, config_); });
    if (!done) {
      duk_pop(heap.js());
      throw std::bad_alloc();
    }
  }

  Handler::Outcome run(const ipc::RequestFields& fields, UniqueFd body, const ReplyTarget& target);
  // For what went wrong outside script: logs it and answers, if run() has not.
  void answer_failure(const ipc::RequestFields& fields, const char* what, const ReplyTarget& target);
  DeferredReplies& deferred() { return deferred_; }

 private:
  enum class Function { kRoute, kNotFound, kDirectory };
  enum class Attempt {
    kAnswered,
    kNotFound,  // no such function, or it says that there is nothing
    kFailed,    // it threw; error_text_ says what
  };

  void answer_late(const ipc::RequestFields& fields, const std::string* error_text, const ReplyTarget& target) override;
  void answer_timed_out(const std::string& error_text, const ReplyTarget& target) override;
  bool end_run(bool begun);
  void serve(const ReplyTarget& target);
  Attempt attempt(Function function, const std::string* error_text, uint16_t default_status, const ReplyTarget& target);
  bool answer_with_top(duk_context* js, duk_idx_t req, uint16_t default_status, const ReplyTarget& target);
  bool push_function(duk_context* js, Function function);
  Attempt fail(const ReplyTarget& target);
  void keep_body(duk_context* js, duk_idx_t req);
  ReplySource source() { return {request_.fields(), request_.output()}; }
  void settle(Attempt attempt, const ReplyTarget& target);
  void not_found(const std::string* error_text, const ReplyTarget& target);
  Attempt list_directory(const ReplyTarget& target);
  void send_page(uint16_t status, std::string_view details, const ReplyTarget& target);
  void send_stop_page(std::string_view reason, const std::string& error_text, const ReplyTarget& target);
  std::string place_text() const;
  std::string describe_error(bool timed_out);

  JsHeap& heap_;
  const ipc::ServerConfig& config_;
  MimeTable mime_;
  JsRequest request_;
  JsReply reply_;
  DeferredReplies deferred_;
  SiteFunctions functions_;
  ScriptPlace place_;
  std::string error_text_;
  bool answered_ = false;  // the Reply frame of this request is in the channel
  bool timed_out_ = false;
};

Handler::Outcome HandlerState::run(const ipc::RequestFields& fields, UniqueFd body, const ReplyTarget& target) {
  answered_ = timed_out_ = false;
  place_ = {};
  if (config_.script_timeout_ms > 0) heap_.arm_deadline(monotonic_ns() + config_.script_timeout_ms * kNsPerMs);
  Status begun = request_.begin(fields, std::move(body));
  if (begun) {
    serve(target);
    timed_out_ = timed_out_ || heap_.deadline_passed();
  } else {
    log_line("error: " + request_line(fields) + ": " + begun.error().message);
    send_page(begun.error().code == ErrorCode::kTooLarge ? kTooLargeStatus : kInternalError, {}, target);
  }
  return end_run(static_cast<bool>(begun)) ? Handler::Outcome::kRetire : Handler::Outcome::kAnswered;
}

// True: this worker must be replaced.
bool HandlerState::end_run(bool begun) {
  heap_.disarm_deadline();
  if (begun) request_.end();
  return timed_out_ || heap_.memory_limit_hit();
}

// The answer to a deferred request is that there is nothing, or that it failed.
void HandlerState::answer_late(const ipc::RequestFields& fields, const std::string* error_text,
                               const ReplyTarget& target) {
  answered_ = timed_out_ = false;
  place_ = {};
  if (config_.script_timeout_ms > 0) heap_.arm_deadline(monotonic_ns() + config_.script_timeout_ms * kNsPerMs);
  bool begun = static_cast<bool>(request_.begin(fields, UniqueFd()));
  if (begun && error_text != nullptr && config_.developer_mode) {
    send_page(kInternalError, *error_text, target);
  } else if (begun) {
    not_found(error_text, target);
    timed_out_ = timed_out_ || heap_.deadline_passed();
  } else {
    send_page(kInternalError, {}, target);
  }
  if (end_run(begun)) deferred_.retire();
}

void HandlerState::answer_failure(const ipc::RequestFields& fields, const char* what, const ReplyTarget& target) {
  heap_.disarm_deadline();
  if (request_.is_running()) request_.end();
  log_line("error: " + request_line(fields) + ": " + what + "; answering 500 and ending this worker");
  if (!answered_) send_page(kInternalError, {}, target);
}

void HandlerState::serve(const ReplyTarget& target) {
  switch (request_.fields().route) {
    case ipc::kRouteNotFound:
      return not_found(nullptr, target);
    case ipc::kRouteDirectory:
      if (functions_.directory_kind() == SiteFunctions::Special::kNone) return send_page(kForbidden, {}, target);
      if (functions_.directory_kind() == SiteFunctions::Special::kBuiltIn)
        return settle(list_directory(target), target);
      return settle(attempt(Function::kDirectory, nullptr, kOk, target), target);
    default:
      return settle(attempt(Function::kRoute, nullptr, kOk, target), target);
  }
}

// What follows when the function that the request is for has not answered (server-details 3.9, 13.2).
void HandlerState::settle(Attempt attempt, const ReplyTarget& target) {
  switch (attempt) {
    case Attempt::kAnswered:
      return;
    case Attempt::kNotFound:
      return not_found(nullptr, target);
    case Attempt::kFailed:
      if (config_.developer_mode) return send_page(kInternalError, error_text_, target);
      std::string error_text = std::move(error_text_);
      return not_found(&error_text, target);
  }
}

void HandlerState::not_found(const std::string* error_text, const ReplyTarget& target) {
  if (functions_.not_found_kind() != SiteFunctions::Special::kNone &&
      attempt(Function::kNotFound, error_text, kNotFoundStatus, target) == Attempt::kAnswered)
    return;
  send_page(kNotFoundStatus, {}, target);
}

bool HandlerState::push_function(duk_context* js, Function function) {
  switch (function) {
    case Function::kRoute:
      return functions_.push_route(js, request_.fields(), place_);
    case Function::kNotFound:
      return functions_.push_not_found(js, place_);
    case Function::kDirectory:
      return functions_.push_directory(js, place_);
  }
  return false;
}

HandlerState::Attempt HandlerState::attempt(Function function, const std::string* error_text, uint16_t default_status,
                                            const ReplyTarget& target) {
  duk_context* js = heap_.js();
  request_.output().clear();
  duk_idx_t slot = duk_get_top(js);
  duk_push_undefined(js);  // holds req, so that it outlives the protected call
  Attempt result = Attempt::kNotFound;
  bool done = run_protected(js, [&](duk_context* inner) {
    duk_require_stack(inner, 16);
    ScriptSection section;  // loading a module runs script too
    if (!push_function(inner, function)) return;
    request_.push(inner, error_text);
    duk_dup_top(inner);
    duk_replace(inner, slot);
    duk_call(inner, 1);
    bool is_pending = is_pending_promise(inner);
    section.leave();
    if (is_pending) [[unlikely]] {
      keep_body(inner, slot);
      deferred_.defer_promise(inner, slot, source(), target, default_status, place_text());
      answered_ = true;
    } else {
      answered_ = answer_with_top(inner, slot, default_status, target);
    }
    if (answered_) result = Attempt::kAnswered;
  });
  if (!done) {
    result = fail(target);
    duk_pop(js);
    run_microtasks(heap_);  // what it had queued before it threw
  }
  request_.release(js, slot);
  duk_pop(js);
  return result;
}

// The function's value is on top; it is popped. False: it says that there is nothing.
bool HandlerState::answer_with_top(duk_context* js, duk_idx_t req, uint16_t default_status, const ReplyTarget& target) {
  switch (reply_.send(js, -1, source(), default_status, target)) {
    case JsReply::Verdict::kSent:
      duk_pop(js);
      return true;
    case JsReply::Verdict::kNotFound:
      duk_pop(js);
      return false;
    case JsReply::Verdict::kDeferred:
      duk_remove(js, -2);
      keep_body(js, req);
      deferred_.defer(js, req, source(), target, default_status);
      return true;
    case JsReply::Verdict::kStream:
      duk_remove(js, -2);
      answered_ = true;  // its head; from here on only the connection can tell of a failure
      keep_body(js, req);
      deferred_.stream(js, req, source(), target);
      return true;
  }
  return false;
}

// What the script has not looked at would be gone with the frame.
void HandlerState::keep_body(duk_context* js, duk_idx_t req) {
  if (request_.has_mapped_body()) settle_request(js, req);
}

// The error is on top of the stack. Logs it; a script that was stopped gets 500 at once, whatever developerMode says,
// and no further script runs in this heap.
HandlerState::Attempt HandlerState::fail(const ReplyTarget& target) {
  timed_out_ = heap_.deadline_passed();
  bool out_of_memory = heap_.memory_limit_hit();
  error_text_ = describe_error(timed_out_);
  log_line("error: " + request_line(request_.fields()) + ": " + error_text_);
  if (answered_) return Attempt::kAnswered;
  if (!timed_out_ && !out_of_memory) return Attempt::kFailed;
  send_stop_page(timed_out_ ? kTookTooLong : std::string_view(), error_text_, target);
  return Attempt::kAnswered;
}

void HandlerState::send_stop_page(std::string_view reason, const std::string& error_text, const ReplyTarget& target) {
  const std::string_view details = config_.developer_mode ? error_text : std::string_view();
  reply_.send_page(kInternalError, error_page(kInternalError, reason, details), target);
  answered_ = true;
}

void HandlerState::answer_timed_out(const std::string& error_text, const ReplyTarget& target) {
  send_stop_page(kTookTooLong, error_text, target);
}

std::string HandlerState::place_text() const {
  std::string text = place_.what;
  if (!place_.name.empty()) text.append(" \"").append(place_.name).append("\"");
  return text;
}

std::string HandlerState::describe_error(bool timed_out) {
  std::string text;
  if (timed_out) {
    text = "script timed out after " + std::to_string(config_.script_timeout_ms) + " ms ";
  } else if (heap_.memory_limit_hit()) {
    text = "script hit its memory limit ";
  } else {
    text = "error ";
  }
  text.append(place_text()).append(":\n").append(worker::error_text(heap_.js(), -1));
  cut_text(text);
  return text;
}

HandlerState::Attempt HandlerState::list_directory(const ReplyTarget& target) {
  const ipc::RequestFields& fields = request_.fields();
  DirectoryPage page = make_directory_page(fields.fs_path, fields.path);
  if (page.error == 0) {
    reply_.send_page(kOk, page.html, target);
    answered_ = true;
    return Attempt::kAnswered;
  }
  if (page.error == ENOENT || page.error == ENOTDIR) return Attempt::kNotFound;
  send_page(kForbidden, {}, target);
  return Attempt::kAnswered;
}

void HandlerState::send_page(uint16_t status, std::string_view details, const ReplyTarget& target) {
  reply_.send_page(status, error_page(status, {}, details), target);
  answered_ = true;
}

Handler::Handler(JsHeap& heap, const ipc::ServerConfig& config)
    : state_(std::make_unique<HandlerState>(heap, config)) {}

Handler::~Handler() = default;

DeferredReplies& Handler::deferred() { return state_->deferred(); }

Handler::Outcome Handler::run(const ipc::RequestFields& request, UniqueFd body, uint16_t slot, uint64_t stream,
                              ipc::Channel& channel, uint32_t loop) {
  ReplyTarget target{channel, slot, stream, loop};
  try {
    return state_->run(request, std::move(body), target);
  } catch (const std::exception& error) {  // no JavaScript error gets here: those stay inside run_protected
    try {
      state_->answer_failure(request, error.what(), target);
    } catch (const std::exception&) {  // not even memory for a page: the frontend answers when this worker has ended
    }
  }
  return Outcome::kRetire;
}

}  // namespace ravelin::worker
