#include "worker/regexp/engine.h"

#include <algorithm>
#include <new>
#include <utility>

#include "common/clock.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/regexp/program.h"

namespace ravelin::worker::regexp {

namespace {

constexpr size_t kMaxCodes = 256;
constexpr size_t kMaxCodeBytes = 8 * 1024 * 1024;  // of all codes together; what is in use is counted at most once more
constexpr uint32_t kHeapLimitKib = 32 * 1024;      // of one match without machine code; also within the heap's limit
constexpr size_t kKeptMatchBytes = 64 * 1024;      // more is not kept from one match to the next
constexpr size_t kKeptSubjectBytes = 64 * 1024;    // the same for the subject of a series that is over
constexpr size_t kStackBytes = 32 * 1024;          // of machine code: this at first,
constexpr size_t kMaxStackBytes = 512 * 1024;      // this at most; beyond it the match runs without machine code
constexpr uint32_t kUsesUntilFast = 20;            // machine code takes some ten microseconds to make
constexpr size_t kLongSubject = 2000;              // units that make it worth while at once
constexpr size_t kMaxFastPattern = 4096;           // machine code is not counted against the heap's limit
constexpr uint32_t kFirstLimit = 50'000;           // steps: below a millisecond
constexpr uint32_t kLimitFactor = 4;
constexpr uint32_t kMaxLimit = 2'000'000'000;

std::string message_of(int code) {
  PCRE2_UCHAR buffer[256] = {};
  pcre2_get_error_message(code, buffer, std::size(buffer));
  std::string text;
  for (const PCRE2_UCHAR* c = buffer; *c != 0; ++c) text += static_cast<char>(*c);
  return text;
}

size_t bytes_of(const pcre2_code* code) {
  if (!code) return 0;
  size_t size = 0;
  size_t fast_size = 0;
  pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
  pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &fast_size);
  return size + fast_size;
}

}  // namespace

// ---- memory

void* Engine::allocate(size_t size, void* engine) {
  auto& self = *static_cast<Engine*>(engine);
  self.largest_block_ = std::max(self.largest_block_, size);
  return self.memory_.alloc_func(self.memory_.udata, size);
}

void Engine::release(void* block, void* engine) {
  const auto& self = *static_cast<Engine*>(engine);
  if (block) self.memory_.free_func(self.memory_.udata, block);
}

Engine::Engine(duk_context* js) : heap_(JsHeap::of(js)), subject_(js) {
  duk_get_memory_functions(js, &memory_);
  general_ = pcre2_general_context_create(allocate, release, this);
  if (general_) compile_ = pcre2_compile_context_create(general_);
  if (compile_) match_ = pcre2_match_context_create(general_);
  if (!match_) {
    pcre2_compile_context_free(compile_);
    pcre2_general_context_free(general_);
    throw std::bad_alloc();
  }
  pcre2_set_heap_limit(match_, kHeapLimitKib);
}

Engine::~Engine() {
  last_.reset();
  codes_.clear();
  pcre2_match_data_free(match_data_);
  pcre2_jit_stack_free(stack_);
  pcre2_match_context_free(match_);
  pcre2_compile_context_free(compile_);
  pcre2_general_context_free(general_);
}

// ---- codes

Result<std::shared_ptr<Code>> Engine::code_of(std::string_view program) {
  ++uses_;
  if (last_ && last_->program == program) {
    last_->used = uses_;
    return last_;
  }
  const auto found = codes_.find(program);
  if (found != codes_.end()) {
    last_ = found->second;
    last_->used = uses_;
    return last_;
  }
  auto compiled = compile(program);
  if (!compiled) return compiled;
  make_room();
  last_ = compiled.value();
  last_->used = uses_;
  codes_.emplace(last_->program, last_);
  return last_;
}

void Engine::make_room() {
  size_t bytes = 0;
  std::vector<uint64_t> ages;
  for (const auto& [program, code] : codes_) {
    bytes += bytes_of(code->search.code.get()) + bytes_of(code->anchored.code.get()) + program.size();
    ages.push_back(code->used);
  }
  if (codes_.size() < kMaxCodes && bytes < kMaxCodeBytes) return;
  // A quarter at once, so that the next codes have room.
  const auto oldest_kept = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 4);
  std::nth_element(ages.begin(), oldest_kept, ages.end());
  std::erase_if(codes_, [&](const auto& entry) { return entry.second->used <= *oldest_kept; });
}

Result<pcre2_code*> Engine::compile_form(const Translated& translated, bool is_anchored) {
  uint32_t options = PCRE2_MATCH_UNSET_BACKREF | PCRE2_DOTALL | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;
  if (translated.is_caseless) options |= PCRE2_CASELESS;
  if (translated.uses_unicode_case) options |= PCRE2_UCP;
  if (is_anchored) options |= PCRE2_ANCHORED;
  int error = 0;
  PCRE2_SIZE offset = 0;
  static_assert(sizeof(PCRE2_UCHAR) == sizeof(char32_t));
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.pattern.data()), translated.pattern.size(),
                                   options, &error, &offset, compile_);
  if (code) return code;
  if (error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAP_FAILED) throw std::bad_alloc();
  return Error{ErrorCode::kInvalid, message_of(error)};
}

Result<std::shared_ptr<Code>> Engine::compile(std::string_view program) {
  auto code = std::make_shared<Code>();
  code->program = program;
  code->flags = flags_of(program);
  const std::u32string source = units_of(program.substr(kProgramHead), code->flags.unicode);
  auto translated = translate(source, code->flags);
  if (!translated) return translated.error();
  auto form = compile_form(translated.value(), code->flags.sticky);
  if (!form) return form.error();
  (code->flags.sticky ? code->anchored : code->search).code.reset(form.value());
  code->captures = translated.value().captures;
  code->names = std::move(translated.value().names);
  // PCRE2 10.42's machine code gets references wrong that ignore the case of letters beyond ASCII.
  code->may_be_fast = !translated.value().uses_unicode_case && translated.value().pattern.size() <= kMaxFastPattern;
  return code;
}

Code::Form& Engine::form_of(Code& code, bool is_anchored) {
  Code::Form& form = is_anchored ? code.anchored : code.search;
  if (form.code) return form;
  // The other form was made of the same text.
  const std::string_view pattern = std::string_view(code.program).substr(kProgramHead);
  auto translated = translate(units_of(pattern, code.flags.unicode), code.flags);
  auto made = translated ? compile_form(translated.value(), is_anchored) : Result<pcre2_code*>(translated.error());
  if (!made) throw std::bad_alloc();
  form.code.reset(made.value());
  return form;
}

// ---- subjects

Subject& Engine::subject_of(std::string_view text, bool joins_surrogates, bool is_series) {
  if (holds_series_of(text.data()) && subject_.joins_surrogates() == joins_surrogates) return subject_;
  is_series_ = false;  // also when the next line throws
  subject_.assign(text, joins_surrogates);
  is_series_ = is_series;
  return subject_;
}

void Engine::end_series() {
  is_series_ = false;
  if (subject_.memory() > kKeptSubjectBytes) subject_.release();
}

// ---- matching

pcre2_match_data* Engine::match_data_for(uint32_t captures) {
  if (match_data_ && match_data_captures_ >= captures) return match_data_;
  pcre2_match_data_free(match_data_);
  match_data_ = pcre2_match_data_create(captures + 1, general_);
  if (!match_data_) throw std::bad_alloc();
  match_data_captures_ = captures;
  return match_data_;
}

// So many steps next, or 0 when the time is up. `took_ns`: what `limit` steps took.
uint32_t Engine::next_limit(uint32_t limit, uint64_t took_ns) const {
  if (limit >= kMaxLimit) return 0;
  const uint64_t deadline_ns = heap_.deadline_ns();
  uint64_t next = std::min<uint64_t>(static_cast<uint64_t>(limit) * kLimitFactor, kMaxLimit);
  if (deadline_ns == UINT64_MAX) return static_cast<uint32_t>(next);
  const uint64_t now_ns = monotonic_ns();
  if (now_ns >= deadline_ns) return 0;
  // Nine tenths of the time that is left: how long a step takes varies.
  const double fits =
      static_cast<double>(limit) / static_cast<double>(took_ns + 1) * static_cast<double>(deadline_ns - now_ns) * 0.9;
  if (fits < static_cast<double>(next)) next = static_cast<uint64_t>(fits);
  return next > limit ? static_cast<uint32_t>(next) : 0;
}

void Engine::throw_limit(duk_context* js, int code) const {
  switch (code) {
    case PCRE2_ERROR_MATCHLIMIT:
      if (heap_.deadline_ns() != UINT64_MAX) {
        heap_.pass_deadline();
        throw_range_error(js, "execution timeout");
      }
      [[fallthrough]];
    case PCRE2_ERROR_DEPTHLIMIT:
      throw_range_error(js, "regular expression: the match takes too many steps");
    case PCRE2_ERROR_HEAPLIMIT:
      throw_range_error(js, "regular expression: the match takes too much memory");
    case PCRE2_ERROR_NOMEMORY:
      throw std::bad_alloc();
    default:
      throw_error(js, "regular expression: %s", message_of(code).c_str());
  }
}

int Engine::run(Code::Form& form, const Subject& subject, size_t start, uint32_t captures) {
  const auto* units = reinterpret_cast<PCRE2_SPTR>(subject.units());
  uint32_t limit = kFirstLimit;
  uint32_t options = 0;
  for (;;) {
    pcre2_match_data* match_data = match_data_for(captures);
    pcre2_set_match_limit(match_, limit);
    const uint64_t begin_ns = limit == kFirstLimit ? 0 : monotonic_ns();
    const int result = pcre2_match(form.code.get(), units, subject.size(), start, options, match_data, match_);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) {
      options = PCRE2_NO_JIT;
      continue;
    }
    if (result != PCRE2_ERROR_MATCHLIMIT) return result;
    if (heap_.check_interrupt()) return result;
    if (limit == kFirstLimit) {
      limit *= kLimitFactor;
    } else {
      limit = next_limit(limit, monotonic_ns() - begin_ns);
    }
    if (limit == 0) return result;
  }
}

bool Engine::match(duk_context* js, Code& code, const Subject& subject, size_t start, bool is_anchored,
                   std::vector<size_t>& ends) {
  Code::Form& form = form_of(code, is_anchored);
  if (!form.is_fast && code.may_be_fast && (++form.uses >= kUsesUntilFast || subject.size() >= kLongSubject)) {
    if (!stack_) {
      stack_ = pcre2_jit_stack_create(kStackBytes, kMaxStackBytes, general_);
      if (stack_) pcre2_jit_stack_assign(match_, nullptr, stack_);
    }
    // Where machine code is forbidden (systemd's MemoryDenyWriteExecute) it goes on without.
    form.is_fast = pcre2_jit_compile(form.code.get(), PCRE2_JIT_COMPLETE) == 0;
    code.may_be_fast = form.is_fast;
  }
  largest_block_ = 0;
  const int result = run(form, subject, start, code.captures);
  if (result >= 0) {
    const PCRE2_SIZE* ovector = pcre2_get_ovector_pointer(match_data_);
    ends.assign(ovector, ovector + (code.captures + 1) * 2);
  }
  if (largest_block_ > kKeptMatchBytes) {
    pcre2_match_data_free(match_data_);
    match_data_ = nullptr;
  }
  if (result >= 0) return true;
  if (result != PCRE2_ERROR_NOMATCH) throw_limit(js, result);
  return false;
}

}  // namespace ravelin::worker::regexp
