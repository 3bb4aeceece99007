// Nodes are stopped and started as an upgrade does.
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

void RestartAll(size_t nodes, int rounds) {
  CrowdOptions clients;
  clients.every_consistency = false;  // all replicas are not there all the time
  clients.retry = true;
  FaultClusterOptions options = Scene::OptionsOf(nodes);
  options.gossip_interval = std::chrono::seconds(1);  // none is to be taken for dead for being slow
  Scene scene(options, clients);
  for (int round = 0; round < rounds; ++round) {
    for (const size_t node : scene.AllNodes()) {
      scene.ServesAt({node});
      CHECK(scene.cluster().Stop(node) == 0);
      scene.cluster().Start(node);
      scene.AwaitReady(node);
      // The next one goes once this one is seen to be up, as an operator would wait for.
      for (const size_t asked : scene.AllNodes()) scene.Finds(asked, node, "up");
    }
  }
  scene.crowd().Stop();
  INFO(scene.crowd().a_failure());
  CHECK(scene.crowd().failures() == 0);
  scene.End();
}

TEST_CASE("all nodes are restarted one by one, and no request fails that is tried twice",
          "[quick][restart]") {
  RestartAll(3, 1);
}

TEST_CASE("five nodes are restarted one by one, twice", "[restart]") { RestartAll(5, 2); }

}  // namespace
}  // namespace trifecta::faults
