// Nodes are stopped and started as an upgrade does.
#include "tests/faults/verdict.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

void RestartAll(size_t nodes, int rounds) {
  FaultClusterOptions options;
  options.nodes = nodes;
  FaultCluster cluster(options);
  Recorder recorder;
  Fill(&cluster, &recorder, 1'000);
  CrowdOptions clients;
  clients.every_consistency = false;  // all replicas are not there all the time
  clients.retry = true;
  Crowd crowd(&cluster, &recorder, clients);
  for (int round = 0; round < rounds; ++round) {
    for (size_t node = 0; node < cluster.size(); ++node) {
      REQUIRE(crowd.AwaitAnswers(node, 30));
      CHECK(cluster.Stop(node) == 0);
      cluster.Start(node);
      if (!cluster.AwaitReady(node)) FAIL("node " << node << " is not back" << cluster.Logs());
      // The next one goes once this one is seen to be up, as an operator would wait for.
      for (size_t asked = 0; asked < cluster.size(); ++asked) {
        REQUIRE(cluster.AwaitState(asked, node, "up"));
      }
    }
  }
  crowd.Stop();
  INFO(crowd.a_failure());
  CHECK(crowd.failures() == 0);
  Judge(&cluster, &recorder);
}

TEST_CASE("all nodes are restarted one by one, and no request fails that is tried twice",
          "[quick][restart]") {
  RestartAll(3, 1);
}

TEST_CASE("five nodes are restarted one by one, twice", "[restart]") { RestartAll(5, 2); }

}  // namespace
}  // namespace trifecta::faults
