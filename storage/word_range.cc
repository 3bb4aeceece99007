#include "storage/word_range.h"

#include <algorithm>
#include <utility>

namespace trifecta::storage {
namespace {

// Of ends: an empty one is beyond every word.
bool EndBelow(std::string_view end, std::string_view word) { return !end.empty() && end < word; }

const std::string& GreaterEnd(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return a.empty() ? a : b;
  return std::max(a, b);
}

bool IsEmpty(const WordRange& range) { return !range.end.empty() && range.end <= range.low; }

}  // namespace

bool Overlap(const WordRange& a, const WordRange& b) {
  return (a.end.empty() || b.low < a.end) && (b.end.empty() || a.low < b.end);
}

void AddRange(std::vector<WordRange>* list, WordRange range) {
  if (IsEmpty(range)) return;
  std::vector<WordRange> result;
  for (WordRange& other : *list) {
    if (EndBelow(other.end, range.low) || EndBelow(range.end, other.low)) {
      result.push_back(std::move(other));
    } else {  // they touch
      range.low = std::min(range.low, other.low);
      range.end = GreaterEnd(range.end, other.end);
    }
  }
  const auto place = std::find_if(result.begin(), result.end(),
                                  [&](const WordRange& other) { return other.low > range.low; });
  result.insert(place, std::move(range));
  *list = std::move(result);
}

void SubtractRange(std::vector<WordRange>* list, const WordRange& range) {
  if (IsEmpty(range)) return;
  std::vector<WordRange> result;
  const auto keep = [&](WordRange rest) {
    if (!IsEmpty(rest)) result.push_back(std::move(rest));
  };
  for (const WordRange& other : *list) {
    if (!Overlap(other, range)) {
      result.push_back(other);
      continue;
    }
    if (other.low < range.low) keep({other.low, range.low});
    if (!range.end.empty()) keep({range.end, other.end});
  }
  *list = std::move(result);
}

bool IsRangeList(const std::vector<WordRange>& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (IsEmpty(list[i])) return false;
    if (i > 0 && !EndBelow(list[i - 1].end, list[i].low)) return false;
  }
  return true;
}

}  // namespace trifecta::storage
