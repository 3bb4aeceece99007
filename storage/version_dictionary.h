// The versions that occur often in a base file: entries name them by a code of one to three bytes
// where they would take seven or so themselves. storage/FORMAT.md, "Versions".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "storage/base_file_builder.h"

namespace trifecta::storage {

// Made once from all entries of a file; some 20 ns an entry.
class VersionDictionary {
 public:
  explicit VersionDictionary(std::span<const BaseEntry> entries);

  static constexpr uint32_t kNoCode = UINT32_MAX;
  // Of the version of entry i.
  uint32_t CodeOf(size_t i) const { return codes_[i]; }

  std::string Serialize() const;

 private:
  struct Distinct {
    Version version;
    uint32_t count;
  };

  void Distinguish(std::span<const BaseEntry> entries);
  void Rank();
  bool Pays(size_t size) const;
  void Take(size_t size);

  std::vector<Distinct> distinct_;  // in the order of their first entries
  std::vector<uint32_t> ranked_;    // places in distinct_, the most frequent first
  std::vector<uint32_t> ranks_;     // of each of distinct_
  std::vector<uint32_t> codes_;     // of each entry; before Take, its place in distinct_
  size_t size_ = 0;
};

}  // namespace trifecta::storage
