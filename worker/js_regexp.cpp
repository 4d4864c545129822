#include "worker/js_regexp.h"

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "worker/engine_extra.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/regexp/engine.h"
#include "worker/regexp/program.h"
#include "worker/regexp/replacement.h"

namespace ravelin::worker {

namespace {

using regexp::Code;
using regexp::Engine;
using regexp::Flags;
using regexp::Subject;

constexpr const char* kSeriesName = "ravelinRegexpSubject";  // in the heap stash: the String of a series
constexpr size_t kShortSubject = 256;                        // bytes; such a subject is made anew each time

struct FlagName {
  char letter;
  const char* property;
  bool Flags::*field;
};
// In the order of `flags` (ECMAScript 22.2.5.4).
constexpr FlagName kFlagNames[] = {
    {'d', "hasIndices", &Flags::has_indices}, {'g', "global", &Flags::global},
    {'i', "ignoreCase", &Flags::ignore_case}, {'m', "multiline", &Flags::multiline},
    {'s', "dotAll", &Flags::dot_all},         {'u', "unicode", &Flags::unicode},
    {'y', "sticky", &Flags::sticky},
};

Engine& engine_of(duk_context* js) {
  JsHeap& heap = JsHeap::of(js);
  if (!heap.regexps) heap.regexps = std::make_unique<Engine>(js);
  return *heap.regexps;
}

// When memory is short the collector may make room, as for the script engine's own allocations.
template <typename Work>
auto with_memory(duk_context* js, const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
  }
  duk_gc(js, 0);
  try {
    return work();
  } catch (const std::bad_alloc&) {
  }
  throw_range_error(js, "regular expression: out of memory");
}

std::shared_ptr<Code> code_of(duk_context* js, std::string_view program) {
  auto code = with_memory(js, [&] { return engine_of(js).code_of(program); });
  if (!code) throw_error(js, "regular expression: %s", code.error().message.c_str());
  return code.value();
}

// ---- compiling

bool read_flags(std::string_view letters, Flags& flags) {
  for (char letter : letters) {
    const auto* found = std::find_if(std::begin(kFlagNames), std::end(kFlagNames),
                                     [&](const FlagName& name) { return name.letter == letter; });
    if (found == std::end(kFlagNames) || flags.*found->field) return false;
    flags.*found->field = true;
  }
  return true;
}

bool needs_extended(std::string_view pattern, const Flags& flags) {
  return flags.has_indices || flags.dot_all || flags.unicode || flags.sticky ||
         pattern.find("(?<") != std::string_view::npos;
}

// The text of `source`, which would be a literal between slashes (ECMAScript 22.2.3.2.5).
std::string escaped_source(std::string_view pattern) {
  if (pattern.empty()) return "(?:)";
  std::string source;
  bool in_class = false;
  for (size_t at = 0; at < pattern.size(); ++at) {
    char c = pattern[at];
    if (c == '\\' && at + 1 < pattern.size()) {
      source += c;
      c = pattern[++at];
    } else if (c == '/' && !in_class) {
      source += '\\';
    } else if (c == '[' || c == ']') {
      in_class = c == '[';
    }
    if (c == '\n' || c == '\r') {
      if (source.empty() || source.back() != '\\') source += '\\';
      c = c == '\n' ? 'n' : 'r';
    }
    source += c;
  }
  return source;
}

// ---- matching

// ToLength() of the expression's lastIndex; may run script.
double last_index(duk_context* js, duk_idx_t expression) {
  duk_get_prop_literal(js, expression, "lastIndex");
  const double index = duk_to_int(js, -1) >= 0 ? duk_get_number(js, -1) : 0;
  duk_pop(js);
  return std::max(index, 0.0);
}

void set_last_index(duk_context* js, duk_idx_t expression, size_t index) {
  duk_push_uint(js, static_cast<duk_uint_t>(index));
  duk_put_prop_literal(js, expression, "lastIndex");
}

// Makes the heap hold the String at `input`. False when a finalizer has put another one in its place.
bool keep_series(duk_context* js, duk_idx_t input) {
  duk_push_heap_stash(js);
  duk_dup(js, input);
  duk_put_prop_string(js, -2, kSeriesName);
  duk_get_prop_string(js, -1, kSeriesName);
  const bool is_kept = duk_get_string(js, -1) == duk_get_string(js, input);
  duk_pop_2(js);
  return is_kept;
}

void end_series(duk_context* js) {
  engine_of(js).end_series();
  duk_push_heap_stash(js);
  duk_del_prop_string(js, -1, kSeriesName);
  duk_pop(js);
}

struct Span {
  bool is_set = false;
  Subject::Place begin = {};
  Subject::Place end = {};
};

// Copies the places out of the engine: whatever allocates may run a finalizer, and that the engine.
std::vector<Span> spans_of(const Subject& subject, const std::vector<size_t>& ends) {
  std::vector<Span> spans(ends.size() / 2);
  for (size_t i = 0; i < spans.size(); ++i) {
    if (ends[2 * i] == PCRE2_UNSET) continue;
    spans[i] = {true, subject.place_of(ends[2 * i]), subject.place_of(ends[2 * i + 1])};
  }
  return spans;
}

void push_span(duk_context* js, std::string_view text, const Span& span) {
  if (!span.is_set) return duk_push_undefined(js);
  duk_push_lstring(js, text.data() + span.begin.byte, span.end.byte - span.begin.byte);
}

// Pushes `groups`: an object of what push_group(number) pushes, or undefined without names.
template <typename Push>
void push_groups(duk_context* js, const Code& code, const Push& push_group) {
  if (code.names.empty()) return duk_push_undefined(js);
  duk_push_bare_object(js);
  for (const regexp::GroupName& name : code.names) {
    duk_push_lstring(js, name.name.data(), name.name.size());
    push_group(name.group);
    duk_put_prop(js, -3);
  }
}

void push_indices(duk_context* js, const Code& code, const std::vector<Span>& spans) {
  const duk_idx_t indices = duk_push_array(js);
  for (size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].is_set) {
      duk_push_array(js);
      duk_push_uint(js, spans[i].begin.index);
      duk_put_prop_index(js, -2, 0);
      duk_push_uint(js, spans[i].end.index);
      duk_put_prop_index(js, -2, 1);
    } else {
      duk_push_undefined(js);
    }
    duk_put_prop_index(js, indices, static_cast<duk_uarridx_t>(i));
  }
  push_groups(js, code, [&](uint32_t group) { duk_get_prop_index(js, indices, group); });
  duk_put_prop_literal(js, indices, "groups");
}

void push_result(duk_context* js, const Code& code, const std::vector<Span>& spans, duk_idx_t input) {
  const std::string_view text = engine_text(js, input);
  const duk_idx_t result = duk_push_array(js);
  for (size_t i = 0; i < spans.size(); ++i) {
    push_span(js, text, spans[i]);
    duk_put_prop_index(js, result, static_cast<duk_uarridx_t>(i));
  }
  duk_push_uint(js, spans[0].begin.index);
  duk_put_prop_literal(js, result, "index");
  duk_dup(js, input);
  duk_put_prop_literal(js, result, "input");
  push_groups(js, code, [&](uint32_t group) { duk_get_prop_index(js, result, group); });
  duk_put_prop_literal(js, result, "groups");
  if (!code.flags.has_indices) return;
  push_indices(js, code, spans);
  duk_put_prop_literal(js, result, "indices");
}

// RegExpBuiltinExec (ECMAScript 22.2.5.2.2) up to its result, which is empty when nothing matches.
std::vector<Span> execute(duk_context* js, Code& code, duk_idx_t expression, duk_idx_t input, duk_int_t mode) {
  const bool is_split = mode == kMatchFromLastIndex;
  const bool is_sticky = code.flags.sticky && !is_split;
  const bool uses_index = code.flags.global || is_sticky || is_split;
  const double index = last_index(js, expression);
  const std::string_view text = engine_text(js, input);
  Engine& engine = engine_of(js);
  std::vector<Span> spans;
  if (!uses_index || index <= static_cast<double>(duk_get_length(js, input))) {
    // One that was left before its end would keep its String for ever.
    if (engine.holds_series() && !engine.holds_series_of(text.data())) end_series(js);
    const bool is_series =
        uses_index && text.size() > kShortSubject && (engine.holds_series_of(text.data()) || keep_series(js, input));
    with_memory(js, [&] {
      const Subject& subject = engine.subject_of(text, code.flags.unicode, is_series);
      const size_t start = uses_index ? subject.unit_at(static_cast<size_t>(index)) : 0;
      std::vector<size_t> ends;
      if (engine.match(js, code, subject, start, is_sticky, ends)) spans = spans_of(subject, ends);
    });
  }
  if (spans.empty() && uses_index && engine.holds_series_of(text.data())) end_series(js);
  if (uses_index) set_last_index(js, expression, spans.empty() ? 0 : spans[0].end.index);
  return spans;
}

// ---- replacing

// A String that grows in the script heap.
class Output {
 public:
  explicit Output(duk_context* js) : js_(js), index_(duk_get_top(js)) { duk_push_dynamic_buffer(js, 0); }

  void append(std::string_view text) {
    if (text.size() > room_ - size_) {
      room_ = std::max(room_ * 2, size_ + text.size() + 64);
      bytes_ = static_cast<char*>(duk_resize_buffer(js_, index_, room_));
    }
    std::copy(text.begin(), text.end(), bytes_ + size_);
    size_ += text.size();
  }
  void push_text() const { duk_push_lstring(js_, bytes_, size_); }

 private:
  duk_context* js_;
  duk_idx_t index_;
  char* bytes_ = nullptr;
  size_t size_ = 0;
  size_t room_ = 0;
};

// Calls the function at index 1 for a match and appends its result.
void append_from_function(duk_context* js, const Code& code, const std::vector<Span>& spans, Output& output) {
  const std::string_view text = engine_text(js, 2);
  duk_require_stack(js, static_cast<duk_idx_t>(spans.size()) + 8);
  duk_dup(js, 1);
  const duk_idx_t first = duk_get_top(js);
  for (const Span& span : spans) push_span(js, text, span);
  duk_push_uint(js, spans[0].begin.index);
  duk_dup(js, 2);
  if (!code.names.empty()) push_groups(js, code, [&](uint32_t group) { duk_dup(js, first + static_cast<int>(group)); });
  duk_call(js, duk_get_top(js) - first);
  duk_to_string(js, -1);
  output.append(engine_text(js, -1));
  duk_pop(js);
}

void append_from_text(duk_context* js, const Code& code, const std::vector<Span>& spans, Output& output) {
  regexp::Replaced match;
  const std::string_view text = engine_text(js, 2);
  match.text = text;
  match.begin = spans[0].begin.byte;
  match.end = spans[0].end.byte;
  for (const Span& span : spans) {
    match.groups.push_back(span.is_set ? text.substr(span.begin.byte, span.end.byte - span.begin.byte)
                                       : std::string_view());
  }
  match.names = &code.names;
  regexp::expand_replacement(engine_text(js, 1), match, [&](std::string_view part) { output.append(part); });
}

// The subject is this call's own: the function that makes the replacements may use the engine meanwhile.
void replace(duk_context* js, Code& code) {
  const bool is_function = duk_is_function(js, 1) != 0;
  if (!is_function) duk_to_string(js, 1);
  const bool uses_index = code.flags.global || code.flags.sticky;
  const double index = code.flags.global ? 0 : last_index(js, 0);
  const std::string_view text = engine_text(js, 2);
  Output output(js);
  size_t done = 0;  // bytes of the text that are in the output, or replaced
  size_t end_index = 0;
  if (!uses_index || index <= static_cast<double>(duk_get_length(js, 2))) {
    Subject subject(js);
    with_memory(js, [&] { subject.assign(text, code.flags.unicode); });
    std::vector<size_t> ends;
    size_t unit = uses_index ? subject.unit_at(static_cast<size_t>(index)) : 0;
    while (unit <= subject.size() &&
           with_memory(js, [&] { return engine_of(js).match(js, code, subject, unit, code.flags.sticky, ends); })) {
      const std::vector<Span> spans = spans_of(subject, ends);
      output.append(text.substr(done, spans[0].begin.byte - done));
      done = spans[0].end.byte;
      unit = ends[1] == ends[0] ? ends[1] + 1 : ends[1];
      if (!code.flags.global) end_index = spans[0].end.index;
      if (is_function) {
        append_from_function(js, code, spans, output);
      } else {
        append_from_text(js, code, spans, output);
      }
      if (!code.flags.global) break;
    }
  }
  if (uses_index) set_last_index(js, 0, end_index);
  output.append(text.substr(done));
  output.push_text();
}

// ---- accessors

duk_ret_t native_flag(duk_context* js) {
  const FlagName& name = kFlagNames[duk_get_current_magic(js)];
  duk_push_this(js);
  const std::string_view program = ravelin_regexp_push_program(js, -1) ? engine_text(js, -1) : std::string_view();
  if (program.empty()) {
    duk_get_global_literal(js, "RegExp");
    duk_get_prop_literal(js, -1, "prototype");
    if (duk_strict_equals(js, -1, 0)) return 0;
    throw_type_error(js, "RegExp.prototype.%s: this is not a RegExp", name.property);
  }
  duk_push_boolean(js, regexp::is_program(program) && regexp::flags_of(program).*name.field);
  return 1;
}

}  // namespace

void install_regexps(duk_context* js) {
  StackGuard guard(js);
  duk_get_global_literal(js, "RegExp");
  duk_get_prop_literal(js, -1, "prototype");
  for (size_t i = 0; i < std::size(kFlagNames); ++i) {
    if (duk_has_prop_string(js, -1, kFlagNames[i].property)) continue;  // the engine's own: g, i, m
    duk_push_string(js, kFlagNames[i].property);
    duk_push_c_function(js, native_flag, 0);
    duk_set_magic(js, -1, static_cast<duk_int_t>(i));
    duk_push_literal(js, "name");
    duk_push_sprintf(js, "get %s", kFlagNames[i].property);
    duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
    duk_def_prop(js, -3, DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  }
}

}  // namespace ravelin::worker

using namespace ravelin::worker;

extern "C" duk_bool_t ravelin_regexp_compile(duk_context* js, duk_bool_t refused) {
  const std::string_view pattern = engine_text(js, -2);
  Flags flags;
  if (!read_flags(engine_text(js, -1), flags)) return 0;
  if (!refused && !needs_extended(pattern, flags)) return 0;
  const std::string program = regexp::make_program(flags, pattern);
  auto code = with_memory(js, [&] { return engine_of(js).code_of(program); });
  if (!code && refused) return 0;
  if (!code) {
    duk_push_error_object(js, DUK_ERR_SYNTAX_ERROR, "invalid regular expression: %s", code.error().message.c_str());
    duk_throw(js);
  }
  const std::string source = escaped_source(pattern);
  duk_push_lstring(js, source.data(), source.size());
  duk_replace(js, -3);
  duk_push_lstring(js, program.data(), program.size());
  duk_replace(js, -2);
  return 1;
}

extern "C" void ravelin_regexp_match(duk_context* js, duk_int_t mode) {
  duk_require_stack(js, 16);
  const duk_idx_t program = duk_get_top_index(js);
  const duk_idx_t input = program - 1;
  const std::shared_ptr<Code> code = code_of(js, engine_text(js, program));
  const std::vector<Span> spans = execute(js, *code, program - 2, input, mode);
  if (mode == kMatchTest) {
    duk_push_boolean(js, !spans.empty());
  } else if (spans.empty()) {
    duk_push_null(js);
  } else {
    push_result(js, *code, spans, input);
  }
  duk_replace(js, program - 2);
  duk_set_top(js, input);
}

extern "C" void ravelin_regexp_match_instead(duk_context* js, duk_int_t mode) {
  constexpr char kOwnFlags = regexp::kGlobal | regexp::kIgnoreCase | regexp::kMultiline;
  std::string program = regexp::make_program({}, engine_text(js, -1));
  program[0] = static_cast<char>(program[0] | (engine_text(js, -2)[0] & kOwnFlags));
  const auto code = with_memory(js, [&] { return engine_of(js).code_of(program); });
  if (!code) throw_range_error(js, "regexp executor recursion limit");
  duk_pop_2(js);
  duk_push_lstring(js, program.data(), program.size());
  ravelin_regexp_match(js, mode);
}

extern "C" void ravelin_regexp_replace(duk_context* js) {
  duk_require_stack(js, 16);
  const std::shared_ptr<Code> code = code_of(js, engine_text(js, -1));
  replace(js, *code);
}

extern "C" duk_bool_t ravelin_regexp_push_flags(duk_context* js) {
  std::string letters;
  if (ravelin_regexp_push_program(js, 0)) {
    const std::string_view program = engine_text(js, -1);
    if (!regexp::is_program(program)) {
      duk_pop(js);
      return 0;
    }
    const Flags flags = regexp::flags_of(program);
    for (const FlagName& name : kFlagNames) {
      if (flags.*name.field) letters += name.letter;
    }
  } else {
    for (const FlagName& name : kFlagNames) {
      duk_get_prop_string(js, 0, name.property);
      if (duk_to_boolean(js, -1)) letters += name.letter;
      duk_pop(js);
    }
  }
  duk_push_lstring(js, letters.data(), letters.size());
  return 1;
}
