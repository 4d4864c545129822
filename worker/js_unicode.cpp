#include "worker/js_unicode.h"

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>

#include "common/limits.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_iterators.h"

namespace ravelin::worker {

namespace {

constexpr uint32_t kFirstMark = 0x300;  // no code point below it combines with what stands before it
constexpr size_t kPieceSize = 4096;     // code points normalized at a time

bool is_surrogate(uint32_t code_point) { return code_point >= 0xD800 && code_point <= 0xDFFF; }

// The code point at `position`, which moves on. A byte that belongs to no sequence counts as a character.
uint32_t next_code_point(std::string_view text, size_t& position) {
  const auto byte = [&](size_t offset) { return static_cast<unsigned char>(text[position + offset]); };
  const unsigned lead = byte(0);
  const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 1 || position + length > text.size()) return ++position, lead;
  uint32_t code_point = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) code_point = code_point << 6 | (byte(i) & 0x3F);
  position += length;
  return code_point;
}

uninorm_t tables_of(NormalForm form) {
  switch (form) {
    case NormalForm::kNfc:
      return UNINORM_NFC;
    case NormalForm::kNfd:
      return UNINORM_NFD;
    case NormalForm::kNfkc:
      return UNINORM_NFKC;
    default:
      return UNINORM_NFKD;
  }
}

// Replaces the piece, which holds no surrogates, by its normal form.
void normalize_piece(std::u32string& piece, uninorm_t form) {
  static_assert(sizeof(char32_t) == sizeof(uint32_t));
  size_t length = 0;
  const std::unique_ptr<uint32_t, decltype(&free)> result(
      u32_normalize(form, reinterpret_cast<const uint32_t*>(piece.data()), piece.size(), nullptr, &length), free);
  if (!result && errno == ENOMEM) throw std::bad_alloc();
  piece.assign(reinterpret_cast<const char32_t*>(result.get()), result ? length : 0);
}

// False for everything that could combine, in any form, with what stands before it: marks, Korean letters and their
// variants, the voiced sound marks of half width. Also false for some that could not.
bool may_begin_piece(uint32_t code_point) {
  if (code_point < kFirstMark) return true;
  const auto is_in = [code_point](uint32_t first, uint32_t last) { return code_point >= first && code_point <= last; };
  if (is_in(0x1100, 0x11FF) || is_in(0x3130, 0x318F) || is_in(0xFF65, 0xFFDC)) return false;
  return !uc_is_general_category(code_point, UC_CATEGORY_M) && uc_combining_class(code_point) == 0;
}

class Normalizer {
 public:
  explicit Normalizer(NormalForm form) : form_(tables_of(form)) {}

  std::string run(std::string_view text) {
    out_.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
      const uint32_t code_point = next_code_point(text, at);
      if (is_surrogate(code_point) || (piece_.size() >= kPieceSize && may_begin_piece(code_point))) flush();
      if (is_surrogate(code_point)) {
        append_code_point(out_, code_point);
      } else {
        piece_ += static_cast<char32_t>(code_point);
      }
    }
    flush();
    return std::move(out_);
  }

 private:
  void flush() {
    if (piece_.empty()) return;
    normalize_piece(piece_, form_);
    for (const char32_t code_point : piece_) append_code_point(out_, code_point);
    if (out_.size() > limits::kMaxNormalizedBytes) throw std::length_error("normalize: the result is too long");
    piece_.clear();
  }

  uninorm_t form_;
  std::u32string piece_;
  std::string out_;
};

// True when the text is known to be in that form: ASCII in all of them, what lies below the marks in NFC.
bool is_normal(std::string_view text, NormalForm form) {
  const unsigned end = form == NormalForm::kNfc ? 0xCC : 0x80;  // the first byte of U+0300
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= end) return false;
  }
  return true;
}

// ---- order

// How the root collation orders ASCII before digits and letters.
constexpr std::string_view kPunctuation = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
// Weights: ASCII punctuation by its place above, then other characters, then digits, then letters.
constexpr uint32_t kOtherWeight = 0x1000;
constexpr uint32_t kDigitWeight = 0x200000;
constexpr uint32_t kLetterWeight = 0x400000;

// What decides in turn. A text is compared level by level.
struct SortKey {
  std::u32string letters;  // weights
  std::u32string accents;  // 0 for each letter, then its marks
  std::u32string cases;    // for each letter 1 when it is a capital
};

class KeyMaker {
 public:
  explicit KeyMaker(bool is_numeric) : is_numeric_(is_numeric) {}

  SortKey make(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
      const uint32_t code_point = next_code_point(text, at);
      if (is_numeric_ && code_point >= '0' && code_point <= '9') {
        add_number(text, at);
      } else {
        add(code_point);
      }
    }
    return std::move(key_);
  }

 private:
  void add_letter(uint32_t weight, bool is_capital) {
    key_.letters += static_cast<char32_t>(weight);
    key_.accents += U'\0';
    key_.cases += is_capital ? U'\1' : U'\0';
  }

  // The digits from before `at` on: a number with more digits is greater, so their count comes first.
  void add_number(std::string_view text, size_t& at) {
    size_t begin = at - 1;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    while (begin + 1 < at && text[begin] == '0') ++begin;
    add_letter(kDigitWeight + 16 + static_cast<uint32_t>(std::min<size_t>(at - begin, 0x100000)), false);
    for (; begin < at; ++begin) add_letter(kDigitWeight + static_cast<uint32_t>(text[begin] - '0'), false);
  }

  void add(uint32_t code_point) {
    if (code_point < 0x80) return add_ascii(code_point);
    if (uc_is_general_category(code_point, UC_CATEGORY_M)) {
      key_.accents += static_cast<char32_t>(code_point);
    } else if (uc_is_general_category(code_point, UC_CATEGORY_L)) {
      const uint32_t lower = uc_tolower(code_point);
      add_letter(kLetterWeight + lower, lower != code_point);
    } else {
      const int digit = uc_decimal_value(code_point);
      add_letter(digit >= 0 ? kDigitWeight + static_cast<uint32_t>(digit) : kOtherWeight + code_point, false);
    }
  }

  void add_ascii(uint32_t c) {
    if (c >= 'a' && c <= 'z') return add_letter(kLetterWeight + c, false);
    if (c >= 'A' && c <= 'Z') return add_letter(kLetterWeight + c - 'A' + 'a', true);
    if (c >= '0' && c <= '9') return add_letter(kDigitWeight + c - '0', false);
    const size_t place = kPunctuation.find(static_cast<char>(c));
    if (place != std::string_view::npos) add_letter(static_cast<uint32_t>(place) + 1, false);  // else no character
  }

  bool is_numeric_;
  SortKey key_;
};

SortKey sort_key(std::string_view text, bool is_numeric) {
  std::string joined;
  text = utf8_view(text, joined);
  if (is_normal(text, NormalForm::kNfd) || !is_well_formed(text)) return KeyMaker(is_numeric).make(text);
  return KeyMaker(is_numeric).make(normalized(text, NormalForm::kNfd));
}

// How many first bytes of both texts are the same and cannot matter: they end before an ASCII character that is not a
// digit, since marks or digits may follow one.
size_t common_start(std::string_view a, std::string_view b) {
  size_t size = static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  const auto may_end = [](char c) { return static_cast<signed char>(c) >= 0 && (c < '0' || c > '9'); };
  while (size > 0 && !may_end(a[size - 1])) --size;
  return size > 0 ? size - 1 : 0;
}

// ---- String.prototype

// Pushes `this` as a String.
std::string_view push_this_text(duk_context* js, const char* method) {
  duk_push_this(js);
  if (duk_is_null_or_undefined(js, -1)) throw_type_error(js, "String.prototype.%s: this is null or undefined", method);
  duk_to_string(js, -1);
  return engine_text(js, -1);
}

NormalForm require_form(duk_context* js, duk_idx_t index) {
  if (duk_is_undefined(js, index)) return NormalForm::kNfc;
  duk_to_string(js, index);
  const std::string_view name = engine_text(js, index);
  if (name == "NFC") return NormalForm::kNfc;
  if (name == "NFD") return NormalForm::kNfd;
  if (name == "NFKC") return NormalForm::kNfkc;
  if (name == "NFKD") return NormalForm::kNfkd;
  throw_range_error(js, "String.prototype.normalize: the form must be NFC, NFD, NFKC or NFKD");
}

duk_ret_t native_normalize(duk_context* js) {
  duk_set_top(js, 1);
  const std::string_view text = push_this_text(js, "normalize");
  const NormalForm form = require_form(js, 0);
  if (is_normal(text, form) || !is_well_formed(text)) return 1;
  std::string result;
  try {
    std::string joined;
    result = normalized(utf8_view(text, joined), form);
  } catch (const std::length_error& error) {
    throw_range_error(js, "String.prototype.%s", error.what());
  }
  push_text(js, result);
  return 1;
}

Sensitivity require_sensitivity(duk_context* js, duk_idx_t index) {
  if (duk_is_undefined(js, index)) return Sensitivity::kVariant;
  duk_to_string(js, index);
  const std::string_view name = engine_text(js, index);
  if (name == "base") return Sensitivity::kBase;
  if (name == "accent") return Sensitivity::kAccent;
  if (name == "case") return Sensitivity::kCase;
  if (name == "variant") return Sensitivity::kVariant;
  throw_range_error(js, "String.prototype.localeCompare: sensitivity must be base, accent, case or variant");
}

duk_ret_t native_locale_compare(duk_context* js) {  // that, locales, options
  duk_set_top(js, 3);
  Collation collation;
  if (duk_is_object(js, 2)) {
    duk_get_prop_literal(js, 2, "numeric");
    collation.is_numeric = duk_to_boolean(js, -1);
    duk_get_prop_literal(js, 2, "sensitivity");
    collation.sensitivity = require_sensitivity(js, -1);
  }
  const std::string_view self = push_this_text(js, "localeCompare");
  duk_to_string(js, 0);
  duk_push_int(js, compare_texts(self, engine_text(js, 0), collation));
  return 1;
}

// Defines the method of the prototype on top; its `length` differs from the number of arguments that it takes.
void define_with_length(duk_context* js, const char* name, duk_c_function function, duk_idx_t argument_count,
                        duk_int_t length) {
  define_method(js, name, function, argument_count);
  duk_get_prop_string(js, -1, name);
  duk_push_literal(js, "length");
  duk_push_int(js, length);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
  duk_pop(js);
}

}  // namespace

std::string normalized(std::string_view text, NormalForm form) { return Normalizer(form).run(text); }

int compare_texts(std::string_view a, std::string_view b, const Collation& collation) {
  if (a == b) return 0;
  const size_t same = common_start(a, b);
  a.remove_prefix(same);
  b.remove_prefix(same);
  const SortKey left = sort_key(a, collation.is_numeric);
  const SortKey right = sort_key(b, collation.is_numeric);
  const auto sign = [](int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; };
  const Sensitivity sensitivity = collation.sensitivity;
  int order = left.letters.compare(right.letters);
  if (order == 0 && (sensitivity == Sensitivity::kAccent || sensitivity == Sensitivity::kVariant))
    order = left.accents.compare(right.accents);
  if (order == 0 && (sensitivity == Sensitivity::kCase || sensitivity == Sensitivity::kVariant))
    order = left.cases.compare(right.cases);
  return sign(order);
}

void install_unicode(duk_context* js) {
  StackGuard guard(js);
  duk_get_global_literal(js, "String");
  duk_get_prop_literal(js, -1, "prototype");
  define_with_length(js, "normalize", guarded<native_normalize>, 1, 0);
  define_with_length(js, "localeCompare", guarded<native_locale_compare>, 3, 1);
}

}  // namespace ravelin::worker
