#include "worker/utils/hash_functions.h"

#include <bit>
#include <cstring>
#include <utility>

namespace ravelin::worker {
namespace {

constexpr uint64_t k0 = 0xc3a5c85c97cb3127;
constexpr uint64_t k1 = 0xb492b66fbe98f273;
constexpr uint64_t k2 = 0x9ae16a3b2f90404f;
constexpr uint64_t k3 = 0xc949d7c7509e6557;

uint64_t fetch64(const char* bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

uint32_t fetch32(const char* bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

uint64_t rotate(uint64_t value, int shift) { return std::rotr(value, shift); }
uint64_t shift_mix(uint64_t value) { return value ^ value >> 47; }

uint64_t hash_pair(uint64_t u, uint64_t v) {
  constexpr uint64_t kMultiplier = 0x9ddfea08eb382d69;
  uint64_t a = shift_mix((u ^ v) * kMultiplier);
  uint64_t b = shift_mix((v ^ a) * kMultiplier);
  return b * kMultiplier;
}

uint64_t hash_0_to_16(const char* s, uint64_t length) {
  if (length > 8) {
    uint64_t b = fetch64(s + length - 8);
    return hash_pair(fetch64(s), rotate(b + length, static_cast<int>(length))) ^ b;
  }
  if (length >= 4) return hash_pair(length + (uint64_t{fetch32(s)} << 3), fetch32(s + length - 4));
  if (length == 0) return k2;
  auto byte = [s](uint64_t position) { return static_cast<uint32_t>(static_cast<unsigned char>(s[position])); };
  uint32_t y = byte(0) + (byte(length >> 1) << 8);
  uint32_t z = static_cast<uint32_t>(length) + (byte(length - 1) << 2);
  return shift_mix(y * k2 ^ z * k3) * k2;
}

uint64_t hash_17_to_32(const char* s, uint64_t length) {
  uint64_t a = fetch64(s) * k1;
  uint64_t b = fetch64(s + 8);
  uint64_t c = fetch64(s + length - 8) * k2;
  uint64_t d = fetch64(s + length - 16) * k0;
  return hash_pair(rotate(a - b, 43) + rotate(c, 30) + d, a + rotate(b ^ k3, 20) - c + length);
}

uint64_t hash_33_to_64(const char* s, uint64_t length) {
  // Both halves are mixed alike: four words, the first of them with a start value.
  auto mix = [](uint64_t a, uint64_t second, uint64_t third, uint64_t z) {
    uint64_t b = rotate(a + z, 52);
    uint64_t c = rotate(a, 37);
    a += second;
    c += rotate(a, 7);
    a += third;
    return std::pair(a + z, b + rotate(a, 31) + c);
  };
  const char* end = s + length;
  uint64_t a = fetch64(s) + (length + fetch64(end - 16)) * k0;
  auto [v_first, v_second] = mix(a, fetch64(s + 8), fetch64(s + 16), fetch64(s + 24));
  a = fetch64(s + 16) + fetch64(end - 32);
  auto [w_first, w_second] = mix(a, fetch64(end - 24), fetch64(end - 16), fetch64(end - 8));
  uint64_t r = shift_mix((v_first + w_second) * k2 + (w_first + v_second) * k0);
  return shift_mix(r * k0 + v_second) * k2;
}

using Pair = std::pair<uint64_t, uint64_t>;

// Mixes 32 bytes into two seeds.
Pair mix32(const char* s, uint64_t a, uint64_t b) {
  uint64_t w = fetch64(s), x = fetch64(s + 8), y = fetch64(s + 16), z = fetch64(s + 24);
  a += w;
  b = rotate(b + a + z, 21);
  uint64_t c = a;
  a += x + y;
  b += rotate(a, 44);
  return {a + z, b + c};
}

// 56 bytes of state over blocks of 64.
struct CityState {
  uint64_t x, y, z;
  Pair v, w;

  void mix64(const char* s) {
    x = rotate(x + y + v.first + fetch64(s + 8), 37) * k1;
    y = rotate(y + v.second + fetch64(s + 48), 42) * k1;
    x ^= w.second;
    y += v.first + fetch64(s + 40);
    z = rotate(z + w.first, 33) * k1;
    v = mix32(s, v.second * k1, x + w.first);
    w = mix32(s + 32, z + w.second, y + fetch64(s + 16));
    std::swap(z, x);
  }
};

// CityHash128 of fewer than 128 bytes.
Hash128 city_murmur(const char* s, uint64_t length, Hash128 seed) {
  uint64_t a = seed.low;
  uint64_t b = seed.high;
  uint64_t c = 0;
  uint64_t d = 0;
  if (length <= 16) {
    a = shift_mix(a * k1) * k1;
    c = b * k1 + hash_0_to_16(s, length);
    d = shift_mix(a + (length >= 8 ? fetch64(s) : c));
  } else {
    c = hash_pair(fetch64(s + length - 8) + k1, a);
    d = hash_pair(b + length, c + fetch64(s + length - 16));
    a += d;
    for (int64_t rest = static_cast<int64_t>(length) - 16; rest > 0; rest -= 16, s += 16) {
      a = (a ^ shift_mix(fetch64(s) * k1) * k1) * k1;
      b ^= a;
      c = (c ^ shift_mix(fetch64(s + 8) * k1) * k1) * k1;
      d ^= c;
    }
  }
  a = hash_pair(a, c);
  b = hash_pair(d, b);
  return {a ^ b, hash_pair(b, a)};
}

Hash128 city_hash128_seeded(const char* s, uint64_t length, Hash128 seed) {
  if (length < 128) return city_murmur(s, length, seed);
  CityState state{seed.low, seed.high, length * k1, {}, {}};
  auto& [x, y, z, v, w] = state;
  v.first = rotate(y ^ k1, 49) * k1 + fetch64(s);
  v.second = rotate(v.first, 42) * k1 + fetch64(s + 8);
  w.first = rotate(y + z, 35) * k1 + x;
  w.second = rotate(x + fetch64(s + 88), 53) * k1;
  for (; length >= 128; length -= 128, s += 128) {
    state.mix64(s);
    state.mix64(s + 64);
  }
  x += rotate(v.first + z, 49) * k0;
  z += rotate(w.first, 37) * k0;
  // The last steps of 32 reach back over bytes that were hashed before; there are always enough of them.
  for (uint64_t done = 32; done < length + 32; done += 32) {
    const char* tail = s + length - done;
    y = rotate(x + y, 42) * k0 + v.second;
    w.first += fetch64(tail + 16);
    x = x * k0 + w.first;
    z += w.second + fetch64(tail);
    w.second += v.first;
    v = mix32(tail, v.first + z, v.second);
  }
  x = hash_pair(x, v.first);
  y = hash_pair(y + z, w.first);
  return {hash_pair(x + v.second, w.second) + y, hash_pair(x + w.second, y + v.second)};
}

}  // namespace

uint64_t city_hash64(std::string_view bytes) {
  const char* s = bytes.data();
  uint64_t length = bytes.size();
  if (length <= 16) return hash_0_to_16(s, length);
  if (length <= 32) return hash_17_to_32(s, length);
  if (length <= 64) return hash_33_to_64(s, length);
  CityState state{};
  auto& [x, y, z, v, w] = state;
  x = fetch64(s + length - 40);
  y = fetch64(s + length - 16) + fetch64(s + length - 56);
  z = hash_pair(fetch64(s + length - 48) + length, fetch64(s + length - 24));
  v = mix32(s + length - 64, length, z);
  w = mix32(s + length - 32, y + k1, x);
  x = x * k1 + fetch64(s);
  for (uint64_t rest = (length - 1) & ~uint64_t{63}; rest != 0; rest -= 64, s += 64) state.mix64(s);
  return hash_pair(hash_pair(v.first, w.first) + shift_mix(y) * k1 + z, hash_pair(v.second, w.second) + x);
}

Hash128 city_hash128(std::string_view bytes) {
  const char* s = bytes.data();
  uint64_t length = bytes.size();
  if (length >= 16) return city_hash128_seeded(s + 16, length - 16, {fetch64(s) ^ k3, fetch64(s + 8)});
  if (length >= 8) return city_hash128_seeded(s, 0, {fetch64(s) ^ length * k0, fetch64(s + length - 8) ^ k1});
  return city_hash128_seeded(s, length, {k0, k1});
}

uint64_t murmur_hash64a(std::string_view bytes, uint64_t seed) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  uint64_t hash = seed ^ bytes.size() * kMultiplier;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t block = fetch64(bytes.data()) * kMultiplier;
    hash = (hash ^ shift_mix(block) * kMultiplier) * kMultiplier;
  }
  if (!bytes.empty()) {
    uint64_t tail = 0;
    memcpy(&tail, bytes.data(), bytes.size());
    hash = (hash ^ tail) * kMultiplier;
  }
  return shift_mix(shift_mix(hash) * kMultiplier);
}

}  // namespace ravelin::worker
