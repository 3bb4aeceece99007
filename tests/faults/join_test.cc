// Nodes join a cluster that is at work, and are killed meanwhile.
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a fourth and a fifth node join at work", "[join]") {
  Scene scene(3);
  for (const size_t joiner : {3, 4}) {
    scene.cluster().Start(joiner);
    scene.AwaitReady(joiner);
    scene.ServesAt(scene.AllNodes());
  }
  CrowdOptions clients;
  clients.nodes = {3, 4};
  Crowd crowd(&scene.cluster(), &scene.recorder(), clients);
  CHECK(crowd.AwaitAnswers(3, 50));
  CHECK(crowd.AwaitAnswers(4, 50));
  crowd.Stop();
  scene.End();
}

// Enough that the copying of it takes a while.
void FillMuch(Scene* scene) { Fill(&scene->cluster(), &scene->recorder(), 30'000); }

TEST_CASE("a node that joins is killed at every step, and joins when it is started again",
          "[join]") {
  Scene scene(3);
  FillMuch(&scene);
  for (const size_t joiner : {3, 4}) {
    for (const auto lived : {50ms, 200ms, 400ms, 600ms, 800ms, 1'000ms, 1'400ms, 2'000ms}) {
      scene.cluster().Start(joiner);
      scene.Hold(lived);
      scene.cluster().Kill(joiner);
      scene.ServesAt(scene.AllNodes());
    }
    scene.cluster().Start(joiner);
    scene.AwaitReady(joiner);
  }
  scene.ServesAt(scene.AllNodes());
  scene.End();
}

TEST_CASE("a node of the cluster is killed while another one joins", "[join]") {
  Scene scene(3);
  FillMuch(&scene);
  for (const size_t joiner : {3, 4}) {
    scene.cluster().Start(joiner);
    scene.Hold(500ms);
    const size_t victim = joiner - 2;
    scene.cluster().Kill(victim);
    scene.Hold(3s);
    scene.cluster().Start(victim);
    scene.AwaitReady(victim);
    scene.AwaitReady(joiner);
    scene.ServesAt(scene.AllNodes());
  }
  scene.End();
}

}  // namespace
}  // namespace trifecta::faults
