// Links that lose packets, are slow, stand still and break.
#include "storage/base/random.h"
#include "storage/base/text.h"
#include "tests/faults/scene.h"
#include "tests/support/catch.h"
#include "tests/support/tcp_proxy.h"

namespace trifecta::faults {
namespace {

using namespace std::chrono_literals;

TEST_CASE("with every twentieth packet lost nobody is taken for dead", "[link]") {
  if (!CanCut()) return;
  FaultClusterOptions options = Scene::OptionsOf(5);
  options.gossip_interval = 1s;  // as it is by default; TCP needs 0.2 s to send a lost packet again
  Scene scene(options);
  for (const size_t node : scene.AllNodes()) scene.network().Lose(node, 5);
  scene.Hold(20s);
  scene.ServesAt(scene.AllNodes());
  scene.network().Heal();
  CHECK_FALSE(scene.cluster().AnyTakenForDead());
  scene.End();
}

TEST_CASE("with every third packet of a node lost no answer is wrong", "[link]") {
  if (!CanCut()) return;
  Scene scene(3);
  scene.network().Lose(1, 33);
  scene.Hold(10s);
  scene.network().Heal();
  scene.ServesAt(scene.AllNodes());
  scene.End();
}

TEST_CASE("a node sends no more than 200 kbit/s", "[link]") {
  if (!CanCut()) return;
  Scene scene(3);
  scene.network().Slow(1, 200);
  scene.Hold(10s);
  scene.ServesAt({0, 2});
  scene.network().Heal();
  scene.ServesAt(scene.AllNodes());
  scene.End();
}

// Nodes that reach each other through proxies.
struct ProxiedOptions {
  ProxiedOptions() {
    FaultNetwork& network = FaultNetwork::Get();
    options = Scene::OptionsOf(3);
    options.gossip_interval = 1s;
    for (size_t node = 0; node < options.nodes; ++node) {
      proxies.push_back(
          std::make_unique<test::TcpProxy>(network.own_host(), network.Host(node), kNodePort));
      options.advertised[node] = StrCat(network.own_host(), ":", proxies.back()->port());
    }
  }

  FaultClusterOptions options;
  std::vector<std::unique_ptr<test::TcpProxy>> proxies;
};

TEST_CASE("nodes that are 100 ms away from each other serve, and nobody is taken for dead",
          "[link]") {
  ProxiedOptions links;
  Scene scene(links.options);
  for (auto& proxy : links.proxies) proxy->Delay(50ms);  // each way
  scene.Hold(10s);
  scene.ServesAt(scene.AllNodes());
  CHECK_FALSE(scene.cluster().AnyTakenForDead());
  for (auto& proxy : links.proxies) proxy->Delay(0ms);
  scene.End();
}

TEST_CASE("links stand still for moments and break, and no answer is wrong", "[link]") {
  ProxiedOptions links;
  Scene scene(links.options);
  Random random(11);
  for (int round = 0; round < 60; ++round) {
    test::TcpProxy& proxy = *links.proxies[random.Below(links.proxies.size())];
    const uint64_t what = random.Below(3);
    if (what == 0) proxy.Stall(std::chrono::milliseconds(random.Below(1'500)));
    if (what == 1) proxy.Reset();
    if (what == 2) proxy.Delay(std::chrono::milliseconds(random.Below(100)));
    scene.Hold(200ms);
  }
  for (auto& proxy : links.proxies) proxy->Delay(0ms);
  scene.ServesAt(scene.AllNodes());
  scene.End();
}

}  // namespace
}  // namespace trifecta::faults
