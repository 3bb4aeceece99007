// More is asked of all nodes than they can do.
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

using namespace std::chrono_literals;

TEST_CASE("with all nodes overloaded every request ends in time, and nobody is taken for dead",
          "[overload]") {
  FaultClusterOptions options = Scene::OptionsOf(5);
  options.gossip_interval = 1s;  // as it is by default
  // Few workers and a short queue, so that it does not take thousands of clients.
  options.flags = {"--workers", "4", "--max-queue", "16"};
  CrowdOptions clients;
  clients.clients = 150;
  clients.think_max = 0ms;
  clients.every_consistency = false;
  Scene scene(options, clients);
  scene.Hold(10s);
  scene.ServesAt(scene.AllNodes());
  CHECK_FALSE(scene.cluster().AnyTakenForDead());
  scene.EndAnswered();
}

}  // namespace
}  // namespace trifecta::faults
