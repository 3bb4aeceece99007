// Clients at work on threads of their own, on few words, so that many operations are of the same
// one, while faults happen.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "storage/base/random.h"
#include "tests/faults/fault_client.h"

namespace trifecta::faults {

struct CrowdOptions {
  size_t clients = 4;
  uint64_t seed = 1;
  std::vector<size_t> nodes;  // that are asked; empty: all of the cluster
  // Between an answer and the next question, at most.
  std::chrono::milliseconds think_max{10};
  // Also asks for one replica or all of them.
  bool every_consistency = true;
  // What was not answered well is asked again, once, of another node.
  bool retry = false;
};

// The words that crowds write, ascending.
const std::vector<std::string>& CrowdWords();

class Crowd {
 public:
  // Starts them.
  Crowd(const FaultCluster* cluster, Recorder* recorder, CrowdOptions options);
  ~Crowd() { Stop(); }

  // Waits for all answers that are outstanding.
  void Stop();

  // Requests answered well by the node, or by any.
  uint64_t answered(size_t node) const { return answered_[node]; }
  uint64_t answered() const;
  // Waits until the node has answered `more` requests from now on.
  bool AwaitAnswers(size_t node, uint64_t more) const;
  // Requests that were not answered well, in spite of a retry where one was made, and one of them.
  uint64_t failures() const { return failures_; }
  std::string a_failure();
  // Requests that were not answered at all, or with 500: no fault of another node excuses that.
  uint64_t broken() const { return broken_; }

 private:
  void Run(Random random);
  void AskOnce(FaultClient* client, size_t node, const Question& question, Random* random);
  Question Draw(Random* random) const;

  const FaultCluster* const cluster_;
  Recorder* const recorder_;
  CrowdOptions options_;
  std::atomic<bool> stopped_ = false;
  std::array<std::atomic<uint64_t>, kNodesMax> answered_{};
  std::atomic<uint64_t> failures_ = 0, broken_ = 0;
  std::mutex mutex_;  // guards failure_
  std::string failure_;
  std::vector<std::thread> threads_;
};

}  // namespace trifecta::faults
