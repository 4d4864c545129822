#include "worker/js_buffers.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "worker/format_text.h"
#include "worker/format_utf8.h"
#include "worker/js_cbor.h"
#include "worker/js_error.h"
#include "worker/js_heap.h"
#include "worker/js_iterators.h"
#include "worker/text_encodings.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {

namespace {

constexpr char kEncodingKey[] = DUK_HIDDEN_SYMBOL("encoding");
constexpr double kMaxBytes = 1024.0 * 1024 * 1024;
constexpr int kPoolSize = 8192;  // Node's value; there is no pool here

const uint64_t time_origin_ns = monotonic_ns();

// Replaces the plain buffer on top by a Node Buffer over it.
void wrap_node_buffer(duk_context* js) {
  duk_push_buffer_object(js, -1, 0, duk_get_length(js, -1), DUK_BUFOBJ_NODEJS_BUFFER);
  duk_remove(js, -2);
}

void push_node_buffer(duk_context* js, std::string_view bytes) {
  push_buffer(js, bytes);
  wrap_node_buffer(js);
}

// The encoding named at `index`; UTF-8 when not given. Throws for a name that is none.
TextEncoding encoding_at(duk_context* js, duk_idx_t index) {
  if (!is_text(js, index)) return TextEncoding::kUtf8;
  const std::string name = text_at(js, index);
  const auto encoding = buffer_encoding(name);
  if (!encoding) throw_type_error(js, "Unknown encoding: %s", name.c_str());
  return *encoding;
}

std::string encoded_at(duk_context* js, duk_idx_t index, TextEncoding encoding) {
  return bytes_of_text(text_at(js, index), encoding);
}

// An integer argument, or `otherwise` when it is not given; NaN is 0.
double integer_at(duk_context* js, duk_idx_t index, double otherwise) {
  if (!is_given(js, index)) return otherwise;
  const double value = std::trunc(duk_to_number(js, index));
  return std::isnan(value) ? 0 : value;
}

std::string_view this_bytes(duk_context* js) {
  duk_push_this(js);
  duk_size_t size = 0;
  const auto* bytes = static_cast<const char*>(duk_require_buffer_data(js, -1, &size));
  duk_pop(js);
  return size == 0 ? std::string_view() : std::string_view(bytes, size);
}

char* this_storage(duk_context* js, size_t& size) {
  duk_push_this(js);
  auto* bytes = static_cast<char*>(duk_require_buffer_data(js, -1, &size));
  duk_pop(js);
  return bytes;
}

// ---- functions of Buffer

// The elements of the Array or Array-like at `index` as bytes. Script may lie about the length, and reading a thousand
// million elements runs no bytecode at which the deadline could end it.
std::string elements_at(duk_context* js, duk_idx_t index) {
  constexpr duk_size_t kElementsPerCheck = 64 * 1024;
  const duk_size_t length = duk_get_length(js, index);
  if (length > static_cast<duk_size_t>(kMaxBytes)) throw_range_error(js, "Buffer.from: the Array is too long");
  std::string collected;
  for (duk_size_t i = 0; i < length; ++i) {
    if (i % kElementsPerCheck == 0 && i > 0 && JsHeap::of(js).check_interrupt())
      throw_range_error(js, "execution timeout");
    duk_get_prop_index(js, index, static_cast<duk_uarridx_t>(i));
    collected += static_cast<char>(duk_to_uint32(js, -1));
    duk_pop(js);
  }
  return collected;
}

// from(string[, encoding]), from(Buffer), from(ArrayBuffer[, offset[, length]]), from(Array or Array-like)
duk_ret_t buffer_from(duk_context* js) {
  duk_set_top(js, 3);
  std::string_view bytes;
  if (is_text(js, 0)) {
    push_node_buffer(js, encoded_at(js, 0, encoding_at(js, 1)));
  } else if (get_bytes(js, 0, bytes)) {
    const auto size = static_cast<double>(bytes.size());
    const double begin = duk_is_number(js, 1) ? std::clamp(integer_at(js, 1, 0), 0.0, size) : 0;
    const double length = duk_is_number(js, 2) ? std::clamp(integer_at(js, 2, 0), 0.0, size - begin) : size - begin;
    push_node_buffer(js, bytes.substr(static_cast<size_t>(begin), static_cast<size_t>(length)));
  } else if (duk_is_object(js, 0) && !duk_is_function(js, 0)) {
    push_node_buffer(js, elements_at(js, 0));
  } else {
    throw_type_error(js, "Buffer.from: a String, Buffer or Array is required");
  }
  return 1;
}

// alloc(size[, fill[, encoding]])
duk_ret_t buffer_alloc(duk_context* js) {
  duk_set_top(js, 3);
  const double size = duk_is_number(js, 0) ? duk_get_number(js, 0) : NAN;
  if (!(size >= 0 && size <= kMaxBytes)) throw_range_error(js, "Buffer.alloc: invalid size");
  const auto bytes = static_cast<size_t>(size);
  std::string pattern;
  std::string_view given;
  if (is_text(js, 1)) {
    pattern = encoded_at(js, 1, encoding_at(js, 2));
  } else if (get_bytes(js, 1, given)) {
    pattern = given;
  } else if (is_given(js, 1)) {
    pattern.assign(1, static_cast<char>(duk_to_uint32(js, 1)));
  }
  auto* target = static_cast<char*>(duk_push_fixed_buffer(js, bytes));  // zero-filled
  for (size_t i = 0; !pattern.empty() && i < bytes; ++i) target[i] = pattern[i % pattern.size()];
  wrap_node_buffer(js);
  return 1;
}

duk_ret_t buffer_byte_length(duk_context* js) {
  duk_set_top(js, 2);
  std::string_view bytes;
  if (is_text(js, 0)) {
    duk_push_number(js, static_cast<double>(encoded_at(js, 0, encoding_at(js, 1)).size()));
  } else if (get_bytes(js, 0, bytes)) {
    duk_push_number(js, static_cast<double>(bytes.size()));
  } else {
    throw_type_error(js, "Buffer.byteLength: a String or Buffer is required");
  }
  return 1;
}

duk_ret_t buffer_is_encoding(duk_context* js) {
  duk_push_boolean(js, is_text(js, 0) && buffer_encoding(text_at(js, 0)).has_value());
  return 1;
}

// ---- methods of its instances

// toString([encoding][, start][, end])
duk_ret_t buffer_to_string(duk_context* js) {
  duk_set_top(js, 3);
  const duk_idx_t first = is_text(js, 0) || !duk_is_number(js, 0) ? 1 : 0;  // (start, end) without an encoding
  const TextEncoding encoding = encoding_at(js, 0);
  if (encoding == TextEncoding::kUtf8) {  // the engine's own replaces what is no UTF-8
    push_original(js);
    duk_push_this(js);
    duk_push_literal(js, "utf8");
    duk_dup(js, first);
    duk_dup(js, first + 1);
    duk_call_method(js, 3);
    return 1;
  }
  const std::string_view bytes = this_bytes(js);
  const auto size = static_cast<double>(bytes.size());
  const double begin = std::clamp(integer_at(js, first, 0), 0.0, size);
  const double end = std::clamp(integer_at(js, first + 1, size), begin, size);
  push_text(js, text_of_bytes(bytes.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)), encoding));
  return 1;
}

// write(string[, offset[, length]][, encoding])
duk_ret_t buffer_write(duk_context* js) {
  duk_idx_t numbers = 1;
  while (numbers < duk_get_top(js) && numbers < 3 && !is_text(js, numbers)) ++numbers;
  const TextEncoding encoding = encoding_at(js, numbers);
  if (!is_text(js, 0)) throw_type_error(js, "write: argument must be a String");
  size_t size = 0;
  char* target = this_storage(js, size);
  const double offset = numbers > 1 ? integer_at(js, 1, 0) : 0;
  if (offset < 0 || offset > static_cast<double>(size)) throw_range_error(js, "write: offset out of bounds");
  const double room = static_cast<double>(size) - offset;
  const double limit = numbers > 2 ? std::clamp(integer_at(js, 2, room), 0.0, room) : room;
  const std::string bytes = encoded_at(js, 0, encoding);
  size_t count = std::min(bytes.size(), static_cast<size_t>(limit));
  if (encoding == TextEncoding::kUtf8 && count < bytes.size()) {  // never a part of a character
    while (count > 0 && (static_cast<unsigned char>(bytes[count]) & 0xC0) == 0x80) --count;
  }
  if (encoding == TextEncoding::kUtf16Le) count -= count % 2;
  if (count > 0) memcpy(target + static_cast<size_t>(offset), bytes.data(), count);
  duk_push_number(js, static_cast<double>(count));
  return 1;
}

enum SearchMagic : duk_int_t { kIndexOf, kLastIndexOf, kIncludes };

// indexOf, lastIndexOf, includes (value[, offset][, encoding])
duk_ret_t buffer_search(duk_context* js) {
  const duk_int_t wanted = duk_get_current_magic(js);
  duk_set_top(js, 3);
  const duk_idx_t encoding_index = is_text(js, 1) ? 1 : 2;
  std::string needle;
  std::string_view given;
  if (is_text(js, 0)) {
    needle = encoded_at(js, 0, encoding_at(js, encoding_index));
  } else if (get_bytes(js, 0, given)) {
    needle = given;
  } else if (duk_is_number(js, 0)) {
    needle.assign(1, static_cast<char>(duk_to_uint32(js, 0)));
  } else {
    throw_type_error(js, "indexOf: a String, Buffer or Number is required");
  }
  const std::string_view bytes = this_bytes(js);
  const auto size = static_cast<double>(bytes.size());
  double offset = wanted == kLastIndexOf ? size : 0;
  if (encoding_index == 2 && is_given(js, 1)) offset = integer_at(js, 1, 0);
  if (offset < 0) offset += size;
  size_t found = std::string_view::npos;
  if (wanted == kLastIndexOf) {
    if (offset >= 0) found = bytes.rfind(needle, static_cast<size_t>(std::min(offset, size)));
  } else if (offset <= size) {
    found = bytes.find(needle, static_cast<size_t>(std::max(offset, 0.0)));
  }
  if (wanted == kIncludes) {
    duk_push_boolean(js, found != std::string_view::npos);
  } else {
    duk_push_number(js, found == std::string_view::npos ? -1 : static_cast<double>(found));
  }
  return 1;
}

// swap16, swap32, swap64: magic is the number of bytes.
duk_ret_t buffer_swap(duk_context* js) {
  const auto width = static_cast<size_t>(duk_get_current_magic(js));
  size_t size = 0;
  char* bytes = this_storage(js, size);
  if (size % width != 0)
    throw_range_error(js, "swap%zu: the length must be a multiple of %zu bits", width * 8, width * 8);
  for (size_t i = 0; i < size; i += width) std::reverse(bytes + i, bytes + i + width);
  duk_push_this(js);
  return 1;
}

// subarray([begin[, end]]): a Buffer over the same bytes, as slice() gives.
duk_ret_t buffer_subarray(duk_context* js) {
  duk_push_this(js);
  duk_push_literal(js, "slice");
  duk_dup(js, 0);
  duk_dup(js, 1);
  duk_call_prop(js, -4, 2);
  return 1;
}

// new Buffer(text | size | bytes): the engine's, for which a character beyond U+FFFF in a text is two.
duk_ret_t construct_buffer(duk_context* js) {
  if (is_text(js, 0)) {
    std::string joined;
    const std::string_view text = engine_text(js, 0);
    const std::string_view utf8 = utf8_view(text, joined);
    if (utf8.data() != text.data()) {
      push_buffer(js, utf8);
      duk_replace(js, 0);
    }
  }
  const duk_idx_t count = duk_get_top(js);
  push_original(js);
  duk_insert(js, 0);
  duk_new(js, count);
  return 1;
}

// Puts our constructor in the place of the engine's, with all that belongs to it.
void install_buffer_constructor(duk_context* js) {
  duk_push_global_object(js);
  replace_method(js, "Buffer", guarded<construct_buffer>, DUK_VARARGS);
  duk_get_prop_literal(js, -1, "Buffer");
  duk_get_prop_string(js, -1, kOriginalKey);
  for (const char* name : {"isEncoding", "isBuffer", "byteLength", "concat", "compare"}) {
    duk_push_string(js, name);
    duk_get_prop_string(js, -2, name);
    duk_def_prop(js, -4, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE);
  }
  duk_push_literal(js, "prototype");
  duk_get_prop_literal(js, -2, "prototype");
  duk_dup(js, -4);
  duk_put_prop_literal(js, -2, "constructor");
  duk_def_prop(js, -4, DUK_DEFPROP_HAVE_VALUE);
  duk_pop_3(js);
}

void install_buffer(duk_context* js) {
  install_buffer_constructor(js);
  duk_get_global_literal(js, "Buffer");
  define_method(js, "from", guarded<buffer_from>, DUK_VARARGS);
  for (const char* name : {"alloc", "allocUnsafe", "allocUnsafeSlow"}) {
    define_method(js, name, guarded<buffer_alloc>, DUK_VARARGS);
  }
  define_method(js, "byteLength", guarded<buffer_byte_length>, DUK_VARARGS);
  define_method(js, "isEncoding", guarded<buffer_is_encoding>, 1);
  duk_push_int(js, kPoolSize);
  duk_put_prop_literal(js, -2, "poolSize");

  duk_get_prop_literal(js, -1, "prototype");
  replace_method(js, "toString", guarded<buffer_to_string>, DUK_VARARGS);
  define_method(js, "write", guarded<buffer_write>, DUK_VARARGS);
  define_method(js, "indexOf", guarded<buffer_search>, DUK_VARARGS, kIndexOf);
  define_method(js, "lastIndexOf", guarded<buffer_search>, DUK_VARARGS, kLastIndexOf);
  define_method(js, "includes", guarded<buffer_search>, DUK_VARARGS, kIncludes);
  define_method(js, "swap16", guarded<buffer_swap>, 0, 2);
  define_method(js, "swap32", guarded<buffer_swap>, 0, 4);
  define_method(js, "swap64", guarded<buffer_swap>, 0, 8);
  define_method(js, "subarray", guarded<buffer_subarray>, 2);
  duk_pop_2(js);
}

// ---- TextDecoder, performance

constexpr const char* kDecoderNames[] = {"utf-8", "", "", "", "iso-8859-1", "utf-16le", "us-ascii", "utf-16be"};

// decode([bytes]) of the encodings that are ours.
duk_ret_t decoder_decode(duk_context* js) {
  duk_push_this(js);
  duk_get_prop_string(js, -1, kEncodingKey);
  const auto encoding = static_cast<TextEncoding>(duk_require_int(js, -1));
  std::string_view bytes;
  if (is_given(js, 0) && !get_bytes(js, 0, bytes)) throw_type_error(js, "TextDecoder.decode: a Buffer is required");
  std::string text = text_of_bytes(bytes, encoding);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  push_text(js, text);
  return 1;
}

// new TextDecoder([label[, options]]): UTF-8 is the engine's.
duk_ret_t construct_decoder(duk_context* js) {
  duk_set_top(js, 2);
  if (!duk_is_constructor_call(js)) throw_type_error(js, "TextDecoder must be called with new");
  std::string label = "utf-8";
  if (is_given(js, 0)) {
    duk_to_string(js, 0);
    label = text_at(js, 0);
  }
  const auto encoding = decoder_encoding(label);
  if (!encoding) throw_range_error(js, "TextDecoder: unknown encoding '%s'", label.c_str());
  if (*encoding == TextEncoding::kUtf8) {
    push_original(js);
    duk_push_literal(js, "utf-8");
    duk_dup(js, 1);
    duk_new(js, 2);
    return 1;
  }
  duk_push_this(js);
  duk_push_int(js, static_cast<int>(*encoding));
  duk_put_prop_string(js, -2, kEncodingKey);
  duk_push_literal(js, "encoding");
  duk_push_string(js, kDecoderNames[static_cast<size_t>(*encoding)]);
  duk_def_prop(js, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
  define_method(js, "decode", guarded<decoder_decode>, 1);
  return 0;
}

void install_decoder(duk_context* js) {
  duk_push_global_object(js);
  replace_method(js, "TextDecoder", guarded<construct_decoder>, DUK_VARARGS);
  duk_get_prop_literal(js, -1, "TextDecoder");
  duk_get_prop_string(js, -1, kOriginalKey);
  duk_push_literal(js, "prototype");
  duk_get_prop_literal(js, -2, "prototype");
  duk_def_prop(js, -4, DUK_DEFPROP_HAVE_VALUE);
  duk_pop_3(js);
}

duk_ret_t performance_now(duk_context* js) {
  duk_push_number(js, static_cast<double>(monotonic_ns() - time_origin_ns) / 1e6);
  return 1;
}

}  // namespace

void install_buffers(duk_context* js) {
  StackGuard guard(js);
  install_buffer(js);
  install_decoder(js);
  install_cbor(js);
  duk_get_global_literal(js, "performance");
  define_method(js, "now", performance_now, 0);
}

}  // namespace ravelin::worker
