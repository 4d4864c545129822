// CityHash 1.0.3 (64 and 128 bits; later versions give other values) and MurmurHash64A, written after the published
// algorithms by Google and Austin Appleby: sites keep results, so they must stay bit for bit what they are elsewhere.
// Not for: anything that must resist an attacker. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace ravelin::worker {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
};

uint64_t city_hash64(std::string_view bytes);
Hash128 city_hash128(std::string_view bytes);
uint64_t murmur_hash64a(std::string_view bytes, uint64_t seed);

}  // namespace ravelin::worker
