#include "storage/range_index.h"

#include <algorithm>
#include <utility>

#include "storage/base/word_head.h"

namespace trifecta::storage {

RangeIndex::RangeIndex(std::vector<std::string> lows) : lows_(std::move(lows)) {
  if (lows_.empty()) return;
  const std::string_view first = lows_.front(), last = lows_.back();
  size_t same = 0;
  while (same < first.size() && same < last.size() && first[same] == last[same]) ++same;
  shared_ = first.substr(0, same);
  heads_.reserve(lows_.size());
  for (const std::string& low : lows_)
    heads_.push_back(WordHead(std::string_view(low).substr(same)));
}

size_t RangeIndex::IndexFor(std::string_view word) const {
  if (heads_.empty()) return 0;
  const int order = word.substr(0, shared_.size()).compare(shared_);
  if (order != 0) return order < 0 ? 0 : lows_.size();
  const uint64_t head = WordHead(word.substr(shared_.size()));
  size_t i =
      static_cast<size_t>(std::upper_bound(heads_.begin(), heads_.end(), head) - heads_.begin());
  // Equal heads say nothing of the bytes after them.
  while (i > 0 && heads_[i - 1] == head && lows_[i - 1] > word) --i;
  return i;
}

}  // namespace trifecta::storage
