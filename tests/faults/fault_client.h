// A client that asks nodes over HTTP and records what it asked and was told.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "tests/faults/fault_cluster.h"
#include "tests/faults/recorder.h"
#include "tests/sim/history.h"

namespace trifecta::faults {

// One request: an operation of the history, or one for each word of a bulk request.
struct Question {
  sim::Action action = sim::Action::kLookup;
  std::vector<std::string> words;  // several: a bulk request; of a search and a count the prefix
  sim::Consistency consistency = sim::Consistency::kQuorum;
  std::string after;
  size_t limit = 10;
  storage::Order order = storage::Order::kAscending;
};

// One thread at a time. Cluster and recorder outlive it.
class FaultClient {
 public:
  FaultClient(const FaultCluster* cluster, Recorder* recorder);

  // Asks the node and waits for the answer, or for somewhat longer than the node has for it.
  sim::Record Ask(size_t node, const Question& question);
  // The status of the last answer; 0: there was none.
  int http_status() const { return http_status_; }

 private:
  sim::Record Send(size_t node, const Question& question);

  const FaultCluster* const cluster_;
  Recorder* const recorder_;
  std::vector<std::unique_ptr<net::HttpClient>> connections_;
  int http_status_ = 0;
};

}  // namespace trifecta::faults
