// The order of a leaf's slots in one word, which readers take in one load (Mao, Kohler and Morris
// 2012): four bits of count, then four for the slot of each position. Of memtable.cc and its
// cursor.
#pragma once

#include <cstdint>

#include "storage/memtable.h"

namespace trifecta::storage {

class Memtable::Permutation {
 public:
  explicit Permutation(uint64_t bits) : bits_(bits) {}
  uint64_t bits() const { return bits_; }
  unsigned count() const { return bits_ & 15; }
  unsigned slot(unsigned position) const { return (bits_ >> (4 + 4 * position)) & 15; }

  // The slot `count()` comes in at `position`; slots are filled in order and never emptied.
  Permutation Insert(unsigned position) const {
    const uint64_t below = (1ull << (4 + 4 * position)) - 1;
    const uint64_t above = position + 1 < kLeafSlots ? (bits_ & ~below) << 4 : 0;
    return Permutation(
        ((bits_ & below) | above | static_cast<uint64_t>(count()) << (4 + 4 * position)) + 1);
  }
  // Slots 0 to count - 1, in that order.
  static Permutation Sorted(unsigned count) {
    uint64_t bits = count;
    for (unsigned i = 0; i < count; ++i) bits |= static_cast<uint64_t>(i) << (4 + 4 * i);
    return Permutation(bits);
  }

 private:
  uint64_t bits_;
};

}  // namespace trifecta::storage
