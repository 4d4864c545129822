// One route key that is a regular expression or a glob, compiled. Matching is bounded in steps and memory, whatever
// pattern and path are. Not for: precedence among routes (router.h). Frontend; immutable after construction, so all
// loops share it. Called by Router.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

struct pcre2_real_code_8;

namespace ravelin::frontend {

class RoutePattern {
 public:
  // Perl syntax, searched anywhere in the path, UTF-8. Fails with PCRE2's message and offset.
  static Result<std::unique_ptr<RoutePattern>> regex(const std::string& pattern, uint32_t index);
  // `*` is any run of bytes, also of '/' and none; `\*` is a star. The whole path must match (server-details 3.2).
  static std::unique_ptr<RoutePattern> glob(std::string_view pattern, uint32_t index);

  ~RoutePattern();
  RoutePattern(const RoutePattern&) = delete;
  RoutePattern& operator=(const RoutePattern&) = delete;

  uint32_t index() const { return index_; }  // of the route
  // A match that would take too long is none, and is logged once per pattern.
  bool matches(std::string_view path) const;

 private:
  explicit RoutePattern(uint32_t index) : index_(index) {}
  bool matches_regex(std::string_view path) const;
  bool matches_glob(std::string_view path) const;

  uint32_t index_;
  std::string text_;                   // for the log
  pcre2_real_code_8* code_ = nullptr;  // owned; nullptr: a glob
  std::vector<std::string> pieces_;    // glob: the literal text between the stars; at least two
  mutable std::atomic<bool> complained_{false};
};

}  // namespace ravelin::frontend
