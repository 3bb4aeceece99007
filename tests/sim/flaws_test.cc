// A check that cannot fail is no check: each mistake that the protocol is there to prevent is made
// on purpose here, and must be found, by name, within some seeds.
#include <functional>
#include <string>

#include "storage/base/text.h"
#include "tests/sim/simulation.h"
#include "tests/support/catch.h"

namespace trifecta::sim {
namespace {

// The first seed at which `rule` is broken, or 0.
uint64_t FirstToBreak(Rule rule, const Scenario& scenario, uint64_t seeds) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    if (Has(Simulate(seed, scenario).violations, rule)) return seed;
  }
  return 0;
}

// Without the flaw the scenario is good, with it `rule` is broken.
void MustBreak(Rule rule, Scenario scenario, uint64_t seeds = 50) {
  const uint64_t seed = FirstToBreak(rule, scenario, seeds);
  INFO(RuleName(rule) << ": not within " << seeds << " seeds");
  REQUIRE(seed != 0);
  scenario.cluster.flaws = {};
  const Verdict verdict = Simulate(seed, scenario);
  INFO("seed " << seed << "\n" << ToText(verdict.violations));
  CHECK(verdict.violations.empty());
}

}  // namespace

TEST_CASE("acknowledging before the sync loses words when all lose power") {
  Scenario scenario;
  scenario.cluster.flaws.forgetful_disk = true;
  scenario.climate.blackout = 1;
  MustBreak(GENERATE(Rule::kWordLost, Rule::kDeleteUndone), scenario);
}

TEST_CASE("without read repair, hints and anti-entropy replicas stay different") {
  Scenario scenario;
  scenario.cluster.flaws.no_repair = true;
  scenario.climate.kill = 1;
  MustBreak(Rule::kReplicasDiffer, scenario);
}

TEST_CASE("where the last write to arrive wins, readers disagree and deletes are undone") {
  Scenario scenario;
  scenario.cluster.flaws.last_by_arrival = true;
  scenario.climate.links = 1;
  MustBreak(GENERATE(Rule::kReadersDisagree, Rule::kDeleteUndone), scenario);
}

TEST_CASE("a clock that forgets what it gave gives versions twice") {
  Scenario scenario;
  scenario.cluster.flaws.no_ceiling = true;
  scenario.climate.kill = 1;
  scenario.climate.jump = 1;
  MustBreak(Rule::kVersionTwice, scenario);
}

}  // namespace trifecta::sim
