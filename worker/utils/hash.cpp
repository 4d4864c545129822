#include "worker/utils/hash.h"

#include <string>
#include <string_view>

#include "common/sys.h"
#include "worker/block_hook.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_source.h"
#include "worker/utils/arguments.h"
#include "worker/utils/hash_functions.h"

namespace ravelin::worker {
namespace {

constexpr uint64_t kMurmurSeed = 0xFEEDCEED;

enum class HashType { kCity, kCity128, kMurmur, kBoth };

struct HashOptions {
  HashType type = HashType::kCity128;
  bool returns_buffer = false;
};

void append_big_endian(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

std::string hash_of(std::string_view bytes, HashType type) {
  std::string out;
  if (type == HashType::kCity) append_big_endian(out, city_hash64(bytes));
  if (type == HashType::kCity128 || type == HashType::kBoth) {
    Hash128 hash = city_hash128(bytes);
    append_big_endian(out, hash.high);
    append_big_endian(out, hash.low);
  }
  if (type == HashType::kMurmur || type == HashType::kBoth) append_big_endian(out, murmur_hash64a(bytes, kMurmurSeed));
  return out;
}

HashType type_named(duk_context* ctx, std::string_view name) {
  if (name == "city128") return HashType::kCity128;
  if (name == "city") return HashType::kCity;
  if (name == "murmur") return HashType::kMurmur;
  if (name == "both") return HashType::kBoth;
  throw_error(ctx, "hash(): unknown type '%s'", std::string(name).c_str());
}

HashOptions read_options(duk_context* ctx, duk_idx_t index) {
  HashOptions options;
  for (const char* name : {"function", "type"}) {
    if (push_option(ctx, index, name)) {
      if (!is_text(ctx, -1)) throw_error(ctx, "hash(): option '%s' must be a String", name);
      options.type = type_named(ctx, engine_text(ctx, -1));
    }
    duk_pop(ctx);
  }
  push_option(ctx, index, "returnBuffer");
  options.returns_buffer = duk_to_boolean(ctx, -1);
  duk_pop(ctx);
  return options;
}

// Pushes the hash of the value at `index`.
void push_hash(duk_context* ctx, duk_idx_t index, const HashOptions& options) {
  std::string scratch;
  std::string bytes = hash_of(data_at(ctx, index, scratch, "hash(): data must be a String or Buffer"), options.type);
  if (options.returns_buffer) {
    push_buffer(ctx, bytes);
    return;
  }
  std::string hex;
  for (char c : bytes) {
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    hex += "0123456789abcdef"[c & 0x0F];
  }
  duk_push_lstring(ctx, hex.data(), hex.size());
}

// hash(data[, options]), in either order; an Array gives an Array of hashes
duk_ret_t utils_hash(duk_context* ctx) {
  drop_undefined(ctx);
  duk_set_top(ctx, 2);
  HashOptions options;
  duk_idx_t data = is_options(ctx, 0) ? 1 : 0;
  if (is_options(ctx, 1 - data)) options = read_options(ctx, 1 - data);
  if (!duk_is_array(ctx, data)) {
    push_hash(ctx, data, options);
    return 1;
  }
  duk_size_t length = duk_get_length(ctx, data);
  duk_push_array(ctx);
  for (duk_size_t i = 0; i < length; ++i) {
    duk_get_prop_index(ctx, data, static_cast<duk_uarridx_t>(i));
    push_hash(ctx, -1, options);
    duk_put_prop_index(ctx, -3, static_cast<duk_uarridx_t>(i));
    duk_pop(ctx);
  }
  return 1;
}

// hashFile(path[, options])
duk_ret_t utils_hash_file(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const std::string path = path_at(ctx, 0, "hashFile()");
  HashOptions options;
  if (is_options(ctx, 1)) options = read_options(ctx, 1);
  about_to_block();
  SourceFile file;
  if (int error = read_source_file(path, file)) {
    throw_error(ctx, "hashFile(): %s: %s", path.c_str(), errno_text(error).c_str());
  }
  push_buffer(ctx, file.text);
  push_hash(ctx, -1, options);
  return 1;
}

}  // namespace

void put_hash_function(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {{"hash", guarded<utils_hash>}, {"hashFile", guarded<utils_hash_file>}};
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
