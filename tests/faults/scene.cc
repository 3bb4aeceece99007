#include "tests/faults/scene.h"

#include <thread>

#include "tests/support/catch.h"

namespace trifecta::faults {
namespace {

constexpr size_t kFilledWords = 1'000;
// Enough to have been asked of every kind.
constexpr uint64_t kAnswersEnough = 40;

}  // namespace

FaultClusterOptions Scene::OptionsOf(size_t nodes) {
  FaultClusterOptions options;
  options.nodes = nodes;
  return options;
}

Scene::Scene(FaultClusterOptions options, CrowdOptions clients,
             const std::function<void(FaultCluster*)>& prepare)
    : cluster_(std::move(options)) {
  if (prepare) prepare(&cluster_);
  cluster_.StartAll();
  Fill(&cluster_, &recorder_, kFilledWords);
  crowd_ = std::make_unique<Crowd>(&cluster_, &recorder_, std::move(clients));
  ServesAt(AllNodes());
}

std::vector<size_t> Scene::AllNodes() const {
  std::vector<size_t> all;
  for (size_t node = 0; node < cluster_.size(); ++node) all.push_back(node);
  return all;
}

void Scene::ServesAt(const std::vector<size_t>& nodes) {
  for (const size_t node : nodes) {
    if (!crowd_->AwaitAnswers(node, kAnswersEnough)) {
      FAIL("node " << node << " does not serve: " << crowd_->a_failure() << cluster_.Logs());
    }
  }
}

void Scene::Finds(size_t asked, size_t node, std::string_view state) {
  if (!cluster_.AwaitState(asked, node, state)) {
    FAIL("node " << asked << " finds node " << node << " " << cluster_.StateOf(asked, node)
                 << ", not " << state << cluster_.Logs());
  }
}

void Scene::AwaitReady(size_t node) {
  if (!cluster_.AwaitReady(node)) FAIL("node " << node << " is not ready" << cluster_.Logs());
}

void Scene::Hold(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

void Scene::EndAnswered() {
  crowd_->Stop();
  INFO(crowd_->a_failure());
  CHECK(crowd_->broken() == 0);
  End();
}

void Scene::End() {
  crowd_->Stop();
  Judge(&cluster_, &recorder_);
}

}  // namespace trifecta::faults
