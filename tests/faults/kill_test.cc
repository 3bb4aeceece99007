// Nodes are killed as a power cut or the kernel would.
#include "storage/base/random.h"
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

// Kills a random node, waits until the others go on serving, and starts it again.
void KillOne(Scene* scene, Random* random) {
  const size_t victim = random->Below(scene->cluster().size());
  scene->cluster().Kill(victim);
  std::vector<size_t> others = scene->AllNodes();
  others.erase(others.begin() + static_cast<ptrdiff_t>(victim));
  scene->ServesAt(others);
  scene->cluster().Start(victim);
  scene->AwaitReady(victim);
  scene->ServesAt({victim});
}

void KillRepeatedly(size_t nodes, int rounds) {
  Scene scene(nodes);
  Random random(nodes);
  for (int round = 0; round < rounds; ++round) KillOne(&scene, &random);
  scene.End();
}

TEST_CASE("a random node is killed again and again, and the others go on", "[quick][kill]") {
  KillRepeatedly(3, 3);
}

TEST_CASE("a random one of five nodes is killed again and again", "[kill]") {
  KillRepeatedly(5, 8);
}

TEST_CASE("with two of three owners killed nothing is acknowledged, and all comes back",
          "[quick][kill]") {
  FaultClusterOptions options = Scene::OptionsOf(3);
  options.request_timeout = kLongTimeout;
  for (const size_t alone : {size_t{0}, size_t{2}}) {
    Scene scene(options);
    for (const size_t node : scene.AllNodes()) {
      if (node != alone) scene.cluster().Kill(node);
    }
    RefusesAtOnce(&scene.cluster(), &scene.recorder(), alone);
    scene.End();
  }
}

TEST_CASE("all nodes are killed at once, and all that was acknowledged is there", "[kill]") {
  Scene scene(5);
  for (int round = 0; round < 3; ++round) {
    for (const size_t node : scene.AllNodes()) scene.cluster().Kill(node);
    for (const size_t node : scene.AllNodes()) scene.cluster().Start(node);
    for (const size_t node : scene.AllNodes()) scene.AwaitReady(node);
    scene.ServesAt(scene.AllNodes());
  }
  scene.End();
}

}  // namespace
}  // namespace trifecta::faults
