#include "tests/faults/verdict.h"

#include <cstdlib>
#include <iostream>

#include "storage/base/text.h"
#include "tests/sim/checker.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"

namespace trifecta::faults {
namespace {

// An answer may be so much later than its deadline: tests share two busy cores, and nodes know the
// time of a request only once they have read it.
constexpr sim::Millis kGrace = 5'000;
constexpr size_t kFillBatch = 500;
constexpr size_t kPage = 1'000;

// Every word, page by page.
std::vector<std::string> ReadAll(FaultClient* client, size_t node, sim::Consistency consistency) {
  Question question;
  question.action = sim::Action::kSearch;
  question.words = {""};
  question.limit = kPage;
  question.consistency = consistency;
  std::vector<std::string> words;
  for (;;) {
    const sim::Record page = client->Ask(node, question);
    INFO("node " << node << ": " << page.reason);
    REQUIRE(page.outcome == sim::Outcome::kOk);
    words.insert(words.end(), page.words.begin(), page.words.end());
    if (page.words.size() < kPage) return words;
    question.after = page.words.back();
  }
}

void ReadEach(FaultClient* client, size_t node) {
  for (const std::string& word : CrowdWords()) {
    Question question;
    question.words = {word};
    CHECK(client->Ask(node, question).outcome == sim::Outcome::kOk);
  }
  Question count;
  count.action = sim::Action::kCount;
  count.words = {""};
  CHECK(client->Ask(node, count).outcome == sim::Outcome::kOk);
}

// As a person would see it.
void CheckTool(const FaultCluster& cluster) {
  test::ProcessOptions options;
  options.command = {std::string(TRIFECTA_BIN) + "/trifecta", "--node",
                     cluster.endpoint(0).ToString(), "cluster-status"};
  const test::ProcessResult shown = test::Run(std::move(options));
  INFO(shown.output << shown.error);
  CHECK(shown.status == 0);
}

void BringBack(FaultCluster* cluster) {
  if (FaultNetwork::Get().can_cut()) FaultNetwork::Get().Heal();
  for (size_t node = 0; node < kNodesMax; ++node) {
    if (!cluster->Started(node)) continue;
    if (!cluster->Runs(node)) {
      cluster->Start(node);
    } else if (cluster->disturbances(node) % 2 == 1) {
      cluster->Resume(node);
    }
  }
}

}  // namespace

void Fill(FaultCluster* cluster, Recorder* recorder, size_t words) {
  FaultClient client(cluster, recorder);
  for (size_t first = 0; first < words; first += kFillBatch) {
    Question question;
    question.action = sim::Action::kAdd;
    for (size_t i = first; i < std::min(words, first + kFillBatch); ++i) {
      // Spread over the partitions by their first letters.
      const char letter = static_cast<char>('a' + i % 26);
      question.words.push_back(StrCat(letter, i % 7, "/", i));
    }
    REQUIRE(client.Ask(first % cluster->size(), question).outcome == sim::Outcome::kOk);
  }
}

void RefusesAtOnce(FaultCluster* cluster, Recorder* recorder, size_t node) {
  // What is known takes milliseconds to be said; the rest is for a busy machine.
  constexpr std::chrono::seconds kAtOnce{5};
  constexpr sim::Action kActions[] = {sim::Action::kAdd, sim::Action::kDelete, sim::Action::kLookup,
                                      sim::Action::kSearch, sim::Action::kCount};
  FaultClient client(cluster, recorder);
  for (const char* word : {"trial", "ab", "zz", "m"}) {
    for (const sim::Action action : kActions) {
      Question question;
      question.action = action;
      question.words = {word};
      if (action == sim::Action::kDelete) question.words.push_back("b");  // in bulk
      const auto asked = std::chrono::steady_clock::now();
      const sim::Record answer = client.Ask(node, question);
      INFO(word << ": " << answer.reason);
      CHECK(client.http_status() == 503);
      CHECK(answer.outcome != sim::Outcome::kOk);
      CHECK(std::chrono::steady_clock::now() - asked < kAtOnce);
    }
  }
}

void Judge(FaultCluster* cluster, Recorder* recorder) {
  BringBack(cluster);
  const std::string missing = cluster->AwaitWhole();
  if (!missing.empty()) FAIL("it does not come together: " << missing << cluster->Logs());
  FaultClient client(cluster, recorder);
  const std::vector<std::string> right = ReadAll(&client, 0, sim::Consistency::kQuorum);
  for (size_t node = 0; node < kNodesMax; ++node) {
    if (!cluster->Started(node)) continue;
    ReadEach(&client, node);
    CHECK(ReadAll(&client, node, sim::Consistency::kQuorum) == right);
    CHECK(ReadAll(&client, node, sim::Consistency::kOne) == right);
  }
  CheckTool(*cluster);
  if (std::getenv("TRIFECTA_FAULTS_LOGS") != nullptr) cluster->Logs();  // kept for a look at them
  const auto faults = sim::CheckHistory(recorder->history(), {kGrace, true});
  if (!faults.empty()) FAIL(sim::ToText(faults) << cluster->Logs());
  std::cout << recorder->history().records().size() << " operations, "
            << recorder->history().acknowledged() << " acknowledged: nothing is wrong\n";
}

bool CanCut() {
  const FaultNetwork& network = FaultNetwork::Get();
  if (network.can_cut()) return true;
  std::cout << "skipped: packets cannot be dropped here: "
            << (network.isolated() ? "there is no iptables that works" : network.reason()) << "\n";
  return false;
}

}  // namespace trifecta::faults
