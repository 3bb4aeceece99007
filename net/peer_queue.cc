#include "net/peer_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace trifecta::net {

void PeerQueue::Add(PendingItem item) {
  item.order = next_order_++;
  bytes_ += item.bytes.size();
  Items& items = item.large() ? large_ : small_;
  items.push_back(std::move(item));
}

void PeerQueue::PutBack(std::vector<PendingItem> items) {
  // All of a batch came before what waits of the same size.
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (item->finished) continue;
    bytes_ += item->bytes.size();
    Items& to = item->large() ? large_ : small_;
    to.push_front(std::move(*item));
  }
}

std::vector<PendingItem> PeerQueue::TakeBatch(bool large_allowed) {
  const bool large_first =
      !large_.empty() && (small_.empty() || large_.front().order < small_.front().order);
  Items& from = large_allowed && large_first ? large_ : small_;
  std::vector<PendingItem> batch;
  size_t framed = 0;
  while (!from.empty() && batch.size() < kPeerBatchItemsMax) {
    const size_t size = from.front().bytes.size();
    framed += PeerItemFramedBytes(size);
    if (!batch.empty() && framed > kPeerBatchBytesMax) break;
    bytes_ -= size;
    batch.push_back(std::move(from.front()));
    from.pop_front();
  }
  return batch;
}

std::vector<PendingItem> PeerQueue::TakeExpired(TimePoint now) {
  std::vector<PendingItem> expired;
  TakeExpired(&small_, now, &expired);
  TakeExpired(&large_, now, &expired);
  return expired;
}

void PeerQueue::TakeExpired(Items* from, TimePoint now, std::vector<PendingItem>* to) {
  const auto is_alive = [now](const PendingItem& item) { return item.deadline > now; };
  const auto first = std::stable_partition(from->begin(), from->end(), is_alive);
  for (auto item = first; item != from->end(); ++item) {
    bytes_ -= item->bytes.size();
    to->push_back(std::move(*item));
  }
  from->erase(first, from->end());
}

std::vector<PendingItem> PeerQueue::TakeAll() {
  std::vector<PendingItem> all(std::make_move_iterator(small_.begin()),
                               std::make_move_iterator(small_.end()));
  std::move(large_.begin(), large_.end(), std::back_inserter(all));
  small_.clear();
  large_.clear();
  bytes_ = 0;
  return all;
}

PeerQueue::TimePoint PeerQueue::NextDeadline() const {
  TimePoint next = TimePoint::max();
  for (const Items* items : {&small_, &large_}) {
    for (const PendingItem& item : *items) next = std::min(next, item.deadline);
  }
  return next;
}

}  // namespace trifecta::net
