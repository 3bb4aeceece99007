// Whole clusters in all weathers: many seeds, each a history that is judged.
#include "tests/sim/simulation.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "storage/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/sanitizers.h"

namespace trifecta::sim {
namespace {

// For people: what happened with this seed, and how to see it again.
std::string Report(uint64_t seed, const Verdict& verdict) {
  return StrCat("seed ", seed, ", to be seen again with TRIFECTA_SIM_SEED=", seed, "\n",
                ToText(verdict.violations), "weather:\n", verdict.log);
}

// All seeds of a scenario are good.
void MustBeGood(const Scenario& scenario, uint64_t count) {
  const Seeds seeds = SeedsOr(count);
  size_t operations = 0, acknowledged = 0;
  Millis healed_after = 0;
  std::map<std::string, size_t> reasons;
  for (uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    Scenario own = scenario;
    Random random(seed);
    own.climate = RandomClimate(&random);
    const Verdict verdict = Simulate(seed, own);
    INFO(Report(seed, verdict));
    REQUIRE(verdict.violations.empty());
    for (const auto& [reason, times] : verdict.reasons) reasons[reason] += times;
    operations += verdict.operations;
    acknowledged += verdict.acknowledged;
    healed_after = std::max(healed_after, verdict.healed_after);
  }
  std::vector<std::pair<size_t, std::string>> sorted;
  for (const auto& [reason, times] : reasons) sorted.emplace_back(times, reason);
  std::sort(sorted.rbegin(), sorted.rend());
  for (size_t i = 0; i < std::min<size_t>(sorted.size(), 15); ++i)
    std::printf("%zu %s\n", sorted[i].first, sorted[i].second.c_str());
  CHECK(acknowledged > operations / 10);
  std::printf("%llu seeds: %zu operations, %zu acknowledged; equal after %llu ms at most\n",
              static_cast<unsigned long long>(seeds.count), operations, acknowledged,
              static_cast<unsigned long long>(healed_after));
}

}  // namespace

TEST_CASE("three nodes on a fixed ring keep their word in every weather") { MustBeGood({}, 100); }

TEST_CASE("three nodes that find each other keep their word in every weather") {
  Scenario scenario;
  scenario.cluster.topology = true;
  scenario.duration = 30'000;
  MustBeGood(scenario, 50);
}

TEST_CASE("nodes join while words are written and read, in every weather") {
  Scenario scenario;
  scenario.cluster.topology = true;
  scenario.cluster.later = 2;
  scenario.duration = 40'000;
  MustBeGood(scenario, 50);
}

TEST_CASE("nodes join and leave while words are written and read, in every weather") {
  Scenario scenario;
  scenario.cluster.topology = true;
  scenario.cluster.later = 2;
  scenario.duration = 60'000;
  scenario.leaves = 2;
  MustBeGood(scenario, 50);
}

}  // namespace trifecta::sim
