// The network between nodes is cut in every way; clients still reach every node.
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

using namespace std::chrono_literals;

// With a gossip interval of 100 ms a suspect has 2.4 s at most; this is longer than that.
constexpr auto kLongerThanSuspicion = 4s;

TEST_CASE("one node is cut off until it is taken for dead, and comes back by itself",
          "[quick][partition]") {
  if (!CanCut()) return;
  Scene scene(3);
  scene.network().Part({2}, {0, 1});
  scene.Finds(0, 2, "down");
  scene.Finds(2, 0, "down");
  scene.ServesAt({0, 1});
  scene.network().Heal();
  scene.ServesAt({2});
  scene.EndAnswered();
}

TEST_CASE("a node that is cut off and knows that refuses at once", "[partition]") {
  if (!CanCut()) return;
  FaultClusterOptions options = Scene::OptionsOf(3);
  options.request_timeout = kLongTimeout;
  Scene scene(options);
  scene.network().Part({1}, {0, 2});
  scene.Finds(1, 0, "down");
  scene.Finds(1, 2, "down");
  RefusesAtOnce(&scene.cluster(), &scene.recorder(), 1);
  scene.network().Heal();
  scene.ServesAt({1});
  scene.EndAnswered();
}

TEST_CASE("one of five nodes is cut off, each in turn", "[partition]") {
  if (!CanCut()) return;
  Scene scene(5);
  for (const size_t alone : scene.AllNodes()) {
    std::vector<size_t> others;
    for (const size_t node : scene.AllNodes()) {
      if (node != alone) others.push_back(node);
    }
    scene.network().Part({alone}, others);
    scene.Finds(others[0], alone, "down");
    scene.ServesAt(others);
    scene.network().Heal();
    scene.Finds(others[0], alone, "up");
    scene.ServesAt({alone});
  }
  scene.EndAnswered();
}

TEST_CASE("five nodes fall into halves of three and two", "[partition]") {
  if (!CanCut()) return;
  Scene scene(5);
  for (int round = 0; round < 2; ++round) {
    scene.network().Part({0, 1, 2}, {3, 4});
    for (const size_t node : {0, 1, 2}) scene.Finds(node, 3, "down");
    for (const size_t node : {3, 4}) scene.Finds(node, 0, "down");
    // The three have two of the three owners of most words.
    scene.ServesAt({0, 1, 2});
    scene.network().Heal();
    scene.ServesAt({3, 4});
  }
  scene.EndAnswered();
}

TEST_CASE("two halves have one node in common, and nobody is taken for dead", "[partition]") {
  if (!CanCut()) return;
  Scene scene(5);
  scene.network().Part({0, 1}, {3, 4});
  scene.Hold(kLongerThanSuspicion);
  scene.ServesAt({2});
  CHECK_FALSE(scene.cluster().AnyTakenForDead());
  scene.network().Heal();
  scene.ServesAt(scene.AllNodes());
  scene.EndAnswered();
}

TEST_CASE("one of three nodes reaches two that do not reach each other: all serve", "[partition]") {
  if (!CanCut()) return;
  Scene scene(3);
  scene.network().Cut(0, 1);
  scene.ServesAt({0, 1, 2});
  scene.Hold(kLongerThanSuspicion);
  scene.ServesAt({0, 1, 2});
  CHECK_FALSE(scene.cluster().AnyTakenForDead());
  scene.network().Heal();
  scene.EndAnswered();
}

TEST_CASE("a node can be asked by the others but cannot ask them", "[partition]") {
  if (!CanCut()) return;
  Scene scene(3);
  scene.network().CutRequests(0, 1);
  scene.network().CutRequests(0, 2);
  scene.Hold(kLongerThanSuspicion);
  scene.ServesAt({1, 2});
  scene.network().Heal();
  scene.ServesAt({0});
  scene.EndAnswered();
}

TEST_CASE("a node can ask the others but cannot be asked by them", "[partition]") {
  if (!CanCut()) return;
  Scene scene(3);
  scene.network().CutRequests(1, 0);
  scene.network().CutRequests(2, 0);
  scene.Hold(kLongerThanSuspicion);
  scene.ServesAt({1, 2});
  scene.network().Heal();
  scene.ServesAt({0});
  scene.EndAnswered();
}

TEST_CASE("a node is cut off and back many times", "[partition]") {
  if (!CanCut()) return;
  Scene scene(5);
  for (int round = 0; round < 12; ++round) {
    const size_t node = static_cast<size_t>(round) % 3;
    scene.network().Part({node}, {3, 4, (node + 1) % 3});
    scene.Hold(400ms);
    scene.network().Heal();
    scene.Hold(300ms);
  }
  scene.ServesAt(scene.AllNodes());
  scene.EndAnswered();
}

TEST_CASE("a cluster cut in two for longer than every timer comes together by itself",
          "[partition]") {
  if (!CanCut()) return;
  FaultClusterOptions options = Scene::OptionsOf(5);
  options.gossip_interval = 50ms;
  options.flags = {"--hint-window", "2s"};  // so that what was missed is not kept by anybody
  Scene scene(options);
  scene.network().Part({0, 1, 2}, {3, 4});
  for (const size_t node : {0, 1, 2}) scene.Finds(node, 4, "down");
  for (const size_t node : {3, 4}) scene.Finds(node, 2, "down");
  scene.Hold(20s);
  scene.ServesAt({0, 1, 2});
  scene.network().Heal();
  for (const size_t node : {0, 1, 2}) scene.Finds(node, 4, "up");
  for (const size_t node : {3, 4}) scene.Finds(node, 2, "up");
  scene.EndAnswered();
}

}  // namespace
}  // namespace trifecta::faults
