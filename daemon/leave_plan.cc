#include "daemon/leave_plan.h"

#include <algorithm>
#include <map>
#include <string>

#include "net/preference.h"
#include "net/ring_change.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

Status Refused(std::string text) { return {StatusCode::kAlreadyInUse, std::move(text)}; }

bool IsLeavingAlready(const net::Ring& ring, const net::NodeId& node) {
  return ring.operation && ring.operation->kind == net::OperationKind::kLeave &&
         ring.operation->node == node;
}

bool Contains(const std::vector<net::NodeNumber>& nodes, net::NodeNumber node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// All others are needed: a copy is made on any of them, and a node that is away would hold it up
// until it is back.
Status CheckOthers(const ClusterSnapshot& cluster, const NodeSnapshot& node) {
  for (const NodeSnapshot& other : cluster.nodes) {
    if (other.member.id == node.member.id || other.answers()) continue;
    return Refused(
        StrCat("node ", other.member.address,
               " does not answer, and copies may have to be made there: start it first"));
  }
  return Status::Ok();
}

Status CheckIdle(const ClusterSnapshot& cluster, const NodeSnapshot& node) {
  if (node.member.state == net::MemberState::kJoining) {
    return Refused(StrCat("node ", node.member.address,
                          " is joining: wait until it has joined; where it stays away its join is "
                          "given up within minutes"));
  }
  const net::Ring& ring = *cluster.ring;
  if (!ring.operation) return Status::Ok();
  const net::Member* busy = ring.Find(ring.operation->node);
  return Refused(StrCat("another change of the cluster is under way, of node ",
                        busy == nullptr ? ring.operation->node.ToString() : busy->address,
                        ": wait for its end ('trifecta cluster-status' shows it)"));
}

}  // namespace

Result<LeavePlan> PlanLeave(const net::Ring& ring, const net::NodeId& node) {
  const Result<net::Ring> next = IsLeavingAlready(ring, node) ? ring : net::BeginLeave(ring, node);
  if (!next.ok()) return next.status();
  const net::NodeNumber number = next->Find(node)->number;
  LeavePlan plan;
  plan.copies_before = plan.copies_after = net::kCopiesMax;
  std::map<net::NodeNumber, size_t> moves;
  for (const net::Partition& partition : next->partitions) {
    const auto& after = partition.targets.empty() ? partition.owners : partition.targets;
    plan.partitions += Contains(partition.owners, number);
    plan.copies_before = std::min(plan.copies_before, partition.owners.size());
    plan.copies_after = std::min(plan.copies_after, after.size());
    for (const net::NodeNumber target : partition.targets) {
      if (!Contains(partition.owners, target)) ++moves[target];
    }
  }
  for (const auto& [target, partitions] : moves) {
    plan.moves.emplace_back(next->Find(target)->address, partitions);
  }
  return plan;
}

Status CheckDecommission(const ClusterSnapshot& cluster, const NodeSnapshot& node) {
  if (IsLeavingAlready(*cluster.ring, node.member.id)) return Status::Ok();
  TRIFECTA_RETURN_IF_ERROR(CheckIdle(cluster, node));
  if (!node.answers() && net::IsLive(node.liveness)) {
    return Refused(StrCat("node ", node.member.address,
                          " does not answer, and is not known to be down yet: try again in some "
                          "seconds"));
  }
  if (!node.answers()) {
    return Refused(StrCat("node ", node.member.address,
                          " is down and cannot hand over what it has: start it, or have its copies "
                          "made anew from the others with 'trifecta cluster remove'"));
  }
  TRIFECTA_RETURN_IF_ERROR(CheckOthers(cluster, node));
  const ClusterHealth health = HealthOf(cluster);
  if (health.reads && health.writes) return Status::Ok();
  return Refused(
      "some words cannot be read or written now: 'trifecta cluster-status' says what to mend "
      "first");
}

Status CheckRemove(const ClusterSnapshot& cluster, const NodeSnapshot& node) {
  if (IsLeavingAlready(*cluster.ring, node.member.id)) return Status::Ok();
  TRIFECTA_RETURN_IF_ERROR(CheckIdle(cluster, node));
  if (node.answers()) {
    return Refused(StrCat("node ", node.member.address,
                          " is up: 'trifecta cluster decommission' has it hand over what it has"));
  }
  if (net::IsLive(node.liveness)) {
    return Refused(StrCat("node ", node.member.address,
                          " does not answer, but is not known to be down yet: try again in some "
                          "seconds"));
  }
  TRIFECTA_RETURN_IF_ERROR(CheckOthers(cluster, node));
  const auto votes = std::count_if(cluster.nodes.begin(), cluster.nodes.end(),
                                   [](const auto& one) { return net::Votes(one.member); });
  const auto present =
      std::count_if(cluster.nodes.begin(), cluster.nodes.end(),
                    [](const auto& one) { return net::Votes(one.member) && one.answers(); });
  if (present < static_cast<ptrdiff_t>(net::Majority(static_cast<size_t>(votes)))) {
    return Refused(StrCat("only ", present, " of ", votes,
                          " nodes answer, and a majority has to agree: start the node"));
  }
  const size_t unreadable = HealthOf(cluster).partitions_without_reads;
  if (unreadable == 0) return Status::Ok();
  return Refused(StrCat(unreadable, " of ", cluster.ring->partitions.size(),
                        " partitions have too few owners left to be read without it, so words "
                        "might be lost: start the node"));
}

}  // namespace trifecta::daemon
