// Whole clusters in all weathers: many seeds, each a history that is judged. `./dev sim N` runs
// more of them; TRIFECTA_SIM_SEED=S one of them again.
#include "tests/sim/simulation.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>

#include "storage/base/text.h"
#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

// For people: what happened with this seed, and how to see it again.
std::string Report(uint64_t seed, const Verdict& verdict) {
  return StrCat("seed ", seed, ", to be seen again with TRIFECTA_SIM_SEED=", seed, "\n",
                ToText(verdict.violations), "weather:\n", verdict.log);
}

// All seeds of the scenarios that `draw` makes are good. How many nodes have left in them.
size_t MustBeGood(uint64_t count, const std::function<Scenario(Random*)>& draw) {
  const Seeds seeds = SeedsOr(count);
  size_t operations = 0, acknowledged = 0, left = 0;
  Millis healed_after = 0;
  for (uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    Random random(seed);
    const Verdict verdict = Simulate(seed, draw(&random));
    INFO(Report(seed, verdict));
    REQUIRE(verdict.violations.empty());
    operations += verdict.operations;
    acknowledged += verdict.acknowledged;
    left += verdict.left;
    healed_after = std::max(healed_after, verdict.healed_after);
  }
  // Else nothing was tried.
  CHECK(acknowledged > operations / 10);
  std::printf("%llu seeds: %zu operations, %zu acknowledged; equal after %llu ms at most\n",
              static_cast<unsigned long long>(seeds.count), operations, acknowledged,
              static_cast<unsigned long long>(healed_after));
  return left;
}

Scenario InAnyWeather(Scenario scenario, Random* random) {
  scenario.climate = RandomClimate(random);
  return scenario;
}

// Nodes that find each other; `later` more join, and then so many leave.
Scenario Growing(size_t later, size_t leaves) {
  Scenario scenario;
  scenario.cluster.topology = true;
  scenario.cluster.later = later;
  scenario.leaves = leaves;
  scenario.duration = 30'000 + 10'000 * (later + leaves);
  return scenario;
}

SimNodePace AnyPace(Random* random) {
  SimNodePace pace;
  pace.serve_max = random->Below(10);
  pace.reply_max = random->Below(3) == 0 ? random->Below(200) : random->Below(10);
  pace.checkpoint_max = 500 + random->Below(20'000);
  pace.view_max = random->Below(3) == 0 ? random->Below(1'000) : random->Below(30);
  pace.fill_max = random->Below(10'000);
  return pace;
}

Workload AnyWorkload(Random* random) {
  Workload workload;
  workload.words = 5 + random->Below(100);
  workload.adds = 10 + random->Below(40);
  workload.deletes = random->Below(30);
  workload.lookups = 5 + random->Below(40);
  workload.searches = random->Below(30);
  workload.counts = random->Below(10);
  workload.one_per_million = random->Below(3) == 0 ? random->Below(200'000) : 0;
  workload.all_per_million = random->Below(3) == 0 ? random->Below(200'000) : 0;
  workload.bulk_per_million = random->Below(300'000);
  workload.think_max = random->Below(100);
  return workload;
}

// Any number of nodes, copies, zones, partitions; slow disks and fast ones.
Scenario Any(Random* random) {
  Scenario scenario;
  ClusterOptions& cluster = scenario.cluster;
  cluster.topology = random->Below(4) != 0;
  cluster.nodes = 1 + random->Below(6);
  cluster.zones = 1 + random->Below(4);
  cluster.replication_factor = static_cast<unsigned>(1 + random->Below(5));
  cluster.partitions = 8u << random->Below(4);
  cluster.k_factor = static_cast<unsigned>(1 + random->Below(3));
  cluster.pace = AnyPace(random);
  if (random->Below(3) == 0) cluster.detector = net::kQuickOptions;
  if (cluster.topology) {
    cluster.later = random->Below(4);
    scenario.leaves = random->Below(3) == 0 ? random->Below(3) : 0;
  }
  // Nodes join one after the other.
  scenario.heal_max += 20'000 * (cluster.topology ? cluster.nodes + cluster.later : 0);
  scenario.clients = 1 + random->Below(8);
  scenario.duration = 10'000 + random->Below(60'000);
  scenario.workload = AnyWorkload(random);
  scenario.climate = RandomClimate(random);
  return scenario;
}

}  // namespace

TEST_CASE("three nodes on a fixed ring keep their word in every weather", "[seeds]") {
  MustBeGood(100, [](Random* random) { return InAnyWeather({}, random); });
}

TEST_CASE("three nodes that find each other keep their word in every weather", "[seeds]") {
  MustBeGood(50, [](Random* random) { return InAnyWeather(Growing(0, 0), random); });
}

TEST_CASE("nodes join while words are written and read, in every weather", "[seeds]") {
  MustBeGood(40, [](Random* random) { return InAnyWeather(Growing(2, 0), random); });
}

TEST_CASE("nodes join and leave while words are written and read, in every weather", "[seeds]") {
  MustBeGood(40, [](Random* random) { return InAnyWeather(Growing(2, 2), random); });
}

TEST_CASE("nodes are decommissioned one after the other, and nobody notices", "[seeds]") {
  const size_t left = MustBeGood(30, [](Random* random) {
    Scenario scenario = Growing(0, 3);
    scenario.cluster.nodes = 4 + random->Below(3);
    scenario.cluster.zones = 2 + random->Below(3);
    scenario.workload = AnyWorkload(random);
    return scenario;
  });
  CHECK(left >= SeedsOr(30).count / 2);
}

TEST_CASE("nodes that die for good are removed, in every weather", "[seeds]") {
  const size_t left = MustBeGood(30, [](Random* random) {
    Scenario scenario = InAnyWeather(Growing(0, 0), random);
    scenario.cluster.nodes = 5 + random->Below(3);
    scenario.deaths = 1 + random->Below(2);
    scenario.duration = 60'000;
    scenario.heal_max = 120'000;
    return scenario;
  });
  CHECK(left >= SeedsOr(30).count / 2);
}

TEST_CASE("clusters of any shape keep their word in every weather", "[seeds]") {
  MustBeGood(50, Any);
}

TEST_CASE("a node gets back what it loses with a damaged file, in every weather", "[seeds]") {
  MustBeGood(50, [](Random* random) {
    Scenario scenario = InAnyWeather({}, random);
    scenario.cluster.nodes = 3 + random->Below(3);
    scenario.cluster.pace.checkpoint_max = 2'000;
    scenario.climate.damage = scenario.climate.sum() / 4 + 1;
    return scenario;
  });
}

TEST_CASE("the same seed gives the same run of a whole cluster, another seed another one") {
  Random random(5);
  const Scenario scenario = InAnyWeather(Growing(1, 0), &random);
  const Verdict first = Simulate(5, scenario), again = Simulate(5, scenario);
  CHECK(first.history == again.history);
  CHECK(first.operations == again.operations);
  CHECK(first.log == again.log);
  CHECK(Simulate(6, scenario).history != first.history);
}

}  // namespace trifecta::sim
