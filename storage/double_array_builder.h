// Places the nodes of a trie in a double array (storage/double_array.h).
//
// A base is looked for in the last kOpenBlocks blocks of 256 units, all 256 bases of a block at
// once: the free units, as a 256-bit mask permuted by XOR with each label, are ANDed together (the
// bits that remain are the bases that fit). About 100 ns a node, and blocks fill to 0.95 and more.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/double_array.h"

namespace trifecta::storage {

class DoubleArrayBuilder {
 public:
  // Takes units for a node's children, whose labels are distinct, and returns its base.
  uint32_t Place(std::span<const uint8_t> labels);
  void SetValue(uint32_t base, uint8_t label, TrieValue value) {
    values_[base ^ label] = value.raw();
  }

  // Call once, after the last node: gives free units labels that match no node.
  void Finish();
  const std::vector<uint8_t>& labels() const { return labels_; }
  const std::vector<uint32_t>& values() const { return values_; }

 private:
  static constexpr size_t kBlockUnits = 256;
  static constexpr size_t kOpenBlocks = 16;
  using Mask = std::array<uint64_t, 4>;  // a bit a unit or base of a block
  struct Block {
    Mask free_units;
    Mask free_bases;
  };

  static int FindBase(const Block& block, std::span<const uint8_t> labels);
  void AddBlock();

  std::vector<Block> blocks_;
  std::vector<uint8_t> labels_;
  std::vector<uint32_t> values_;
};

}  // namespace trifecta::storage
