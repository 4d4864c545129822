#include "worker/regexp/subject.h"

#include <algorithm>
#include <new>
#include <utility>

namespace ravelin::worker::regexp {

namespace {

constexpr uint32_t kReplacement = 0xFFFD;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// One character of the engine: a byte that is no continuation and all continuations behind it.
uint32_t read_character(std::string_view text, size_t& byte) {
  const unsigned lead = static_cast<unsigned char>(text[byte++]);
  if (lead < 0x80 && (byte == text.size() || !is_continuation(text[byte]))) return lead;
  const size_t begin = byte;
  while (byte < text.size() && is_continuation(text[byte])) ++byte;
  const size_t more = byte - begin;
  const size_t expected = lead < 0xC2 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 0;
  if (expected == 0 || more != expected) return kReplacement;
  uint32_t character = lead & (0x3Fu >> expected);
  for (size_t i = begin; i < byte; ++i) character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  return character <= 0x10FFFF ? character : kReplacement;
}

bool is_high(uint32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool is_low(uint32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

uint32_t next_unit(std::string_view text, bool joins_surrogates, size_t& byte) {
  const uint32_t first = read_character(text, byte);
  if (!joins_surrogates || !is_high(first) || byte == text.size()) return first;
  size_t next = byte;
  const uint32_t second = read_character(text, next);
  if (!is_low(second)) return first;
  byte = next;
  return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

}  // namespace

HeapBlock::HeapBlock(HeapBlock&& other) noexcept
    : memory_(other.memory_), bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

HeapBlock& HeapBlock::operator=(HeapBlock&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

void HeapBlock::resize(size_t bytes) {
  if (bytes <= size_) return;
  release();
  bytes_ = memory_.alloc_func(memory_.udata, bytes);
  if (!bytes_) throw std::bad_alloc();
  size_ = bytes;
}

void HeapBlock::release() {
  if (bytes_) memory_.free_func(memory_.udata, bytes_);
  bytes_ = nullptr;
  size_ = 0;
}

uint32_t Subject::read_unit(size_t& byte) const { return next_unit(text_, joins_surrogates_, byte); }

void Subject::assign(std::string_view text, bool joins_surrogates) {
  text_ = text;
  joins_surrogates_ = joins_surrogates;
  units_.resize((text.size() + 1) * sizeof(uint32_t));
  auto* units = static_cast<uint32_t*>(units_.bytes());
  is_ascii_ = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
  size_ = text.size();
  if (is_ascii_) {
    std::copy(text.begin(), text.end(), units);
    return;
  }
  marks_.resize((text.size() / kMarkEvery + 1) * sizeof(Place));
  auto* marks = static_cast<Place*>(marks_.bytes());
  size_ = 0;
  uint32_t index = 0;
  size_t byte = 0;
  while (byte < text.size() && is_continuation(text[byte])) ++byte;  // the engine does not count these
  while (byte < text.size()) {
    if (size_ % kMarkEvery == 0) marks[size_ / kMarkEvery] = {index, static_cast<uint32_t>(byte)};
    const bool may_be_pair = static_cast<unsigned char>(text[byte]) == 0xED;
    const uint32_t unit = read_unit(byte);
    units[size_++] = unit;
    index += may_be_pair && unit > 0xFFFF ? 2 : 1;
  }
  if (size_ % kMarkEvery == 0) marks[size_ / kMarkEvery] = {index, static_cast<uint32_t>(byte)};
}

void Subject::release() {
  units_.release();
  marks_.release();
  text_ = {};
  size_ = 0;
}

Subject::Place Subject::place_of(size_t unit) const {
  if (is_ascii_) return {static_cast<uint32_t>(unit), static_cast<uint32_t>(unit)};
  const Place mark = marks()[unit / kMarkEvery];
  size_t byte = mark.byte;
  uint32_t index = mark.index;
  for (size_t at = unit - unit % kMarkEvery; at < unit; ++at) {
    const bool may_be_pair = static_cast<unsigned char>(text_[byte]) == 0xED;
    index += read_unit(byte) > 0xFFFF && may_be_pair ? 2 : 1;
  }
  return {index, static_cast<uint32_t>(byte)};
}

size_t Subject::unit_at(size_t index) const {
  if (is_ascii_ || !joins_surrogates_) return index;
  const Place* const begin = marks();
  const Place* const end = begin + size_ / kMarkEvery + 1;
  const Place* after =
      std::upper_bound(begin, end, index, [](size_t wanted, const Place& place) { return wanted < place.index; });
  const Place* mark = after == begin ? begin : after - 1;
  size_t unit = static_cast<size_t>(mark - begin) * kMarkEvery;
  size_t at = mark->index;
  for (size_t byte = mark->byte; unit < size_; ++unit) {
    const bool may_be_pair = static_cast<unsigned char>(text_[byte]) == 0xED;
    const size_t length = read_unit(byte) > 0xFFFF && may_be_pair ? 2 : 1;
    if (at + length > index) break;
    at += length;
  }
  return unit;
}

std::u32string units_of(std::string_view text, bool joins_surrogates) {
  std::u32string units;
  units.reserve(text.size());
  size_t byte = 0;
  while (byte < text.size() && is_continuation(text[byte])) ++byte;
  while (byte < text.size()) units += static_cast<char32_t>(next_unit(text, joins_surrogates, byte));
  return units;
}

}  // namespace ravelin::worker::regexp
