// A check that cannot fail is no check: each mistake that the protocol is there to prevent is made
// on purpose here, and must be found, by name, within some seeds.
#include <functional>
#include <string>

#include "storage/base/text.h"
#include "tests/sim/simulation.h"
#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

// Within `seeds` seeds `rule` is broken with the flaws that `spoil` adds, and never without them.
void MustBreak(Rule rule, const Scenario& scenario, const std::function<void(Flaws*)>& spoil,
               uint64_t seeds = 300) {
  Scenario spoilt = scenario;
  spoil(&spoilt.cluster.flaws);
  uint64_t seed = 1;
  while (seed <= seeds && !Has(Simulate(seed, spoilt).violations, rule)) ++seed;
  INFO(RuleName(rule) << ": not within " << seeds << " seeds");
  REQUIRE(seed <= seeds);
  const Verdict verdict = Simulate(seed, scenario);
  INFO("seed " << seed << ", without the flaw\n" << ToText(verdict.violations));
  CHECK_FALSE(Has(verdict.violations, rule));
}

// Nodes join while links are bad, so that some know of it late.
Scenario Joins() {
  Scenario scenario;
  scenario.cluster.topology = true;
  scenario.cluster.later = 3;
  scenario.duration = 40'000;
  return scenario;
}

}  // namespace

TEST_CASE("acknowledging before the sync loses words when all lose power") {
  Scenario scenario;
  scenario.climate.blackout = 1;
  MustBreak(GENERATE(Rule::kWordLost, Rule::kDeleteUndone), scenario,
            [](Flaws* flaws) { flaws->forgetful_disk = true; });
}

TEST_CASE("without read repair, hints and anti-entropy replicas stay different") {
  Scenario scenario;
  scenario.climate.kill = 1;
  MustBreak(Rule::kReplicasDiffer, scenario, [](Flaws* flaws) { flaws->no_repair = true; });
}

TEST_CASE("where the last write to arrive wins, readers disagree and deletes are undone") {
  Scenario scenario;
  scenario.climate.links = 1;
  MustBreak(GENERATE(Rule::kReadersDisagree, Rule::kDeleteUndone), scenario,
            [](Flaws* flaws) { flaws->last_by_arrival = true; });
}

TEST_CASE("a clock that forgets what it gave gives versions twice") {
  Scenario scenario;
  scenario.climate.kill = 1;
  scenario.climate.jump = 1;
  MustBreak(Rule::kVersionTwice, scenario, [](Flaws* flaws) { flaws->no_ceiling = true; });
}

TEST_CASE("owners that serve requests of an older ring lose words to it") {
  Scenario scenario = Joins();
  // Some nodes do not hear that others have joined.
  scenario.cluster.replication_factor = 1;
  scenario.climate.deaf = 1;
  scenario.climate.pause_max = 15'000;
  MustBreak(Rule::kWordLost, scenario, [](Flaws* flaws) { flaws->no_fence = true; });
}

TEST_CASE("a partition that is streamed from one old owner lacks what that one lacked") {
  Scenario scenario = Joins();
  // A newcomer reads from any of the old owners, and what it lacks then is not mended.
  scenario.cluster.zones = 1;
  scenario.cluster.flaws.no_repair = true;
  scenario.climate.links = 1;
  scenario.climate.calm_max = 500;
  scenario.workload.words = 150;
  scenario.workload.deletes = 0;
  MustBreak(Rule::kWordLost, scenario, [](Flaws* flaws) { flaws->one_source = true; });
}

}  // namespace trifecta::sim
