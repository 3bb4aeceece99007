// Faults of every kind at once, drawn from a seed: TRIFECTA_FAULTS_SEED and TRIFECTA_FAULTS_STEPS,
// or one seed and few steps. The same seed does the same, but nodes and clients do not keep in
// step.
#include <cstdlib>
#include <iostream>

#include "storage/base/random.h"
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

uint64_t NumberFrom(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr size_t kNodes = 5;

class Chaos {
 public:
  Chaos(Scene* scene, uint64_t seed) : scene_(scene), random_(seed) {}

  void Step() {
    const size_t node = random_.Below(scene_->cluster().Started(kJoiner) ? kJoiner + 1 : kJoiner);
    switch (random_.Below(10)) {
      case 0:
      case 1:
        return Kill(node);
      case 2:
        return Pause(node);
      case 3:
        return CutOff(node);
      case 4:
        return scene_->network().CutRequests(node, (node + 1) % kNodes);
      case 5:
        return scene_->network().Lose(node, 10);
      case 6:
        if (!scene_->cluster().Started(kJoiner)) scene_->cluster().Start(kJoiner);
        return;
      default:
        return Mend(node);
    }
  }

 private:
  static constexpr size_t kJoiner = kNodes;  // one more than there are at first

  void Kill(size_t node) {
    if (scene_->cluster().Runs(node)) scene_->cluster().Kill(node);
  }

  void Pause(size_t node) {
    if (scene_->cluster().Runs(node)) scene_->cluster().Pause(node);
  }

  void CutOff(size_t node) {
    for (const size_t other : scene_->AllNodes()) {
      if (other != node && random_.Below(3) != 0) scene_->network().Cut(node, other);
    }
  }

  void Mend(size_t node) {
    scene_->network().Heal();
    FaultCluster& cluster = scene_->cluster();
    for (const size_t one : {node, static_cast<size_t>(random_.Below(kNodes))}) {
      if (!cluster.Runs(one)) {
        cluster.Start(one);
      } else if (cluster.disturbances(one) % 2 == 1) {
        cluster.Resume(one);
      }
    }
  }

  Scene* const scene_;
  Random random_;
};

TEST_CASE("nodes are killed, paused, cut off, added and brought back at random", "[chaos]") {
  if (!CanCut()) return;
  const uint64_t seed = NumberFrom("TRIFECTA_FAULTS_SEED", 1);
  const uint64_t steps = NumberFrom("TRIFECTA_FAULTS_STEPS", 40);
  std::cout << "seed " << seed << ", " << steps << " steps\n";
  CrowdOptions clients;
  clients.seed = seed;
  Scene scene(Scene::OptionsOf(kNodes), clients);
  Chaos chaos(&scene, seed);
  for (uint64_t step = 0; step < steps; ++step) {
    chaos.Step();
    scene.Hold(std::chrono::milliseconds(700));
  }
  scene.End();
}

}  // namespace
}  // namespace trifecta::faults
