// Nodes are killed as a power cut or the kernel would.
#include <chrono>

#include "storage/base/random.h"
#include "tests/faults/scene.h"
#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

// Kills a random node, waits until the others go on serving, and starts it again.
void KillOne(Scene* scene, Random* random) {
  const size_t victim = random->Below(scene->cluster().size());
  scene->cluster().Kill(victim);
  std::vector<size_t> others = scene->AllNodes();
  others.erase(others.begin() + static_cast<ptrdiff_t>(victim));
  scene->ServesAt(others);
  scene->cluster().Start(victim);
  scene->AwaitReady(victim);
  scene->ServesAt({victim});
}

void KillRepeatedly(size_t nodes, int rounds) {
  Scene scene(nodes);
  Random random(nodes);
  for (int round = 0; round < rounds; ++round) KillOne(&scene, &random);
  scene.End();
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
  cluster.StartAll();
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
