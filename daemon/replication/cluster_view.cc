#include "daemon/replication/cluster_view.h"

#include <algorithm>
#include <tuple>

#include "storage/base/word.h"

namespace trifecta::replication {
namespace {

size_t Needed(size_t copies, Consistency consistency, unsigned configured) {
  if (consistency == Consistency::kOne) return std::min<size_t>(1, copies);
  if (consistency == Consistency::kAll) return copies;
  return configured == 0 ? net::Majority(copies) : std::min<size_t>(configured, copies);
}

bool BelongsTo(const net::Partition& partition, NodeNumber node) {
  return partition.step == net::MoveStep::kNone && partition.owners.size() == 1 &&
         partition.owners.front() == node;
}

}  // namespace

const NodeView* ClusterView::Find(NodeNumber number) const {
  const auto at = std::lower_bound(
      nodes.begin(), nodes.end(), number,
      [](const NodeView& node, NodeNumber wanted) { return node.number < wanted; });
  return at != nodes.end() && at->number == number ? &*at : nullptr;
}

bool ClusterView::IsLive(NodeNumber number) const {
  const NodeView* node = Find(number);
  return node != nullptr && node->live;
}

size_t ClusterView::ReadsNeeded(size_t copies, Consistency consistency) const {
  return Needed(copies, consistency, read_quorum);
}

size_t ClusterView::WritesNeeded(size_t copies, Consistency consistency) const {
  return Needed(copies, consistency, write_quorum);
}

bool ClusterView::HasToFetch(const net::Partition& partition) const {
  const auto quorums = [this](const std::vector<NodeNumber>& list) {
    return net::Quorums{ReadsNeeded(list.size(), Consistency::kQuorum),
                        WritesNeeded(list.size(), Consistency::kQuorum)};
  };
  return net::HasToFetch(partition, self, quorums(partition.owners), quorums(partition.targets));
}

size_t ClusterView::PartitionOfWord(std::string_view word) const {
  return net::PartitionOf(ShardRoot(word, ring->k_factor), ring->partitions.size());
}

std::vector<NodeNumber> ClusterView::NearestFirst(std::span<const NodeNumber> owners) const {
  const NodeView* own = Find(self);
  const auto distance = [&](NodeNumber number) {
    const NodeView* node = Find(number);
    const bool live = node != nullptr && node->live;
    const bool near = live && own != nullptr && node->zone == own->zone;
    return std::tuple(!live, number != self, !near, live ? node->round_trip : 0);
  };
  std::vector<NodeNumber> sorted(owners.begin(), owners.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](NodeNumber a, NodeNumber b) { return distance(a) < distance(b); });
  return sorted;
}

void ClusterView::Finish() {
  sole = std::all_of(ring->partitions.begin(), ring->partitions.end(),
                     [this](const net::Partition& one) { return BelongsTo(one, self); });
}

}  // namespace trifecta::replication
