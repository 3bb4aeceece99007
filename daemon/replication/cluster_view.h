// What a node knows of its cluster at one instant, as operations use it: the ring document in
// force, who answers, and how many replicas make a quorum. A value that is never changed, only
// followed by a later one; shared by all requests that began with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "net/node.h"
#include "net/preference.h"
#include "net/ring.h"
#include "net/ring_messages.h"

namespace trifecta::replication {

using net::Millis;
using net::NodeNumber;

// How many of a word's replicas must have answered before the client is.
enum class Consistency { kOne, kQuorum, kAll };

// A member that has not left.
struct NodeView {
  NodeNumber number = net::kNoNodeNumber;
  net::NodeId id;
  net::Address address;
  net::Zone zone;
  bool live = true;       // alive or suspect, as the membership has it; this node itself always
  Millis round_trip = 0;  // 0: not measured yet
};

struct ClusterView {
  net::RingPtr ring;  // never null
  NodeNumber self = net::kNoNodeNumber;
  std::vector<NodeView> nodes;  // by ascending number
  // Of as many copies as replication_factor; 0: a majority.
  unsigned read_quorum = 0;
  unsigned write_quorum = 0;
  // Whose clock stamps what this node coordinates: itself, or a member whose clock is right when
  // its own is off.
  NodeNumber stamper = net::kNoNodeNumber;

  // Null when there is none; valid as long as this view.
  const NodeView* Find(NodeNumber number) const;
  bool IsLive(NodeNumber number) const;
  // True when every partition is this node's alone and none moves: no other node has to be asked.
  bool IsSole() const { return sole; }
  bool sole = false;  // kept by Finish

  // Of a set of `copies` owners. A majority of the copies that the ring names; a number that was
  // configured is cut to the copies there are.
  size_t ReadsNeeded(size_t copies, Consistency consistency) const;
  size_t WritesNeeded(size_t copies, Consistency consistency) const;

  // Whether this node has to fetch what the partition's owners have, for its move
  // (net/preference.h).
  bool HasToFetch(const net::Partition& partition) const;

  // The partition of a word or, for a prefix of at least k_factor characters, of all words that
  // begin with it.
  size_t PartitionOfWord(std::string_view word) const;
  const net::Partition& partition(size_t index) const { return ring->partitions[index]; }

  // `owners` in the order in which to ask them: live ones first; this node, then those of its zone,
  // then by round trip.
  std::vector<NodeNumber> NearestFirst(std::span<const NodeNumber> owners) const;

  // Fills in what follows from the rest. Call once, when all else is set.
  void Finish();
};

using ViewPtr = std::shared_ptr<const ClusterView>;

}  // namespace trifecta::replication
