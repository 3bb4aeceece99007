// What a node counts of its part in the cluster, for metrics: what it knows without asking anybody
// and without waiting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/node.h"
#include "net/peer_transport.h"
#include "net/ring.h"

namespace trifecta::daemon {

struct ClusterStats {
  size_t members = 0;       // that have not left, this node included
  size_t members_live = 0;  // of them: alive or suspect
  net::Epoch ring_epoch = 0;
  size_t operations = 0;    // of clients and of this node, under way
  uint64_t hints = 0;       // kept for nodes that are away
  size_t streams_left = 0;  // partitions still to be fetched
  size_t lost_ranges = 0;   // of words, being fetched again after damage

  // Of anti-entropy, since the start.
  uint64_t exchanges = 0;
  uint64_t exchange_failures = 0;
  uint64_t pulled = 0;  // entries written here
  uint64_t pushed = 0;  // entries stored by peers

  std::vector<net::PeerStats> peers;
};

}  // namespace trifecta::daemon
