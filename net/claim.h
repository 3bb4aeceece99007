// The claim: which members own which partition. Pure and deterministic, so that every node can
// check what another proposed, and a dry run says what will happen.
//
// What it gives:
// - As many copies of each partition as `copies`, or as there are members where there are fewer; on
//   distinct members always.
// - Copies of a partition in distinct zones where there are as many zones as copies; with fewer
//   zones, in all of them and as evenly as the zones' sizes allow.
// - Within that, the same load everywhere: the members of a zone differ by one partition at most,
//   and so do all members whose zone is not bound by the rule above (a zone of one member among
//   three zones holds a copy of everything, however many members the other two have).
// - Few moves: a join moves little more than the new member's share, and nothing else.
//
// How: the zones' shares are a water-filling between the least and the most that the zone rule
// allows; members' shares follow. Copies that are too many in a zone or of a member that is gone
// become holes. Each hole, then each copy above a member's share, is pushed to a member below its
// share along the shortest chain of moves, each of which keeps the zone rule: an augmenting path,
// which exists as long as shares are not met, since the fractional solution "every partition spread
// like the shares" always does.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "net/node.h"

namespace trifecta::net {

// A member that may own partitions.
struct Claimant {
  NodeNumber number = kNoNodeNumber;
  Zone zone;
};

using OwnerLists = std::vector<std::vector<NodeNumber>>;

// The owners of each partition, from those that it has now (empty lists for a new ring). Claimants
// have distinct numbers, in any order; owners that are none of them lose what they have. The lists
// are in an order of their own, made by a hash of partition and member, so that every member comes
// first in its share of them and a list that keeps its members keeps its order. Without claimants
// all lists are empty.
OwnerLists Claim(std::span<const Claimant> claimants, const OwnerLists& now, unsigned copies);

// How many copies `after` has on members that lack them in `before`: what has to be streamed.
size_t CountMoves(const OwnerLists& before, const OwnerLists& after);

}  // namespace trifecta::net
