// The cluster's document (GET /api/v1/cluster) as the commands see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::cmd {

struct NodeView {
  std::string id, address, zone, state, version;
  bool self = false;
  uint64_t words = 0, bytes = 0;
  double owns_ratio = 0;
  uint64_t shards = 0, hints = 0;
  std::optional<uint64_t> heartbeat_age_ms;
  std::optional<double> clock_offset_ms;
  uint64_t uptime_seconds = 0;

  bool up() const { return state == "up"; }
};

// The change of members under way.
struct OperationView {
  std::string kind, node, address;
  uint64_t partitions_left = 0;
};

struct ClusterView {
  std::string name, health;
  bool can_read = false, can_write = false;
  uint64_t replication_factor = 0, read_quorum = 0, write_quorum = 0, ring_epoch = 0;
  std::optional<uint64_t> words;  // nothing: they cannot all be counted now
  std::vector<std::string> notes;
  std::optional<OperationView> operation;
  std::vector<NodeView> nodes;

  bool healthy() const { return health == "healthy"; }
  // The node that answered, null when the document does not say.
  const NodeView* self() const;
};

// kInternal when it is no such document.
Result<ClusterView> ParseCluster(std::string_view document);

// The state of the cluster in a sentence, and what to do about it; "" when nothing is to be done.
std::string Verdict(const ClusterView& cluster);
std::string NextStep(const ClusterView& cluster);

}  // namespace trifecta::cmd
