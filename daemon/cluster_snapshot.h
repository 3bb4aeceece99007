// The cluster as one node sees it at one instant: the ring, who answers, and what each node that
// answered said of itself. What cluster-status and the status page show.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cluster_stats.h"
#include "daemon/replication/cluster_view.h"
#include "daemon/replication/messages.h"
#include "net/membership.h"

namespace trifecta::daemon {

// A member that has not left.
struct NodeSnapshot {
  net::Member member;
  net::Liveness liveness = net::Liveness::kDead;
  bool self = false;
  std::optional<uint64_t> heard_ms_ago;  // its last message; nothing: none yet
  std::optional<int64_t> clock_offset_ms;
  std::optional<replication::StatusReply> status;  // nothing: it did not answer

  bool answers() const { return self || status.has_value(); }
};

struct ClusterSnapshot {
  net::RingPtr ring;         // null: this node's alone, of which no document is needed
  unsigned read_quorum = 0;  // as configured; 0: a majority
  unsigned write_quorum = 0;
  std::vector<NodeSnapshot> nodes;  // by ascending number

  const NodeSnapshot* Find(net::NodeNumber number) const;
};

// What works now, by the nodes that answer.
struct ClusterHealth {
  size_t copies = 1;  // of each word; the fewest
  bool reads = true;  // of every word, with quorum
  bool writes = true;
  size_t partitions_without_reads = 0;
  size_t partitions_without_writes = 0;
  std::vector<std::string> notes;  // sentences for people
  bool healthy = true;             // nothing has to be done by anybody
};
ClusterHealth HealthOf(const ClusterSnapshot& cluster);

// The node of that id or address, or whose id alone begins with `name`, of kShortIdBytes at least:
// what cluster-status shows. Null when there is none; valid as long as the snapshot.
inline constexpr size_t kShortIdBytes = 8;
const NodeSnapshot* FindNode(const ClusterSnapshot& cluster, std::string_view name);

// Of the change of members under way: how many partitions have not ended their move.
size_t PartitionsToMove(const net::Ring& ring);

// How much of the ring's copies the node has: 1 when it holds a copy of everything.
double ShareOf(const net::Ring& ring, net::NodeNumber node);
// "up", "suspect" (it does not answer, and is not known to be gone), "down", "joining", "leaving"
std::string StateOf(const NodeSnapshot& node);

// Where snapshots come from. Any thread may call it.
class ClusterSource {
 public:
  virtual ~ClusterSource() = default;
  // Asks the others; takes no longer than until `deadline`.
  virtual ClusterSnapshot Snapshot(std::chrono::steady_clock::time_point deadline) = 0;
  // What is known here, at once: no `status` but this node's own.
  virtual ClusterSnapshot LocalSnapshot() = 0;
  // The same for numbers; waits for nobody.
  virtual ClusterStats LocalStats() const = 0;
};

}  // namespace trifecta::daemon
