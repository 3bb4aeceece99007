// Seeded random numbers: the same seed gives the same numbers on every machine and with every
// standard library, so that a simulation repeats. Not for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace trifecta {

// xoshiro256** (Blackman and Vigna, 2018), its state filled by SplitMix64, as they advise: 32 bytes
// of state, about 1 ns a number. std::mt19937_64 has 2,500 bytes, and the standard's distributions
// differ between libraries. Not safe for concurrent use.
class Random {
 public:
  explicit Random(uint64_t seed);

  // Any 64 bits.
  uint64_t Next();
  // Evenly from [0, bound); bound is above 0.
  uint64_t Below(uint64_t bound);
  // True `per_million` times in a million.
  bool Chance(uint64_t per_million) { return Below(1'000'000) < per_million; }
  // A generator whose numbers have nothing to do with the ones that follow here.
  Random Fork() { return Random(Next()); }

  // Every order equally likely (Fisher and Yates). `items` is a random-access container.
  template <typename Container>
  void Shuffle(Container* items) {
    for (size_t left = items->size(); left > 1; --left) {
      using std::swap;
      swap((*items)[left - 1], (*items)[Below(left)]);
    }
  }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace trifecta
