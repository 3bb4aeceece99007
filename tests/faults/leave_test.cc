// Nodes leave a cluster that is at work, alive or lost for good.
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

TEST_CASE("a node is decommissioned at work, ends by itself, and stays away", "[quick][leave]") {
  Scene scene(4);
  Fill(&scene.cluster(), &scene.recorder(), 30'000);
  scene.cluster().TakeOut(0, "decommission", 3);
  CHECK(scene.cluster().AwaitEnd(3) == 0);
  scene.ServesAt({0, 1, 2});
  scene.cluster().Start(3);
  CHECK(scene.cluster().AwaitEnd(3) == 69);
  scene.End();
}

TEST_CASE("two of five nodes are decommissioned, each asked itself", "[leave]") {
  Scene scene(5);
  Fill(&scene.cluster(), &scene.recorder(), 30'000);
  for (const size_t leaver : {4, 3}) {
    scene.cluster().TakeOut(leaver, "decommission", leaver);
    CHECK(scene.cluster().AwaitEnd(leaver) == 0);
    scene.ServesAt({0, 1, 2});
  }
  scene.End();
}

TEST_CASE("a node that is killed for good is removed at work", "[leave]") {
  Scene scene(4);
  Fill(&scene.cluster(), &scene.recorder(), 30'000);
  scene.cluster().Kill(2);
  scene.Finds(0, 2, "down");
  scene.cluster().TakeOut(0, "remove", 2);
  scene.cluster().AwaitEnd(2);
  scene.ServesAt({0, 1, 3});
  scene.End();
}

}  // namespace
}  // namespace trifecta::faults
