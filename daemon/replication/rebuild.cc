#include "daemon/replication/rebuild.h"

#include <algorithm>

namespace trifecta::replication {
namespace {

bool Contains(const std::vector<NodeNumber>& nodes, NodeNumber node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

bool HasOtherOwners(const ClusterView& view) {
  return std::all_of(view.ring->partitions.begin(), view.ring->partitions.end(),
                     [&](const net::Partition& partition) {
                       return !Contains(partition.owners, view.self) || partition.owners.size() > 1;
                     });
}

void Rebuild::Begin() {
  merged_.clear();
  running_ = nullptr;
  not_before_ = 0;
  pulled_ = 0;
}

bool Rebuild::IsEnough(const ClusterView& view) const {
  const auto enough = [&](const net::Partition& partition) {
    if (!net::Holds(partition, view.self)) return true;
    if (partition.step != net::MoveStep::kNone) return false;
    const size_t copies = partition.owners.size();
    const size_t needed = std::min(view.ReadsNeeded(copies, Consistency::kQuorum), copies - 1);
    const auto merged = std::count_if(partition.owners.begin(), partition.owners.end(),
                                      [&](NodeNumber node) { return HasMerged(node); });
    return static_cast<size_t>(merged) >= needed;
  };
  return (epoch_ == view.ring->epoch || merged_.empty()) &&
         std::all_of(view.ring->partitions.begin(), view.ring->partitions.end(), enough);
}

std::shared_ptr<Exchange> Rebuild::Next(const ClusterView& view, Millis now) {
  if (epoch_ != view.ring->epoch) merged_.clear();
  epoch_ = view.ring->epoch;
  if (running_ != nullptr || now < not_before_) return nullptr;
  std::vector<NodeNumber> left = PeersOf(view, true);
  std::erase_if(left, [&](NodeNumber node) { return HasMerged(node); });
  if (left.empty()) return nullptr;
  const auto next = std::upper_bound(left.begin(), left.end(), last_);
  last_ = next == left.end() ? left.front() : *next;
  ExchangeOptions options;
  options.budget = ExchangeBudget::Unlimited();
  options.at_once = true;
  running_ = std::make_shared<Exchange>(last_, parts_, std::make_shared<Divergence>(), options);
  return running_;
}

void Rebuild::OnEnded(const Exchange& exchange, net::Epoch epoch, Millis now) {
  if (running_.get() != &exchange) return;
  running_ = nullptr;
  pulled_ += exchange.result().pulled;
  if (epoch == epoch_ && exchange.status().ok() && exchange.result().whole) {
    merged_.insert(exchange.peer());
  } else {
    not_before_ = now + kRebuildRetry;
  }
}

}  // namespace trifecta::replication
