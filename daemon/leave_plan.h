// What happens when a member leaves, before it begins: which copies are made where, and whether the
// cluster as it is now can do it. Pure.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "daemon/cluster_snapshot.h"
#include "net/ring.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

struct LeavePlan {
  size_t partitions = 0;  // of which the node has a copy
  // Copies that are made, by who gets them: address and number of partitions.
  std::vector<std::pair<net::Address, size_t>> moves;
  size_t copies_before = 0;  // of each word; the fewest
  size_t copies_after = 0;
};

// What Begin of the leave plans; of one that is under way, what is still to be done. Fails as
// net::BeginLeave does.
Result<LeavePlan> PlanLeave(const net::Ring& ring, const net::NodeId& node);

// Ok when the node, which is one of the cluster's, can hand over what it has: it answers, and so do
// all others. kAlreadyInUse with a sentence that says why not and what to do.
Status CheckDecommission(const ClusterSnapshot& cluster, const NodeSnapshot& node);

// Ok when the copies of the node can be made anew from the other owners: it is gone, and the others
// have all words and are enough to agree.
Status CheckRemove(const ClusterSnapshot& cluster, const NodeSnapshot& node);

}  // namespace trifecta::daemon
