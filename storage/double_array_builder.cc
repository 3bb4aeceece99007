#include "storage/double_array_builder.h"

#include <algorithm>
#include <bit>

namespace trifecta::storage {
namespace {

// Bit i of the result is bit i ^ `by` of `word`, for `by` below 64: a swap of neighbouring runs for
// each bit of `by`.
uint64_t PermuteBits(uint64_t word, unsigned by) {
  if (by & 1) word = ((word & 0x5555555555555555) << 1) | ((word >> 1) & 0x5555555555555555);
  if (by & 2) word = ((word & 0x3333333333333333) << 2) | ((word >> 2) & 0x3333333333333333);
  if (by & 4) word = ((word & 0x0f0f0f0f0f0f0f0f) << 4) | ((word >> 4) & 0x0f0f0f0f0f0f0f0f);
  if (by & 8) word = ((word & 0x00ff00ff00ff00ff) << 8) | ((word >> 8) & 0x00ff00ff00ff00ff);
  if (by & 16) word = ((word & 0x0000ffff0000ffff) << 16) | ((word >> 16) & 0x0000ffff0000ffff);
  if (by & 32) word = std::rotl(word, 32);
  return word;
}

}  // namespace

int DoubleArrayBuilder::FindBase(const Block& block, std::span<const uint8_t> labels) {
  Mask fits = block.free_bases;
  for (uint8_t label : labels) {
    uint64_t any = 0;
    for (unsigned word = 0; word < 4; ++word) {
      fits[word] &= PermuteBits(block.free_units[word ^ (label >> 6)], label & 63);
      any |= fits[word];
    }
    if (any == 0) return DoubleArray::kNone;
  }
  for (unsigned word = 0; word < 4; ++word) {
    if (fits[word] != 0) return static_cast<int>(word * 64 + std::countr_zero(fits[word]));
  }
  return DoubleArray::kNone;
}

void DoubleArrayBuilder::AddBlock() {
  Block block;
  block.free_units.fill(~0ull);
  block.free_bases.fill(~0ull);
  blocks_.push_back(block);
  labels_.resize(labels_.size() + kBlockUnits);
  values_.resize(values_.size() + kBlockUnits);
}

uint32_t DoubleArrayBuilder::Place(std::span<const uint8_t> labels) {
  size_t index = blocks_.size() - std::min(blocks_.size(), kOpenBlocks);
  int low = DoubleArray::kNone;
  for (; index < blocks_.size(); ++index) {
    low = FindBase(blocks_[index], labels);
    if (low != DoubleArray::kNone) break;
  }
  if (low == DoubleArray::kNone) {
    AddBlock();
    low = 0;
  }
  Block& block = blocks_[index];
  const auto bit = static_cast<unsigned>(low);
  block.free_bases[bit >> 6] &= ~(1ull << (bit & 63));
  const auto base = static_cast<uint32_t>(index * kBlockUnits + bit);
  for (uint8_t label : labels) {
    const uint32_t unit = base ^ label;
    const unsigned in_block = unit % kBlockUnits;
    block.free_units[in_block >> 6] &= ~(1ull << (in_block & 63));
    labels_[unit] = label;
  }
  return base;
}

void DoubleArrayBuilder::Finish() {
  for (size_t index = 0; index < blocks_.size(); ++index) {
    const Block& block = blocks_[index];
    // While a unit is free some base is, too: every base in use owns a unit.
    unsigned unused = 0;
    for (unsigned word = 0; word < 4; ++word) {
      if (block.free_bases[word] != 0) {
        unused = word * 64 + std::countr_zero(block.free_bases[word]);
        break;
      }
    }
    for (unsigned i = 0; i < kBlockUnits; ++i) {
      if ((block.free_units[i >> 6] >> (i & 63)) & 1) {
        labels_[index * kBlockUnits + i] = static_cast<uint8_t>(i ^ unused);
      }
    }
  }
}

}  // namespace trifecta::storage
