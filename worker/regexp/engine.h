// Engine: PCRE2 for one heap. Compiles programs (program.h), keeps what it has compiled for the next time, and matches
// within bounds of memory and time. A match that takes long asks the heap whether the script has had its time, as the
// bytecode executor does (JsHeap::check_interrupt): it runs with a limit of steps, and anew with a higher one. The last
// piece of the time it leaves unused when no higher limit would end within it.
// Not for: the objects of script (js_regexp.h), the syntax (translate.h). One per JsHeap, made at the first use; a fork
// copies it. Main thread.
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 32
#include <duktape.h>
#include <pcre2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "worker/regexp/subject.h"
#include "worker/regexp/translate.h"

namespace ravelin::worker {
class JsHeap;
}

namespace ravelin::worker::regexp {

// A compiled program, in one form that searches and one that matches at the start only (flag y), each made when it is
// wanted.
struct Code {
  struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  };
  struct Form {
    std::unique_ptr<pcre2_code, Free> code;
    uint32_t uses = 0;
    bool is_fast = false;  // has machine code
  };

  std::string program;
  Flags flags;
  uint32_t captures = 0;
  std::vector<GroupName> names;
  bool may_be_fast = true;
  Form search;
  Form anchored;
  uint64_t used = 0;  // the engine's count of uses, at the last one
};

class Engine {
 public:
  explicit Engine(duk_context* js);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The code of a program. What is wrong with the pattern is an error.
  Result<std::shared_ptr<Code>> code_of(std::string_view program);

  // Looks for a match from unit `start` on, or with `is_anchored` at it. Fills `ends` with first and last + 1 unit of
  // the match and each capture (PCRE2_UNSET for none) and returns true. Throws RangeError when a limit is reached: `js`
  // is the context that runs, which need not be that of the constructor.
  bool match(duk_context* js, Code& code, const Subject& subject, size_t start, bool is_anchored,
             std::vector<size_t>& ends);

  // The text as subject. With `is_series` it is kept for the next call: somebody keeps the String alive as long as
  // holds_series_of() says so. Throws std::bad_alloc.
  Subject& subject_of(std::string_view text, bool joins_surrogates, bool is_series);
  bool holds_series() const { return is_series_; }
  bool holds_series_of(const char* bytes) const { return is_series_ && subject_.text().data() == bytes; }
  // The series is over: a long subject is let go.
  void end_series();

 private:
  Result<std::shared_ptr<Code>> compile(std::string_view program);
  Result<pcre2_code*> compile_form(const Translated& translated, bool is_anchored);
  Code::Form& form_of(Code& code, bool is_anchored);
  void make_room();
  pcre2_match_data* match_data_for(uint32_t captures);
  int run(Code::Form& form, const Subject& subject, size_t start, uint32_t captures);
  uint32_t next_limit(uint32_t limit, uint64_t took_ns) const;
  [[noreturn]] void throw_limit(duk_context* js, int code) const;

  static void* allocate(size_t size, void* engine);
  static void release(void* block, void* engine);

  JsHeap& heap_;
  duk_memory_functions memory_;
  size_t largest_block_ = 0;  // since the match began
  pcre2_general_context* general_ = nullptr;
  pcre2_compile_context* compile_ = nullptr;
  pcre2_match_context* match_ = nullptr;
  pcre2_jit_stack* stack_ = nullptr;
  pcre2_match_data* match_data_ = nullptr;
  uint32_t match_data_captures_ = 0;
  std::unordered_map<std::string_view, std::shared_ptr<Code>> codes_;  // the keys are the programs of the codes
  std::shared_ptr<Code> last_;
  uint64_t uses_ = 0;
  Subject subject_;
  bool is_series_ = false;
};

}  // namespace ravelin::worker::regexp
