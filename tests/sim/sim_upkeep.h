// What a simulated node does in the background: comparing itself with others, fetching the
// partitions that move to it, delivering hints.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "daemon/replication/anti_entropy.h"
#include "daemon/replication/cluster_view.h"
#include "daemon/replication/digest_table.h"
#include "daemon/replication/hint_store.h"
#include "daemon/replication/partition_streams.h"
#include "storage/base/clock.h"
#include "storage/store.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_runner.h"

namespace trifecta::sim {

class SimUpkeep {
 public:
  // All of it outlives the upkeep.
  struct Parts {
    SimNetwork* network = nullptr;
    NodeIndex node = 0;
    storage::Store* store = nullptr;
    const replication::DigestTable* digests = nullptr;
    replication::HintStore* hints = nullptr;
    Clock* clock = nullptr;
    std::function<replication::ViewPtr()> view;
    SimRunner* runner = nullptr;         // of exchanges and hints
    SimRunner* stream_runner = nullptr;  // of streams
    bool repairs = true;                 // false: no anti-entropy, and no hints
    // This node has all of the partition.
    std::function<void(net::Epoch session, uint32_t partition)> streamed;
  };
  explicit SimUpkeep(Parts parts);

  // A later view is in force, or the first.
  void OnView();

 private:
  void Compare();
  void CompareAt(Millis due);
  void Stream();
  void ReplayLater();
  // The hints for these nodes, one node after the other, then for a while none.
  void Replay(std::vector<net::NodeNumber> nodes);
  Millis now() const { return parts_.network->now(); }

  const Parts parts_;
  replication::AntiEntropy anti_entropy_;
  replication::PartitionStreams streams_;
  Millis compare_at_ = replication::kNever;
  Millis stream_at_ = replication::kNever;
};

}  // namespace trifecta::sim
