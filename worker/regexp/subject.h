// Subject: a String of the engine as PCRE2 sees it, one 32-bit unit per code unit or, for flag u, per code point, and
// the way back from its positions to those of the String. Strings may hold raw bytes (format_utf8.h): each character
// that the engine counts is one unit, and bytes that are no character count as U+FFFD.
// Memory comes from the heap's allocator and counts against its limit. Any process that runs script; main thread.
#pragma once

#include <duktape.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ravelin::worker::regexp {

// A block of the heap's allocator, without the collector: nothing runs when it is taken or let go.
class HeapBlock {
 public:
  explicit HeapBlock(duk_context* js) { duk_get_memory_functions(js, &memory_); }
  ~HeapBlock() { release(); }
  HeapBlock(HeapBlock&& other) noexcept;
  HeapBlock& operator=(HeapBlock&& other) noexcept;
  HeapBlock(const HeapBlock&) = delete;
  HeapBlock& operator=(const HeapBlock&) = delete;

  // Makes room for at least so many bytes; what was in it is lost. Throws std::bad_alloc.
  void resize(size_t bytes);
  void release();
  void* bytes() const { return bytes_; }
  size_t size() const { return size_; }

 private:
  duk_memory_functions memory_;
  void* bytes_ = nullptr;
  size_t size_ = 0;
};

class Subject {
 public:
  explicit Subject(duk_context* js) : units_(js), marks_(js) {}

  // `text`: the bytes of a String, which must stay where they are while places are asked for. Throws std::bad_alloc.
  void assign(std::string_view text, bool joins_surrogates);
  void release();

  const uint32_t* units() const { return static_cast<const uint32_t*>(units_.bytes()); }
  size_t size() const { return size_; }
  std::string_view text() const { return text_; }
  bool joins_surrogates() const { return joins_surrogates_; }
  size_t memory() const { return units_.size() + marks_.size(); }

  // Where a unit begins in the String: `index` in the characters that script counts.
  struct Place {
    uint32_t index;
    uint32_t byte;
  };
  Place place_of(size_t unit) const;
  // The unit that holds the character of that index; size() for the end. `index` is at most the String's length.
  size_t unit_at(size_t index) const;

 private:
  static constexpr size_t kMarkEvery = 64;

  const Place* marks() const { return static_cast<const Place*>(marks_.bytes()); }
  // Reads the unit at `byte`, which moves on.
  uint32_t read_unit(size_t& byte) const;

  std::string_view text_;
  HeapBlock units_;
  HeapBlock marks_;  // the place of every kMarkEvery-th unit; none when all is ASCII
  size_t size_ = 0;
  bool is_ascii_ = true;
  bool joins_surrogates_ = false;
};

// The units of a text, as Subject would have them.
std::u32string units_of(std::string_view text, bool joins_surrogates);

}  // namespace ravelin::worker::regexp
