// What a simulated node does about a damaged file, as daemon/maintenance.h does it: gives up what
// cannot be read, answers no read about it, and fetches it from the other owners.
#pragma once

#include <functional>
#include <vector>

#include "daemon/replication/cluster_view.h"
#include "daemon/replication/digest_table.h"
#include "daemon/replication/lost_words.h"
#include "daemon/replication/rebuild.h"
#include "storage/store.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_runner.h"

namespace trifecta::sim {

class SimRebuild {
 public:
  // All of it outlives the rebuild.
  struct Parts {
    SimNetwork* network = nullptr;
    NodeIndex node = 0;
    storage::Store* store = nullptr;
    replication::DigestTable* digests = nullptr;
    replication::LostWords* lost = nullptr;
    SimRunner* runner = nullptr;
    std::function<replication::ViewPtr()> view;
    // The digests of all partitions are to be made again.
    std::function<void()> count_again;
    // Ends the process if it has lost its disk; false then.
    std::function<bool()> survived;
  };
  explicit SimRebuild(Parts parts);

  // Nothing is damaged, as far as anybody has noticed, and nothing lost.
  bool idle() const;

 private:
  void Look();
  void LookLater();
  // False: not all is given up yet.
  bool GiveUp();
  void Fetch();
  void End();
  Millis now() const { return parts_.network->now(); }

  const Parts parts_;
  replication::Rebuild rebuild_;
};

}  // namespace trifecta::sim
