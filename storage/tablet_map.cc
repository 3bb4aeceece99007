#include "storage/tablet_map.h"

#include <algorithm>
#include <cstring>

namespace trifecta::storage {
namespace {

uint64_t HeadOf(std::string_view word) {
  uint64_t bytes = 0;
  if (word.empty()) return 0;  // it may have no address, which memcpy must not be given
  std::memcpy(&bytes, word.data(), std::min<size_t>(8, word.size()));
  return __builtin_bswap64(bytes);
}

}  // namespace

TabletPtr WithLow(const TabletPtr& tablet, std::string_view low) {
  auto moved = std::make_shared<Tablet>(*tablet);
  moved->record.low = low;
  return moved;
}

TabletMap::TabletMap(std::vector<TabletPtr> tablets) : tablets_(std::move(tablets)) {
  if (tablets_.size() < 2) return;
  const std::string_view first = tablets_[1]->record.low, last = tablets_.back()->record.low;
  size_t same = 0;
  while (same < first.size() && same < last.size() && first[same] == last[same]) ++same;
  shared_ = first.substr(0, same);
  for (size_t i = 1; i < tablets_.size(); ++i) {
    heads_.push_back(HeadOf(std::string_view(tablets_[i]->record.low).substr(same)));
  }
}

size_t TabletMap::IndexFor(std::string_view word) const {
  if (heads_.empty()) return 0;
  const int order = word.substr(0, shared_.size()).compare(shared_);
  if (order != 0) return order < 0 ? 0 : tablets_.size() - 1;
  const uint64_t head = HeadOf(word.substr(shared_.size()));
  size_t i =
      static_cast<size_t>(std::upper_bound(heads_.begin(), heads_.end(), head) - heads_.begin());
  // Equal heads say nothing of the bytes after them.
  while (i > 0 && heads_[i - 1] == head && tablets_[i]->record.low > word) --i;
  return i;
}

}  // namespace trifecta::storage
