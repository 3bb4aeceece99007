// What every scenario begins with: a cluster that has some words, and a crowd at work on it.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "tests/faults/verdict.h"

namespace trifecta::faults {

class Scene {
 public:
  explicit Scene(size_t nodes) : Scene(OptionsOf(nodes)) {}
  // `prepare` is called before the first start.
  explicit Scene(FaultClusterOptions options, CrowdOptions clients = CrowdOptions(),
                 const std::function<void(FaultCluster*)>& prepare = nullptr);

  static FaultClusterOptions OptionsOf(size_t nodes);

  FaultCluster& cluster() { return cluster_; }
  FaultNetwork& network() { return FaultNetwork::Get(); }
  Recorder& recorder() { return recorder_; }
  Crowd& crowd() { return *crowd_; }
  std::vector<size_t> AllNodes() const;

  // Each of them answers more requests; fails the test where one does not.
  void ServesAt(const std::vector<size_t>& nodes);
  // `asked` finds that `node` is "up", "suspect", "down", soon.
  void Finds(size_t asked, size_t node, std::string_view state);
  void AwaitReady(size_t node);
  // While a fault lasts.
  void Hold(std::chrono::milliseconds time);

  // The crowd goes, and the verdict is spoken.
  void End();
  // And no node was ever gone for its clients: every request was answered, and none with 500.
  void EndAnswered();

 private:
  FaultCluster cluster_;
  Recorder recorder_;
  std::unique_ptr<Crowd> crowd_;
};

}  // namespace trifecta::faults
