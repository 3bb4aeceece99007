// Nodes are killed as a power cut or the kernel would.
#include <chrono>

#include "storage/base/random.h"
#include "tests/faults/verdict.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

// Kills a random node, waits until the others go on serving, and starts it again.
void KillOne(FaultCluster* cluster, Crowd* crowd, Random* random) {
  const size_t victim = random->Below(cluster->size());
  cluster->Kill(victim);
  for (size_t node = 0; node < cluster->size(); ++node) {
    if (node != victim && !crowd->AwaitAnswers(node, 50)) {
      FAIL("node " << node << " serves no more after " << victim
                   << " was killed: " << crowd->a_failure() << cluster->Logs());
    }
  }
  cluster->Start(victim);
  if (!cluster->AwaitReady(victim)) FAIL("node " << victim << " is not back" << cluster->Logs());
  REQUIRE(crowd->AwaitAnswers(victim, 20));
}

void KillRepeatedly(size_t nodes, int rounds) {
  FaultClusterOptions options;
  options.nodes = nodes;
  FaultCluster cluster(options);
  Recorder recorder;
  Fill(&cluster, &recorder, 1'000);
  Crowd crowd(&cluster, &recorder, CrowdOptions());
  Random random(nodes);
  for (int round = 0; round < rounds; ++round) KillOne(&cluster, &crowd, &random);
  crowd.Stop();
  Judge(&cluster, &recorder);
}

TEST_CASE("a random node is killed again and again, and the others go on", "[quick][kill]") {
  KillRepeatedly(3, 3);
}

TEST_CASE("a random one of five nodes is killed again and again", "[kill]") {
  KillRepeatedly(5, 8);
}

// Asks a node that lacks its quorum: refused with 503 within the deadline, and at once when the
// others are known to be gone.
void CheckRefused(FaultCluster* cluster, Recorder* recorder, size_t node, sim::Action action,
                  const std::string& word) {
  FaultClient client(cluster, recorder);
  Question question;
  question.action = action;
  question.words = {word};
  const auto asked = std::chrono::steady_clock::now();
  const sim::Record answer = client.Ask(node, question);
  const auto took = std::chrono::steady_clock::now() - asked;
  INFO(word << ": " << answer.reason);
  CHECK(client.http_status() == 503);
  CHECK(answer.outcome != sim::Outcome::kOk);
  // At once: their ports are closed, which is found in milliseconds. The deadline is 3 s.
  CHECK(took < cluster->options().request_timeout);
}

TEST_CASE("with two of three owners killed nothing is acknowledged, and all comes back",
          "[quick][kill]") {
  FaultCluster cluster(FaultClusterOptions{});
  Recorder recorder;
  Fill(&cluster, &recorder, 1'000);
  for (int round = 0; round < 2; ++round) {
    Crowd crowd(&cluster, &recorder, CrowdOptions());
    const size_t alone = static_cast<size_t>(round);
    for (size_t node = 0; node < cluster.size(); ++node) {
      REQUIRE(crowd.AwaitAnswers(node, 30));
    }
    for (size_t node = 0; node < cluster.size(); ++node) {
      if (node != alone) cluster.Kill(node);
    }
    for (const char* word : {"trial", "ab", "zz", "m"}) {
      CheckRefused(&cluster, &recorder, alone, sim::Action::kAdd, word);
      CheckRefused(&cluster, &recorder, alone, sim::Action::kDelete, word);
      CheckRefused(&cluster, &recorder, alone, sim::Action::kLookup, word);
      CheckRefused(&cluster, &recorder, alone, sim::Action::kSearch, word);
      CheckRefused(&cluster, &recorder, alone, sim::Action::kCount, word);
    }
    crowd.Stop();
    Judge(&cluster, &recorder);
  }
}

}  // namespace
}  // namespace trifecta::faults
