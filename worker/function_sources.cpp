#include "worker/function_sources.h"

#include <libdeflate.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "common/limits.h"
#include "worker/engine_extra.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_iterators.h"
#include "worker/varint.h"

namespace ravelin::worker {

namespace {

// In the heap stash: the engine's own toString().
constexpr const char* kEngineToString = "ravelinFunctionToString";
constexpr size_t kSmallText = 512;    // not worth compressing
constexpr int kCompressionLevel = 1;  // 0.1 ms for 10 KB, a third of the size

// Byte offsets in a text of UTF-8 by numbers of UTF-16 units.
class UnitOffsets {
 public:
  explicit UnitOffsets(std::string_view text) : size_(text.size()) {
    const auto is_ascii = [](char c) { return static_cast<signed char>(c) >= 0; };
    if (std::all_of(text.begin(), text.end(), is_ascii)) return;
    offsets_.reserve(text.size() + 1);
    for (size_t at = 0; at < text.size(); ++at) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if ((byte & 0xC0) == 0x80) continue;
      offsets_.push_back(static_cast<uint32_t>(at));
      if (byte >= 0xF0) offsets_.push_back(static_cast<uint32_t>(at));  // a surrogate pair
    }
    offsets_.push_back(static_cast<uint32_t>(text.size()));
  }

  std::optional<uint32_t> at(uint32_t units) const {
    if (offsets_.empty()) return units <= size_ ? std::optional(units) : std::nullopt;
    return units < offsets_.size() ? std::optional(offsets_[units]) : std::nullopt;
  }

 private:
  size_t size_;
  std::vector<uint32_t> offsets_;  // empty: a byte is a unit
};

// The next of the numbers with commas between them.
bool take_number(std::string_view& in, uint32_t& number) {
  const auto parsed = std::from_chars(in.data(), in.data() + in.size(), number);
  if (parsed.ec != std::errc()) return false;
  in.remove_prefix(static_cast<size_t>(parsed.ptr - in.data()));
  if (!in.empty() && in.front() == ',') in.remove_prefix(1);
  return true;
}

uint32_t shifted(const std::vector<TextShift>& shifts, uint32_t offset) {
  const auto after = std::upper_bound(shifts.begin(), shifts.end(), offset,
                                      [](uint32_t value, const TextShift& shift) { return value < shift.out; });
  if (after == shifts.begin()) return offset;
  const TextShift& shift = *std::prev(after);
  return static_cast<uint32_t>(shift.in + (offset - shift.out));
}

std::string compress(const std::string& text) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(kCompressionLevel), libdeflate_free_compressor);
  if (!compressor || text.size() < kSmallText) return {};
  std::string compressed(text.size(), '\0');
  compressed.resize(
      libdeflate_deflate_compress(compressor.get(), text.data(), text.size(), compressed.data(), compressed.size()));
  compressed.shrink_to_fit();
  return compressed;  // empty when it does not get smaller
}

std::optional<std::string> decompress(const std::string& compressed, size_t size) {
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  std::string text(size, '\0');
  if (!decompressor || libdeflate_deflate_decompress(decompressor.get(), compressed.data(), compressed.size(),
                                                     text.data(), text.size(), nullptr) != LIBDEFLATE_SUCCESS)
    return std::nullopt;
  return text;
}

// A method whose key is computed begins before the first token that the engine noted.
bool is_whole(std::string_view function) { return !function.empty() && function.front() != ']'; }

duk_ret_t native_to_string(duk_context* js) {
  duk_push_this(js);
  duk_uint32_t place[3];
  if (ravelin_function_place(js, 0, place)) {
    if (const auto text = JsHeap::of(js).function_sources.text_of(place)) {
      push_text(js, *text);
      return 1;
    }
  }
  duk_push_heap_stash(js);
  duk_get_prop_string(js, 1, kEngineToString);
  duk_dup(js, 0);
  duk_call_method(js, 0);
  return 1;
}

}  // namespace

std::string function_table_from_places(std::string_view places, std::string_view code, std::string_view source) {
  const UnitOffsets code_offsets(code), source_offsets(source);
  std::vector<FunctionPlace> functions;
  while (!places.empty()) {
    uint32_t code_end = 0, begin = 0, end = 0;
    if (!take_number(places, code_end) || !take_number(places, begin) || !take_number(places, end)) return {};
    const auto code_at = code_offsets.at(code_end), begin_at = source_offsets.at(begin),
               end_at = source_offsets.at(end);
    if (!code_at || !begin_at || !end_at || *end_at < *begin_at) return {};
    functions.push_back({*code_at, *begin_at, *end_at});
  }
  std::sort(functions.begin(), functions.end(),
            [](const FunctionPlace& a, const FunctionPlace& b) { return a.code_end < b.code_end; });
  std::string table;
  FunctionPlace previous;
  for (const FunctionPlace& function : functions) {
    append_varint(table, static_cast<int64_t>(function.code_end) - previous.code_end);
    append_varint(table, static_cast<int64_t>(function.begin) - previous.begin);
    append_varint(table, static_cast<int64_t>(function.end) - function.begin);
    previous = function;
  }
  return table;
}

std::optional<FunctionPlace> find_function(std::string_view table, uint32_t code_end) {
  FunctionPlace at;
  while (!table.empty()) {
    at.code_end += static_cast<uint32_t>(take_varint(table));
    at.begin += static_cast<uint32_t>(take_varint(table));
    at.end = at.begin + static_cast<uint32_t>(take_varint(table));
    if (at.code_end == code_end) return at;
    if (at.code_end > code_end) break;
  }
  return std::nullopt;
}

uint32_t FunctionSources::add(std::string_view file, Source source) {
  forget(file);
  const uint32_t id = ++last_id_ != 0 ? last_id_ : ++last_id_;
  Kept kept;
  kept.text_size = source.text.size();
  kept.compressed = compress(source.text);
  if (!kept.compressed.empty()) source.text = std::string();
  kept.source = std::move(source);
  kept_.insert_or_assign(id, std::move(kept));
  current_.insert_or_assign(std::string(file), id);
  return id;
}

void FunctionSources::forget(std::string_view file) {
  if (current_.empty()) return;
  const auto found = current_.find(std::string(file));
  if (found == current_.end()) return;
  retire(found->second);
  current_.erase(found);
}

void FunctionSources::retire(uint32_t id) {
  const auto bytes_of = [](const Kept& kept) { return kept.source.text.size() + kept.compressed.size(); };
  replaced_.push_back(id);
  replaced_bytes_ += bytes_of(kept_[id]);
  while (replaced_bytes_ > limits::kReplacedSourceBytes) {
    replaced_bytes_ -= bytes_of(kept_[replaced_.front()]);
    kept_.erase(replaced_.front());
    replaced_.pop_front();
  }
}

std::optional<std::string> FunctionSources::text_of(const uint32_t place[3]) const {
  const auto found = kept_.find(place[0]);
  if (found == kept_.end()) return std::nullopt;
  const Source& source = found->second.source;
  if (place[1] < source.head_bytes || place[2] < source.head_bytes) return std::nullopt;
  FunctionPlace at{0, place[1] - source.head_bytes, place[2] + 1 - source.head_bytes};
  if (source.table) {
    const auto function = find_function(*source.table, at.end);
    if (!function) return std::nullopt;
    at.begin = shifted(source.shifts, function->begin);
    at.end = shifted(source.shifts, function->end);
  }
  const size_t size = found->second.text_size;
  if (at.begin >= at.end || at.end > size) return std::nullopt;
  const std::optional<std::string> text =
      found->second.compressed.empty() ? source.text : decompress(found->second.compressed, size);
  if (!text) return std::nullopt;
  std::string function = text->substr(at.begin, at.end - at.begin);
  if (!is_whole(function)) return std::nullopt;
  return function;
}

void install_function_sources(duk_context* js) {
  StackGuard guard(js);
  duk_push_heap_stash(js);
  duk_get_global_literal(js, "Function");
  duk_get_prop_literal(js, -1, "prototype");
  duk_get_prop_literal(js, -1, "toString");
  duk_put_prop_string(js, -4, kEngineToString);
  define_method(js, "toString", guarded<native_to_string>, 0);
}

}  // namespace ravelin::worker
