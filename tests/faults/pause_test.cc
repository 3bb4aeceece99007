// Nodes stand still for a while, as a machine that swaps or a stopped virtual machine does.
#include "storage/base/random.h"
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a node that stands still until it is taken for dead refutes that when it goes on",
          "[pause]") {
  Scene scene(3);
  for (const size_t node : scene.AllNodes()) {
    const size_t other = (node + 1) % 3;
    scene.cluster().Pause(node);  // with the requests that it coordinates
    scene.Finds(other, node, "down");
    scene.ServesAt({other, (node + 2) % 3});
    scene.cluster().Resume(node);
    scene.Finds(other, node, "up");
    scene.ServesAt({node});
  }
  scene.End();
}

TEST_CASE("nodes stand still for shorter than suspicion, again and again", "[pause]") {
  Scene scene(5);
  Random random(3);
  for (int round = 0; round < 15; ++round) {
    const size_t node = random.Below(5);
    scene.cluster().Pause(node);
    scene.Hold(std::chrono::milliseconds(50 + random.Below(400)));
    scene.cluster().Resume(node);
    scene.Hold(200ms);
  }
  scene.ServesAt(scene.AllNodes());
  scene.End();
}

TEST_CASE("all nodes stand still and go on, and nobody is taken for dead", "[pause]") {
  Scene scene(3);
  for (const size_t node : scene.AllNodes()) scene.cluster().Pause(node);
  scene.Hold(5s);
  for (const size_t node : scene.AllNodes()) scene.cluster().Resume(node);
  scene.ServesAt(scene.AllNodes());
  CHECK_FALSE(scene.cluster().AnyTakenForDead());
  scene.End();
}

}  // namespace
}  // namespace trifecta::faults
