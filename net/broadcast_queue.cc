#include "net/broadcast_queue.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace trifecta::net {

unsigned RetransmitLimit(unsigned mult, size_t nodes) {
  // ceil(log10(n + 1)) is the number of decimal digits of n.
  unsigned digits = 1;
  for (size_t left = nodes; left >= 10; left /= 10) ++digits;
  return mult * digits;
}

void BroadcastQueue::Put(const NodeId& about, std::string update) {
  Drop(about);
  const Item& item = items_.emplace(about, Item{std::move(update), 0, ++puts_}).first->second;
  order_.insert(KeyOf(about, item));
}

size_t BroadcastQueue::Take(size_t bytes_max, unsigned limit, std::string* to) {
  std::vector<NodeId> taken;
  for (const Key& key : order_) {
    const std::string& update = items_.at(std::get<NodeId>(key)).update;
    if (update.size() > bytes_max) break;
    bytes_max -= update.size();
    to->append(update);
    taken.push_back(std::get<NodeId>(key));
  }
  for (const NodeId& about : taken) {
    const auto at = items_.find(about);
    order_.erase(KeyOf(about, at->second));
    if (++at->second.sent < limit) {
      order_.insert(KeyOf(about, at->second));
    } else {
      items_.erase(at);
    }
  }
  return taken.size();
}

void BroadcastQueue::Drop(const NodeId& about) {
  const auto at = items_.find(about);
  if (at == items_.end()) return;
  order_.erase(KeyOf(about, at->second));
  items_.erase(at);
}

}  // namespace trifecta::net
