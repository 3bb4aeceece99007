// Membership as a whole: real failure detectors on a simulated network. Times are virtual.
#include <string>

#include "tests/sim/membership_world.h"
#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

using net::kLanOptions;
using net::kQuickOptions;
using net::Liveness;

constexpr Millis kStep = 10;

// Everyone's first messages, then gossip: some seconds.
constexpr Millis kMeetLimit = 20'000;
// A node that stops is probed by all others within two rounds; by the first, on average, within 1.6
// intervals. Then the probe ends, and the suspicion lasts 24 s if nobody confirms it; then the news
// spreads.
constexpr Millis DeathLimit(const net::DetectorOptions& options, size_t nodes) {
  return options.probe_interval *
         (2 * nodes + 2 + options.suspicion_mult * options.suspicion_max_mult + 5);
}

bool WaitForAgreement(MembershipWorld& world, Millis limit) {
  return world.network().RunUntilHolds(limit, kStep, [&] { return world.AllAgree(); });
}

bool WaitUntilAllSee(MembershipWorld& world, NodeIndex subject, Liveness liveness, Millis limit) {
  return world.network().RunUntilHolds(limit, kStep,
                                       [&] { return world.AllSee(subject, liveness); });
}

TEST_CASE("nodes that know one seed find each other") {
  const size_t nodes = GENERATE(2, 3, 10, 40);
  MembershipWorld world(nodes, kLanOptions);
  world.AddStarted(nodes);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  CHECK(world.network().now() < 5'000);
  CHECK(world.false_deaths() == 0);
}

TEST_CASE("nodes find each other through whichever of their seeds is up, or comes up later") {
  MembershipWorld world(1, kLanOptions);
  for (int i = 0; i < 6; ++i) world.Add({0, 1, 2});
  for (const NodeIndex node : {2, 3, 4, 5}) world.Start(node);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  MembershipWorld late(2, kLanOptions);
  for (int i = 0; i < 3; ++i) late.Add({0});
  late.Start(1);
  late.Start(2);
  late.network().RunFor(60'000);
  late.Start(0);
  REQUIRE(WaitForAgreement(late, kMeetLimit));
}

TEST_CASE("a node that crashes is found dead by all, within the bound") {
  const size_t nodes = GENERATE(2, 3, 10, 40);
  MembershipWorld world(nodes + 100, kLanOptions);
  world.AddStarted(nodes);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  const NodeIndex victim = nodes - 1;
  world.Crash(victim);
  REQUIRE(WaitUntilAllSee(world, victim, Liveness::kDead, DeathLimit(kLanOptions, nodes)));
  CHECK(world.false_deaths() == 0);
}

TEST_CASE("at 5% loss nobody is taken for dead in ten minutes") {
  const uint64_t seed = GENERATE(1, 2, 3);
  MembershipWorld world(seed, kLanOptions);
  world.network().SetFaults({.loss_per_million = 50'000,
                             .twice_per_million = 10'000,
                             .delay_min = 1,
                             .delay_max = 100,
                             .slow_per_million = 20'000,
                             .slow_max = 400});
  world.AddStarted(12);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  world.network().RunFor(600'000);
  INFO("seed " << seed);
  CHECK(world.false_deaths() == 0);
  CHECK(WaitForAgreement(world, kMeetLimit));
}

TEST_CASE("a paused node is found dead, comes back, refutes, and blames nobody for its pause") {
  MembershipWorld world(1, kLanOptions);
  world.AddStarted(7);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  world.network().Pause(3);
  const auto dead_to_the_rest = [&] {
    for (NodeIndex node = 0; node < 7; ++node) {
      if (node != 3 && world.Seen(node, 3) != Liveness::kDead) return false;
    }
    return true;
  };
  REQUIRE(world.network().RunUntilHolds(DeathLimit(kLanOptions, 7), kStep, dead_to_the_rest));
  world.network().RunFor(120'000);
  const uint64_t before = world.detector(3).self().incarnation;
  world.network().Resume(3);
  REQUIRE(WaitForAgreement(world, 10'000));
  CHECK(world.detector(3).self().incarnation > before);
  CHECK(world.false_deaths() == 0);
  CHECK(world.Warnings("this node did not run for") == 1);
}

TEST_CASE("halves that were cut for longer than every timer join again by themselves") {
  const size_t nodes = GENERATE(2, 6, 20);
  MembershipWorld world(nodes, kLanOptions);
  world.AddStarted(nodes);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  std::vector<NodeIndex> left, right;
  for (NodeIndex node = 0; node < nodes; ++node) (node < nodes / 2 ? left : right).push_back(node);
  world.network().Partition({left, right});
  world.network().RunFor(3'600'000);
  for (const NodeIndex a : left) {
    for (const NodeIndex b : right) {
      REQUIRE(world.Seen(a, b) == Liveness::kDead);
      REQUIRE(world.Seen(b, a) == Liveness::kDead);
    }
  }
  const int deaths = world.false_deaths();
  world.network().MendAll();
  REQUIRE(WaitForAgreement(world, 30'000));
  CHECK(world.false_deaths() == deaths);  // what a side said of its own is not believed unproven
}

TEST_CASE("the ring's members find each other after a cut of days, others are forgotten") {
  net::DetectorOptions options = kQuickOptions;
  options.gone_kept = 60'000;
  for (const bool in_ring : {true, false}) {
    MembershipWorld world(5, options);
    world.AddStarted(4);
    REQUIRE(WaitForAgreement(world, kMeetLimit));
    if (in_ring) world.SetRing();
    world.network().Partition({{0, 1}, {2, 3}});
    world.network().RunFor(3 * options.gone_kept);
    CHECK(world.Seen(0, 2).has_value() == in_ring);
    if (!in_ring) continue;
    world.network().MendAll();
    CHECK(WaitForAgreement(world, kMeetLimit));
  }
}

TEST_CASE("a node restarts with a higher incarnation from its disk, and is alive to all at once") {
  MembershipWorld world(1, kLanOptions);
  world.AddStarted(5);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  const uint64_t first = world.detector(4).self().incarnation;
  CHECK(first == MembershipWorld::kEpochMillis / 1000);
  SECTION("before anyone noticed") {
    world.Crash(4);
    world.Start(4);
    REQUIRE(WaitForAgreement(world, 5'000));
    CHECK(world.detector(4).self().incarnation > first);
  }
  SECTION("after it was found dead") {
    world.Crash(4);
    REQUIRE(WaitUntilAllSee(world, 4, Liveness::kDead, DeathLimit(kLanOptions, 5)));
    world.Start(4);
    REQUIRE(WaitForAgreement(world, 5'000));
  }
  SECTION("many times in a row") {
    for (int i = 0; i < 20; ++i) {
      world.Crash(4);
      world.Start(4);
      world.network().RunFor(300);
    }
    REQUIRE(WaitForAgreement(world, 5'000));
  }
  CHECK(world.false_deaths() == 0);
}

TEST_CASE("a node whose disk was emptied is another one; the one that it was is found dead") {
  MembershipWorld world(1, kLanOptions);
  world.AddStarted(6);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  const net::NodeId before = world.id(2);
  world.Crash(2);
  world.Wipe(2);
  world.Start(2);
  REQUIRE(WaitForAgreement(world, 5'000));
  const auto old_is_dead = [&] {
    for (NodeIndex node = 0; node < 6; ++node) {
      const net::KnownNode* known = world.detector(node).members().Find(before);
      if (known == nullptr || known->record.liveness != Liveness::kDead) return false;
    }
    return true;
  };
  CHECK(world.network().RunUntilHolds(DeathLimit(kLanOptions, 7), kStep, old_is_dead));
  CHECK(world.AllAgree());
}

TEST_CASE("a node that leaves is seen as left by all, and nobody suspects it") {
  MembershipWorld world(1, kLanOptions);
  world.AddStarted(9);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  world.Leave(5);
  REQUIRE(world.network().RunUntilHolds(2'000, kStep, [&] { return world.detector(5).left(); }));
  world.Crash(5);
  REQUIRE(WaitUntilAllSee(world, 5, Liveness::kLeft, 2'000));
  world.network().RunFor(60'000);
  CHECK(world.AllSee(5, Liveness::kLeft));
  CHECK(world.Warnings("taken for dead") == 0);
  world.Start(5);
  CHECK(WaitForAgreement(world, 5'000));
}

TEST_CASE("the founder, which has no seeds, is found again after it left and came back") {
  MembershipWorld world(1, kLanOptions);
  world.Add({});
  world.Add({0});
  world.Add({0});
  for (NodeIndex node = 0; node < 3; ++node) world.Start(node);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  world.SetRing();
  world.Leave(0);
  REQUIRE(world.network().RunUntilHolds(2'000, kStep, [&] { return world.detector(0).left(); }));
  world.Crash(0);
  world.network().RunFor(30'000);
  world.Start(0);
  CHECK(WaitForAgreement(world, kMeetLimit));
}

TEST_CASE("a link that is down, one way or both, kills nobody: others can be asked") {
  MembershipWorld world(1, kLanOptions);
  world.AddStarted(6);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  world.network().Cut(0, 1);
  world.network().Cut(2, 3);
  world.network().Cut(3, 2);
  world.network().RunFor(600'000);
  CHECK(world.false_deaths() == 0);
  world.network().MendAll();
  CHECK(WaitForAgreement(world, kMeetLimit));
}

TEST_CASE("a node that hears nobody accuses them late, and is believed by none") {
  MembershipWorld world(1, kLanOptions);
  world.AddStarted(8);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  for (NodeIndex node = 0; node < 8; ++node) {
    if (node != 7) world.network().Cut(node, 7);
  }
  world.network().RunFor(10'000);
  CHECK(world.detector(7).health_multiplier() > 4);
  CHECK(world.detector(0).health_multiplier() <= 2);
  for (NodeIndex node = 0; node < 7; ++node) CHECK(world.Seen(7, node) != Liveness::kDead);
  world.network().MendAll();
  REQUIRE(WaitForAgreement(world, 60'000));
  for (NodeIndex node = 0; node < 7; ++node) CHECK(world.Seen(7, node) == Liveness::kAlive);
}

TEST_CASE("two clusters whose nodes know each other's addresses stay two") {
  MembershipWorld world(1, kQuickOptions);
  for (int i = 0; i < 6; ++i) world.Add({0, 3});
  for (NodeIndex node = 0; node < 6; ++node) {
    world.Start(node);
    world.detector(node).SetCluster(world.id(node < 3 ? 0 : 3));
  }
  world.network().RunFor(60'000);
  CHECK(world.Seen(0, 2) == Liveness::kAlive);
  CHECK(world.Seen(3, 5) == Liveness::kAlive);
  for (NodeIndex a = 0; a < 3; ++a) {
    for (NodeIndex b = 3; b < 6; ++b) {
      CHECK_FALSE(world.Seen(a, b).has_value());
      CHECK_FALSE(world.Seen(b, a).has_value());
    }
  }
  CHECK(world.detector(0).refusals().foreign > 0);
}

TEST_CASE("a node of no cluster yet takes that of the first that answers it") {
  MembershipWorld world(1, kQuickOptions);
  world.Add({});
  world.Add({0});
  world.Start(0);
  world.detector(0).SetCluster(world.id(0));
  world.Start(1);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  CHECK(world.detector(1).cluster() == world.id(0));
}

TEST_CASE("clocks are known to within half a round trip") {
  MembershipWorld world(1, kLanOptions);
  world.network().SetFaults({.delay_min = 1, .delay_max = 20});
  world.AddStarted(4);
  world.SetClockAhead(2, 5'000);
  world.SetClockAhead(3, -700);
  world.network().RunFor(20'000);
  const int64_t ahead[] = {0, 0, 5'000, -700};
  for (NodeIndex viewer = 0; viewer < 4; ++viewer) {
    for (NodeIndex subject = 0; subject < 4; ++subject) {
      if (viewer == subject) continue;
      const net::KnownNode* known = world.detector(viewer).members().Find(world.id(subject));
      REQUIRE(known->measured_at > 0);
      const int64_t error = known->clock_offset - (ahead[subject] - ahead[viewer]);
      CHECK(std::abs(error) <= static_cast<int64_t>(known->round_trip / 2 + 1));
    }
  }
}

TEST_CASE("a new ring epoch is known to all within a few gossip rounds") {
  MembershipWorld world(1, kLanOptions);
  world.AddStarted(30);
  REQUIRE(WaitForAgreement(world, kMeetLimit));
  const auto take_over = [&](NodeIndex node, uint64_t epoch) {
    net::Vitals vitals = world.detector(node).self().vitals;
    if (vitals.ring_epoch >= epoch) return;
    vitals.ring_epoch = epoch;
    world.detector(node).SetVitals(vitals, world.network().now());
    world.Pump(node);
  };
  take_over(17, 1);
  // As the daemon does: who hears of a newer epoch fetches it and then says it, too.
  const auto all_know = [&] {
    bool all = true;
    for (NodeIndex node = 0; node < 30; ++node) {
      uint64_t newest = 0;
      for (const net::KnownNode& known : world.detector(node).members().nodes()) {
        newest = std::max(newest, known.record.vitals.ring_epoch);
      }
      if (newest > 0) take_over(node, newest);
      all = all && newest > 0;
    }
    return all;
  };
  CHECK(world.network().RunUntilHolds(3'000, kStep, all_know));
}

// Crashes, restarts, pauses, cuts, loss and partitions at random, then peace.
void Torment(MembershipWorld& world, Random* random) {
  SimNetwork& network = world.network();
  const NodeIndex node = random->Below(world.size());
  switch (random->Below(8)) {
    case 0:
      if (network.running(node)) world.Crash(node);
      break;
    case 1:
      if (!network.running(node)) world.Start(node);
      break;
    case 2:
      if (network.running(node)) network.Pause(node);
      break;
    case 3:
      if (network.paused(node)) network.Resume(node);
      break;
    case 4:
      network.Cut(node, random->Below(world.size()));
      break;
    case 5:
      network.MendAll();
      break;
    case 6: {
      std::vector<std::vector<NodeIndex>> groups(2);
      for (NodeIndex i = 0; i < world.size(); ++i) groups[random->Below(2)].push_back(i);
      network.Partition(groups);
      break;
    }
    case 7:
      network.SetFaults({.loss_per_million = random->Below(400'000),
                         .twice_per_million = random->Below(200'000),
                         .delay_min = 1,
                         .delay_max = 1 + random->Below(100)});
      break;
  }
}

void Pacify(MembershipWorld& world) {
  SimNetwork& network = world.network();
  network.MendAll();
  network.SetFaults(LinkFaults());
  for (NodeIndex node = 0; node < world.size(); ++node) {
    if (network.paused(node)) network.Resume(node);
    if (!network.running(node)) world.Start(node);
  }
}

// The history, so that two runs can be compared.
uint64_t TormentAndAgree(uint64_t seed) {
  MembershipWorld world(seed, kQuickOptions);
  Random random(seed);
  world.AddStarted(3 + random.Below(6));
  for (int i = 0; i < 60; ++i) {
    world.network().RunFor(random.Below(1'000));
    Torment(world, &random);
  }
  Pacify(world);
  INFO("seed " << seed);
  CHECK(WaitForAgreement(world, 30'000));
  return world.network().history();
}

TEST_CASE("whatever happened, once it is over all nodes agree on who is there") {
  for (uint64_t seed = 1; seed <= 100; ++seed) TormentAndAgree(seed);
}

TEST_CASE("the same seed gives the same history of a cluster") {
  CHECK(TormentAndAgree(7) == TormentAndAgree(7));
  CHECK(TormentAndAgree(7) != TormentAndAgree(8));
}

}  // namespace
}  // namespace trifecta::sim
