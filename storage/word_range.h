// A range of words in byte order, and lists of ranges.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trifecta::storage {

// The words from `low` on and below `end` (empty: no bound).
struct WordRange {
  std::string low, end;
  bool operator==(const WordRange&) const = default;
};

// Whether a word may lie in both. None of them is empty.
bool Overlap(const WordRange& a, const WordRange& b);

// Lists in order, of ranges that are not empty and have something between them. Add takes in what
// `range` covers, Subtract leaves it out.
void AddRange(std::vector<WordRange>* list, WordRange range);
void SubtractRange(std::vector<WordRange>* list, const WordRange& range);

// Whether the list is as these functions keep it.
bool IsRangeList(const std::vector<WordRange>& list);

}  // namespace trifecta::storage
