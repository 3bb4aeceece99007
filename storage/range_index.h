// Which of neighbouring ranges of words holds a word. Each begins with its lowest word, the first
// with "".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trifecta::storage {

// Immutable; any thread.
class RangeIndex {
 public:
  RangeIndex() = default;
  // The lowest words of all ranges but the first, in order.
  explicit RangeIndex(std::vector<std::string> lows);

  // The range that holds `word`, counted from 0.
  size_t IndexFor(std::string_view word) const;

 private:
  std::vector<std::string> lows_;
  // What all lowest words share, and the eight bytes after it of each: the search compares
  // integers, however long the common beginning.
  std::string shared_;
  std::vector<uint64_t> heads_;
};

}  // namespace trifecta::storage
