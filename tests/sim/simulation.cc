#include "tests/sim/simulation.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "storage/base/text.h"

namespace trifecta::sim {
namespace {

// What an answer may be late by: it has a way to go, and nodes stop at times.
constexpr Millis kAnswerGrace = 400;
// Until all nodes run and know it.
constexpr Millis kSettle = 3'000;
// How long requests that are asked in peace may take.
constexpr Millis kPeacePatience = 5'000;

class Run {
 public:
  Run(uint64_t seed, const Scenario& scenario)
      : scenario_(scenario),
        cluster_(seed, scenario.cluster),
        weather_(&cluster_, scenario.climate) {
    for (size_t i = 0; i < scenario.clients; ++i) {
      clients_.push_back(std::make_unique<SimClient>(&cluster_, &history_, scenario.workload, i));
    }
  }

  Verdict Go() {
    cluster_.StartAll();
    for (const auto& client : clients_) client->Start();
    weather_.Begin();
    PlanChanges();
    PlanDeaths();
    cluster_.network().RunFor(scenario_.duration);
    for (const auto& client : clients_) client->Stop();
    weather_.Clear();
    Heal();
    AskEverything();
    cluster_.network().RunFor(kPeacePatience + kSettle);
    history_.EndAll(cluster_.now());
    return Judge();
  }

 private:
  void PlanChanges() {
    for (NodeIndex node = scenario_.cluster.nodes; node < cluster_.size(); ++node) {
      const Millis at = cluster_.random()->Below(scenario_.duration * scenario_.come_by / 100 + 1);
      cluster_.After(at, [this, node] { cluster_.StartFirst(node); });
    }
    for (size_t i = 0; i < scenario_.leaves; ++i) {
      const Millis from = scenario_.duration * scenario_.leave_from / 100;
      const Millis at = from + cluster_.random()->Below(scenario_.duration - from);
      cluster_.After(at, [this] { cluster_.TakeOut(cluster_.random()->Below(cluster_.size())); });
    }
  }

  // One after the other: two at a time could be a quorum.
  void PlanDeaths() {
    for (size_t i = 0; i < scenario_.deaths; ++i) {
      const NodeIndex node = i;
      const Millis share = scenario_.duration / scenario_.deaths;
      const Millis at = share * i + cluster_.random()->Below(share / 2);
      cluster_.After(at, [this, node] { cluster_.LoseForGood(node, scenario_.duration); });
    }
  }

  void Heal() {
    const Millis began = cluster_.now();
    cluster_.network().RunFor(kSettle);
    cluster_.network().RunUntilHolds(scenario_.heal_max, 200, [this] {
      return !scenario_.must_converge || cluster_.Converged();
    });
    healed_after_ = cluster_.now() - began;
    if (!cluster_.AllRun()) cluster_.Report(Rule::kNotServing, "a node does not run\n");
    if (scenario_.must_converge) cluster_.CheckReplicas();
  }

  // Every node is asked for every word, and for all of them at once.
  void AskEverything() {
    asked_from_ = history_.records().size();
    for (NodeIndex node = 0; node < cluster_.size(); ++node) {
      if (!cluster_.node(node).ready()) continue;
      Request request;
      request.deadline = cluster_.now() + kPeacePatience;
      for (const std::string& word : WordsOf(scenario_.workload)) {
        request.words = {word};
        clients_.front()->Ask(node, request);
      }
      request.words = {""};
      request.limit = 1'000;
      request.action = Action::kSearch;
      clients_.front()->Ask(node, request);
      request.action = Action::kCount;
      clients_.front()->Ask(node, request);
    }
  }

  Verdict Judge() {
    Verdict verdict;
    const Climate& climate = scenario_.climate;
    const bool replies_get_lost = climate.kill + climate.power + climate.blackout + climate.pause +
                                      climate.cut + climate.partition + climate.links >
                                  0;
    verdict.violations =
        CheckHistory(history_, {kAnswerGrace, !scenario_.cluster.topology || !replies_get_lost});
    for (size_t i = asked_from_; i < history_.records().size(); ++i) {
      const Record& record = history_.records()[i];
      if (record.outcome == Outcome::kOk) continue;
      verdict.violations.push_back({Rule::kNotServing, ToText(record) + "\n"});
    }
    const auto& faults = cluster_.faults();
    verdict.violations.insert(verdict.violations.end(), faults.begin(), faults.end());
    verdict.history = cluster_.network().history();
    verdict.operations = history_.records().size();
    verdict.acknowledged = history_.acknowledged();
    verdict.healed_after = healed_after_;
    verdict.epoch = cluster_.ring() == nullptr ? 0 : cluster_.ring()->epoch;
    if (cluster_.ring() != nullptr) {
      verdict.left = static_cast<size_t>(std::count_if(
          cluster_.ring()->members.begin(), cluster_.ring()->members.end(),
          [](const auto& member) { return member.state == net::MemberState::kLeft; }));
    }
    verdict.log = weather_.log();
    return verdict;
  }

  const Scenario scenario_;
  SimCluster cluster_;
  History history_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  Weather weather_;
  size_t asked_from_ = 0;
  Millis healed_after_ = 0;
};

uint64_t Number(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

Verdict Simulate(uint64_t seed, const Scenario& scenario) { return Run(seed, scenario).Go(); }

Seeds SeedsOr(uint64_t count) {
  const uint64_t first = Number("TRIFECTA_SIM_SEED", 0);
  if (first == 0) return {1, Number("TRIFECTA_SIM_SEEDS", count)};
  return {first, Number("TRIFECTA_SIM_SEEDS", 1)};
}

}  // namespace trifecta::sim
