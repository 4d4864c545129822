#include "frontend/route_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/log.h"

namespace ravelin::frontend {
namespace {

// A frontend loop does nothing else while it matches. These bounds let one match take some milliseconds at the worst.
constexpr uint32_t kMatchLimit = 200'000;      // PCRE2's count of backtracking points; its default is 10,000,000
constexpr uint32_t kHeapLimitKiB = 1024;       // interpreter only
constexpr size_t kJitStackBytes = 256 * 1024;  // enough for what the match limit allows
constexpr size_t kMaxRegexPathBytes = 16384;  // a pattern may look at a path once per start position: bounds the square

// Working memory of matching: one per thread, since patterns are shared.
struct MatchSpace {
  MatchSpace()
      : data(pcre2_match_data_create(1, nullptr)),
        context(pcre2_match_context_create(nullptr)),
        stack(pcre2_jit_stack_create(32 * 1024, kJitStackBytes, nullptr)) {
    if (context == nullptr) return;
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_heap_limit(context, kHeapLimitKiB);
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~MatchSpace() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
  MatchSpace(const MatchSpace&) = delete;
  MatchSpace& operator=(const MatchSpace&) = delete;

  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack;
};

}  // namespace

Result<std::unique_ptr<RoutePattern>> RoutePattern::regex(const std::string& pattern, uint32_t index) {
  int error = 0;
  size_t offset = 0;
  // MATCH_INVALID_UTF: a path is any bytes; those that are no UTF-8 match nothing. NEVER_BACKSLASH_C: \C splits
  // characters.
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR text[256] = {};
    pcre2_get_error_message(error, text, sizeof text);
    return Error{ErrorCode::kInvalid, "regular expression \"" + pattern + "\": " + reinterpret_cast<const char*>(text) +
                                          " at offset " + std::to_string(offset)};
  }
  pcre2_jit_compile(code,
                    PCRE2_JIT_COMPLETE);  // where the system forbids executable memory, the interpreter runs instead
  std::unique_ptr<RoutePattern> result(new RoutePattern(index));
  result->text_ = pattern;
  result->code_ = code;
  return result;
}

std::unique_ptr<RoutePattern> RoutePattern::glob(std::string_view pattern, uint32_t index) {
  std::unique_ptr<RoutePattern> result(new RoutePattern(index));
  result->text_ = pattern;
  result->pieces_.emplace_back();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size() && pattern[i + 1] == '*') {
      result->pieces_.back() += pattern[++i];
    } else if (pattern[i] == '*') {
      result->pieces_.emplace_back();
    } else {
      result->pieces_.back() += pattern[i];
    }
  }
  return result;
}

RoutePattern::~RoutePattern() { pcre2_code_free(code_); }

bool RoutePattern::matches(std::string_view path) const {
  return code_ != nullptr ? matches_regex(path) : matches_glob(path);
}

bool RoutePattern::matches_regex(std::string_view path) const {
  thread_local MatchSpace space;
  if (space.data == nullptr || path.size() > kMaxRegexPathBytes) return false;
  int result =
      pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(path.data()), path.size(), 0, 0, space.data, space.context);
  if (result < PCRE2_ERROR_PARTIAL && !complained_.exchange(true)) {
    PCRE2_UCHAR text[256] = {};
    pcre2_get_error_message(result, text, sizeof text);
    logf("route ~%s: matching a path of %zu bytes failed (%s); such paths do not match. Logged once per route.",
         text_.c_str(), path.size(), reinterpret_cast<const char*>(text));
  }
  return result >= 0;
}

// First and last piece are bound to the ends; for those between, the leftmost place is always as good as any other.
bool RoutePattern::matches_glob(std::string_view path) const {
  const std::string& first = pieces_.front();
  if (pieces_.size() == 1) return path == first;
  const std::string& last = pieces_.back();
  if (path.size() < first.size() + last.size() || !path.starts_with(first) || !path.ends_with(last)) return false;
  path = path.substr(first.size(), path.size() - first.size() - last.size());
  for (size_t i = 1; i + 1 < pieces_.size(); ++i) {
    size_t at = path.find(pieces_[i]);
    if (at == std::string_view::npos) return false;
    path.remove_prefix(at + pieces_[i].size());
  }
  return true;
}

}  // namespace ravelin::frontend
