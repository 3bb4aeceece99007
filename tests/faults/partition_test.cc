// The network between nodes is cut in every way; clients still reach every node.
#include "tests/faults/verdict.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

// A cluster, a crowd at work on it, and a network to be cut.
struct Scene {
  explicit Scene(size_t nodes) : cluster(OptionsOf(nodes)) {
    Fill(&cluster, &recorder, 1'000);
    crowd = std::make_unique<Crowd>(&cluster, &recorder, CrowdOptions());
    ServesAt(All());
  }

  static FaultClusterOptions OptionsOf(size_t nodes) {
    FaultClusterOptions options;
    options.nodes = nodes;
    return options;
  }

  std::vector<size_t> All() const {
    std::vector<size_t> all;
    for (size_t node = 0; node < cluster.size(); ++node) all.push_back(node);
    return all;
  }

  // Each of them answers requests.
  void ServesAt(const std::vector<size_t>& nodes) {
    for (const size_t node : nodes) {
      if (!crowd->AwaitAnswers(node, 50)) {
        FAIL("node " << node << " does not serve: " << crowd->a_failure() << cluster.Logs());
      }
    }
  }

  void TakesForDead(size_t asked, size_t node) {
    if (!cluster.AwaitState(asked, node, "down")) {
      FAIL("node " << asked << " finds node " << node << " " << cluster.StateOf(asked, node)
                   << cluster.Logs());
    }
  }

  void End() {
    crowd->Stop();
    Judge(&cluster, &recorder);
  }

  FaultNetwork& network = FaultNetwork::Get();
  FaultCluster cluster;
  Recorder recorder;
  std::unique_ptr<Crowd> crowd;
};

TEST_CASE("one node is cut off until it is taken for dead, and comes back by itself",
          "[quick][partition]") {
  if (!CanCut()) return;
  Scene scene(3);
  scene.network.Part({2}, {0, 1});
  scene.ServesAt({0, 1});
  scene.TakesForDead(0, 2);
  scene.TakesForDead(2, 0);
  scene.ServesAt({0, 1});
  scene.network.Heal();
  scene.ServesAt({2});
  scene.End();
}

}  // namespace
}  // namespace trifecta::faults
