#include "daemon/cluster_snapshot.h"

#include <algorithm>
#include <limits>

#include "net/preference.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using net::Partition;

bool IsUp(const ClusterSnapshot& cluster, net::NodeNumber number, bool for_writes) {
  const NodeSnapshot* node = cluster.Find(number);
  if (node == nullptr || !node->answers()) return false;
  if (!node->status) return true;
  return for_writes ? node->status->writes : node->status->reads;
}

size_t CountUp(const ClusterSnapshot& cluster, std::span<const net::NodeNumber> owners,
               bool for_writes) {
  return std::count_if(owners.begin(), owners.end(),
                       [&](net::NodeNumber owner) { return IsUp(cluster, owner, for_writes); });
}

size_t Needed(size_t copies, unsigned configured) {
  return configured == 0 ? net::Majority(copies) : std::min<size_t>(configured, copies);
}

bool CanRead(const ClusterSnapshot& cluster, const Partition& partition) {
  const net::OwnerSets owners = net::OwnersFor(partition);
  return CountUp(cluster, owners.read, false) >= Needed(owners.read.size(), cluster.read_quorum);
}

bool CanWrite(const ClusterSnapshot& cluster, const Partition& partition) {
  const auto enough = [&cluster](std::span<const net::NodeNumber> owners) {
    return owners.empty() ||
           CountUp(cluster, owners, true) >= Needed(owners.size(), cluster.write_quorum);
  };
  const net::OwnerSets owners = net::OwnersFor(partition);
  return enough(owners.write) && enough(owners.also_write);
}

std::string_view Doing(net::OperationKind kind) {
  switch (kind) {
    case net::OperationKind::kJoin:
      return "joins";
    case net::OperationKind::kLeave:
      return "leaves";
    case net::OperationKind::kReplace:
      return "replaces a dead node";
  }
  return "changes";
}

std::string OperationNote(const net::Ring& ring) {
  const net::Member* member = ring.Find(ring.operation->node);
  return StrCat("node ", member == nullptr ? ring.operation->node.ToString() : member->address, " ",
                Doing(ring.operation->kind), ": ", PartitionsToMove(ring), " of ",
                ring.partitions.size(), " partitions are still to move");
}

void JudgePartitions(const ClusterSnapshot& cluster, ClusterHealth* health) {
  health->copies = std::numeric_limits<size_t>::max();
  for (const Partition& partition : cluster.ring->partitions) {
    health->copies = std::min(health->copies, net::OwnersFor(partition).read.size());
    health->partitions_without_reads += !CanRead(cluster, partition);
    health->partitions_without_writes += !CanWrite(cluster, partition);
  }
  health->reads = health->partitions_without_reads == 0;
  health->writes = health->partitions_without_writes == 0;
}

void JudgeNodes(const ClusterSnapshot& cluster, ClusterHealth* health) {
  for (const NodeSnapshot& node : cluster.nodes) {
    const bool well = node.status && node.status->reads && node.status->writes;
    if (node.answers() && (well || !node.status)) continue;
    health->healthy = false;
    if (node.status) {
      health->notes.push_back(StrCat("node ", node.member.address, ": ", node.status->message));
    } else if (StateOf(node) == "suspect") {
      health->notes.push_back(
          StrCat("node ", node.member.address, " does not answer; it is down if that lasts"));
    }
  }
}

}  // namespace

const NodeSnapshot* ClusterSnapshot::Find(net::NodeNumber number) const {
  for (const NodeSnapshot& node : nodes) {
    if (node.member.number == number) return &node;
  }
  return nullptr;
}

ClusterHealth HealthOf(const ClusterSnapshot& cluster) {
  ClusterHealth health;
  JudgePartitions(cluster, &health);
  JudgeNodes(cluster, &health);
  health.healthy = health.healthy && health.reads && health.writes;
  const net::Ring& ring = *cluster.ring;
  if (health.copies < ring.replication_factor) {
    health.notes.push_back(
        StrCat(cluster.nodes.size(), cluster.nodes.size() == 1 ? " node" : " nodes",
               " for replication_factor ", ring.replication_factor, ": each word is kept ",
               health.copies == 1 ? "once" : StrCat(health.copies, " times"),
               "; more copies are made as nodes join"));
  }
  if (ring.operation) health.notes.push_back(OperationNote(ring));
  return health;
}

size_t PartitionsToMove(const net::Ring& ring) {
  return static_cast<size_t>(
      std::count_if(ring.partitions.begin(), ring.partitions.end(),
                    [](const Partition& one) { return !one.targets.empty(); }));
}

const NodeSnapshot* FindNode(const ClusterSnapshot& cluster, std::string_view name) {
  const NodeSnapshot* found = nullptr;
  for (const NodeSnapshot& node : cluster.nodes) {
    const std::string id = node.member.id.ToString();
    if (name == id || name == node.member.address) return &node;
    if (name.size() < kShortIdBytes || !id.starts_with(name)) continue;
    if (found != nullptr) return nullptr;
    found = &node;
  }
  return found;
}

double ShareOf(const net::Ring& ring, net::NodeNumber node) {
  const auto held =
      std::count_if(ring.partitions.begin(), ring.partitions.end(),
                    [node](const Partition& partition) { return net::Holds(partition, node); });
  return static_cast<double>(held) / static_cast<double>(ring.partitions.size());
}

std::string StateOf(const NodeSnapshot& node) {
  if (!node.answers()) return net::IsLive(node.liveness) ? "suspect" : "down";
  if (node.member.state == net::MemberState::kJoining) return "joining";
  if (node.member.state == net::MemberState::kLeaving) return "leaving";
  return "up";
}

}  // namespace trifecta::daemon
