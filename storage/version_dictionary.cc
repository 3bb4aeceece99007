#include "storage/version_dictionary.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "storage/base/coding.h"
#include "storage/base_format.h"

namespace trifecta::storage {
namespace {

// A dictionary of so many is always fine: 40 KiB.
constexpr size_t kSmall = 4096;
// Neighbours of which one is not in the dictionary name their versions themselves, all of them, as
// a bucket's entries do: mostly 16 to 24.
constexpr size_t kNeighbours = 16;
// What a version takes beside its entry: some five bytes of time, two of node.
constexpr size_t kRawBytes = 7;

uint64_t HashVersion(const Version& version) {
  const uint64_t mixed = (version.time ^ (uint64_t{version.node} << 48)) * 0x9e3779b97f4a7c15;
  return mixed ^ mixed >> 32;
}

}  // namespace

VersionDictionary::VersionDictionary(std::span<const BaseEntry> entries) {
  Distinguish(entries);
  Rank();
  // A version of one entry costs more in the dictionary than beside its word.
  const auto often = [&](uint32_t place) { return distinct_[place].count > 1; };
  const auto repeated = static_cast<size_t>(
      std::partition_point(ranked_.begin(), ranked_.end(), often) - ranked_.begin());
  const size_t most = std::min(std::max<size_t>(repeated, 1), kVersionDictionaryMax);
  Take(most <= kSmall || Pays(most) ? most : kSmall);
}

// Numbers the versions as they come, by a table of twice their number that doubles.
void VersionDictionary::Distinguish(std::span<const BaseEntry> entries) {
  constexpr uint32_t kFree = UINT32_MAX;
  std::vector<uint32_t> table(1024, kFree);
  const auto place_of = [&](const Version& version) -> uint32_t& {
    const size_t mask = table.size() - 1;
    size_t at = HashVersion(version) & mask;
    while (table[at] != kFree && distinct_[table[at]].version != version) at = (at + 1) & mask;
    return table[at];
  };
  codes_.reserve(entries.size());
  for (const BaseEntry& entry : entries) {
    // Neighbours often came by one write.
    if (codes_.empty() || distinct_[codes_.back()].version != entry.version) {
      uint32_t& place = place_of(entry.version);
      const bool known = place != kFree;
      if (!known) place = static_cast<uint32_t>(distinct_.size());
      codes_.push_back(place);
      if (!known) distinct_.push_back({entry.version, 0});
    } else {
      codes_.push_back(codes_.back());
    }
    ++distinct_[codes_.back()].count;
    if (2 * distinct_.size() > table.size()) {
      table.assign(2 * table.size(), kFree);
      for (uint32_t i = 0; i < distinct_.size(); ++i) place_of(distinct_[i].version) = i;
    }
  }
}

void VersionDictionary::Rank() {
  ranked_.resize(distinct_.size());
  std::iota(ranked_.begin(), ranked_.end(), 0u);
  std::sort(ranked_.begin(), ranked_.end(), [&](uint32_t a, uint32_t b) {
    if (distinct_[a].count != distinct_[b].count) return distinct_[a].count > distinct_[b].count;
    return distinct_[a].version < distinct_[b].version;
  });
  ranks_.resize(distinct_.size());
  for (uint32_t rank = 0; rank < ranked_.size(); ++rank) ranks_[ranked_[rank]] = rank;
}

// Whether the `size` most frequent take less than the entries save by them.
bool VersionDictionary::Pays(size_t size) const {
  const size_t code_bytes = (static_cast<size_t>(std::bit_width(size - 1)) + 7) / 8;
  size_t coded = 0;
  for (size_t begin = 0; begin < codes_.size(); begin += kNeighbours) {
    const size_t end = std::min(begin + kNeighbours, codes_.size());
    bool all = true;
    for (size_t i = begin; i < end; ++i) all = all && ranks_[codes_[i]] < size;
    if (all) coded += end - begin;
  }
  return coded * (kRawBytes - code_bytes) > size * kVersionBytes;
}

void VersionDictionary::Take(size_t size) {
  size_ = std::min(size, ranked_.size());
  for (uint32_t& code : codes_) {
    const uint32_t rank = ranks_[code];
    code = rank < size_ ? rank : kNoCode;
  }
}

std::string VersionDictionary::Serialize() const {
  std::string bytes;
  for (size_t i = 0; i < size_; ++i) {
    const Version& version = distinct_[ranked_[i]].version;
    PutFixed<uint64_t>(&bytes, version.time);
    PutFixed<uint16_t>(&bytes, version.node);
  }
  return bytes;
}

}  // namespace trifecta::storage
