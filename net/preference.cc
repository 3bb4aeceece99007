#include "net/preference.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "net/stable_hash.h"

namespace trifecta::net {
namespace {

bool Contains(std::span<const NodeNumber> nodes, NodeNumber node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

size_t CountAmong(std::span<const NodeNumber> nodes, std::span<const NodeNumber> recorded) {
  return static_cast<size_t>(std::count_if(
      nodes.begin(), nodes.end(), [&](NodeNumber node) { return Contains(recorded, node); }));
}

}  // namespace

size_t PartitionOf(std::string_view shard_root, size_t partitions) {
  assert(std::has_single_bit(partitions) && partitions > 1);
  return static_cast<size_t>(StableHash(shard_root) >> (64 - std::countr_zero(partitions)));
}

OwnerSets OwnersFor(const Partition& partition) {
  const std::span<const NodeNumber> owners = partition.owners;
  const std::span<const NodeNumber> targets = partition.targets;
  switch (partition.step) {
    case MoveStep::kNone:
    case MoveStep::kPlanned:
      break;
    case MoveStep::kWriteBothReadOld:
    case MoveStep::kStreaming:
      return {partition.changed, owners, owners, targets};
    case MoveStep::kWriteBothReadNew:
      return {partition.changed, targets, targets, owners};
    case MoveStep::kUseNew:
    case MoveStep::kCleanUp:
      return {partition.changed, targets, targets, {}};
  }
  return {partition.changed, owners, owners, {}};
}

std::vector<NodeNumber> PreferenceList(const Partition& partition) {
  const OwnerSets sets = OwnersFor(partition);
  std::vector<NodeNumber> nodes(sets.write.begin(), sets.write.end());
  for (const NodeNumber node : sets.also_write) {
    if (!Contains(sets.write, node)) nodes.push_back(node);
  }
  return nodes;
}

bool Holds(const Partition& partition, NodeNumber node) {
  if (Contains(partition.targets, node))
    return partition.step != MoveStep::kPlanned || Contains(partition.owners, node);
  return Contains(partition.owners, node) && partition.step != MoveStep::kCleanUp;
}

size_t StepBarrier(size_t copies, size_t reads, size_t writes) {
  const size_t fewest = std::min({reads, writes, copies});
  return std::min(copies, copies - fewest + 1);
}

bool StepIsRecorded(const Partition& partition, std::span<const NodeNumber> recorded,
                    Quorums of_owners, Quorums of_targets) {
  const auto enough = [&](std::span<const NodeNumber> nodes, Quorums quorums) {
    return nodes.empty() ||
           CountAmong(nodes, recorded) >= StepBarrier(nodes.size(), quorums.reads, quorums.writes);
  };
  return enough(partition.owners, of_owners) && enough(partition.targets, of_targets);
}

bool HasToFetch(const Partition& partition, NodeNumber node, Quorums of_owners,
                Quorums of_targets) {
  if (!Contains(partition.targets, node)) return false;
  if (!Contains(partition.owners, node)) return true;
  const size_t owners = partition.owners.size(), targets = partition.targets.size();
  const size_t staying = CountAmong(partition.targets, partition.owners);
  // Of the owners that lack a word none may be among those that go.
  const size_t lacking = std::min(of_owners.reads, owners) - 1;
  const size_t having = (staying > lacking ? staying - lacking : 0) + (targets - staying);
  return having + std::min(of_targets.reads, targets) < targets + 1;
}

}  // namespace trifecta::net
