#include "worker/utils/compress.h"

#include <libdeflate.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>

#include "worker/block_hook.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"

namespace ravelin::worker {
namespace {

constexpr int kDefaultLevel = 6;
constexpr int kMaxLevel = 12;
constexpr size_t kMaxOutputBytes = 256ull * 1024 * 1024;
constexpr size_t kMinRoom = 4096;   // the first guess at the output of a small input
constexpr size_t kMaxRatio = 1032;  // of deflate: two bits for 258 bytes

enum Form : duk_int_t { kGzip, kZlib, kRaw };
constexpr const char* kCompressNames[] = {"gzip", "deflate", "deflateRaw"};
constexpr const char* kDecompressNames[] = {"gunzip", "inflate", "inflateRaw"};

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};
struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
};

std::string compress(std::string_view data, int level, Form form) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(libdeflate_alloc_compressor(level));
  if (!compressor) throw std::bad_alloc();
  const auto bound = form == kGzip   ? libdeflate_gzip_compress_bound
                     : form == kZlib ? libdeflate_zlib_compress_bound
                                     : libdeflate_deflate_compress_bound;
  const auto run = form == kGzip   ? libdeflate_gzip_compress
                   : form == kZlib ? libdeflate_zlib_compress
                                   : libdeflate_deflate_compress;
  std::string out(bound(compressor.get(), data.size()), '\0');
  out.resize(run(compressor.get(), data.data(), data.size(), out.data(), out.size()));
  return out;
}

enum class Outcome { kOk, kBad, kTooLarge };

Outcome run_decompressor(libdeflate_decompressor* decompressor, std::string_view data, Form form, size_t& used,
                         std::string& out, size_t filled, size_t& written) {
  const auto run = form == kGzip   ? libdeflate_gzip_decompress_ex
                   : form == kZlib ? libdeflate_zlib_decompress_ex
                                   : libdeflate_deflate_decompress_ex;
  switch (run(decompressor, data.data(), data.size(), out.data() + filled, out.size() - filled, &used, &written)) {
    case LIBDEFLATE_SUCCESS:
      return Outcome::kOk;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return Outcome::kTooLarge;
    default:
      return Outcome::kBad;
  }
}

using Decompressor = std::unique_ptr<libdeflate_decompressor, FreeDecompressor>;

Decompressor make_decompressor() {
  Decompressor decompressor(libdeflate_alloc_decompressor());
  if (!decompressor) throw std::bad_alloc();
  return decompressor;
}

// Puts what `data` begins with into `out` from `filled` on, moves both along. The library wants room for everything
// beforehand: `out` doubles until it is enough, and what is left behind `filled` serves the next call.
Outcome decompress(libdeflate_decompressor* decompressor, std::string_view& data, Form form, std::string& out,
                   size_t& filled) {
  for (;;) {
    size_t used = 0;
    size_t written = 0;
    const Outcome outcome = run_decompressor(decompressor, data, form, used, out, filled, written);
    if (outcome == Outcome::kTooLarge && out.size() < kMaxOutputBytes) {
      out.resize(std::clamp(out.size() * 2, kMinRoom, kMaxOutputBytes));
      continue;
    }
    if (outcome != Outcome::kOk) return outcome;
    filled += written;
    data.remove_prefix(used);
    return outcome;
  }
}

// gzip(data[, level]) and its kin; magic is the Form.
duk_ret_t utils_compress(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const auto form = static_cast<Form>(duk_get_current_magic(ctx));
  std::string scratch;
  const std::string message = std::string(kCompressNames[form]) + "(): data must be a String or Buffer";
  const std::string_view data = data_at(ctx, 0, scratch, message.c_str());
  double level = kDefaultLevel;
  if (is_given(ctx, 1)) {
    if (!duk_is_number(ctx, 1) || std::isnan(duk_get_number(ctx, 1)))
      throw_error(ctx, "%s(): level must be a Number", kCompressNames[form]);
    level = std::clamp(duk_get_number(ctx, 1), 1.0, static_cast<double>(kMaxLevel));
  }
  about_to_block();
  push_buffer(ctx, compress(data, static_cast<int>(level), form));
  return 1;
}

// gunzip(data) and its kin. A gzip file may be several, one after another (RFC 1952 2.2).
duk_ret_t utils_decompress(duk_context* ctx) {
  const auto form = static_cast<Form>(duk_get_current_magic(ctx));
  const char* name = kDecompressNames[form];
  std::string scratch;
  const std::string message = std::string(name) + "(): data must be a String or Buffer";
  std::string_view data = data_at(ctx, 0, scratch, message.c_str());
  about_to_block();
  const Decompressor decompressor = make_decompressor();
  std::string out(std::clamp<size_t>(data.size() * 4, kMinRoom, kMaxOutputBytes), '\0');
  size_t filled = 0;
  do {
    const Outcome outcome = decompress(decompressor.get(), data, form, out, filled);
    if (outcome == Outcome::kTooLarge) {
      throw_error(ctx, "%s(): output is larger than %zu bytes", name, kMaxOutputBytes);
    }
    if (outcome == Outcome::kBad) throw_error(ctx, "%s(): bad compressed data", name);
  } while (form == kGzip && !data.empty());
  push_buffer(ctx, std::string_view(out).substr(0, filled));
  return 1;
}

// The library takes a null pointer for a wish to begin anew.
const char* bytes_of(std::string_view data) { return data.empty() ? "" : data.data(); }

// A checksum to go on from.
uint32_t seed_at(duk_context* ctx, duk_idx_t index, uint32_t otherwise) {
  return duk_is_number(ctx, index) ? duk_to_uint32(ctx, index) : otherwise;
}

duk_ret_t utils_crc32(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string scratch;
  const std::string_view data = data_at(ctx, 0, scratch, "crc32(): data must be a String or Buffer");
  duk_push_number(ctx, libdeflate_crc32(seed_at(ctx, 1, 0), bytes_of(data), data.size()));
  return 1;
}

duk_ret_t utils_adler32(duk_context* ctx) {
  duk_set_top(ctx, 2);
  std::string scratch;
  const std::string_view data = data_at(ctx, 0, scratch, "adler32(): data must be a String or Buffer");
  duk_push_number(ctx, libdeflate_adler32(seed_at(ctx, 1, 1), bytes_of(data), data.size()));
  return 1;
}

}  // namespace

uint32_t crc32_of(std::string_view data) { return libdeflate_crc32(0, bytes_of(data), data.size()); }

bool inflate_raw(std::string_view data, size_t expected_size, std::string& out) {
  // A size that is a lie must not cost its memory: nor more, nor what so few bytes cannot hold.
  if (expected_size > kMaxOutputBytes || expected_size / kMaxRatio > data.size()) return false;
  const Decompressor decompressor = make_decompressor();
  out.assign(expected_size, '\0');
  size_t used = 0;
  size_t written = 0;
  if (run_decompressor(decompressor.get(), data, kRaw, used, out, 0, written) != Outcome::kOk) return false;
  out.resize(written);
  return true;
}

void put_compress_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"gzip", guarded<utils_compress>},       {"deflate", guarded<utils_compress>},
      {"deflateRaw", guarded<utils_compress>}, {"gunzip", guarded<utils_decompress>},
      {"inflate", guarded<utils_decompress>},  {"inflateRaw", guarded<utils_decompress>},
      {"crc32", guarded<utils_crc32>},         {"adler32", guarded<utils_adler32>},
  };
  put_functions(ctx, kFunctions);
  for (const auto& names : {kCompressNames, kDecompressNames}) {
    for (duk_int_t form : {kGzip, kZlib, kRaw}) {
      duk_get_prop_string(ctx, -1, names[form]);
      duk_set_magic(ctx, -1, form);
      duk_pop(ctx);
    }
  }
}

}  // namespace ravelin::worker
