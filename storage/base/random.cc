#include "storage/base/random.h"

#include <bit>

#include "storage/base/uint128.h"

namespace trifecta {
namespace {

uint64_t SplitMix64(uint64_t* state) {
  uint64_t value = *state += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

}  // namespace

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) word = SplitMix64(&seed);
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t bound) {
  // The high half of a 128-bit product, and again where that would favour low numbers (Lemire,
  // 2019): no division but in one of 2^64 / bound cases.
  auto product = Uint128{Next()} * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t uneven = -bound % bound;
    while (static_cast<uint64_t>(product) < uneven) {
      product = Uint128{Next()} * bound;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

}  // namespace trifecta
