// A client of a simulated cluster: asks one thing after the other, of any node, and records what it
// asked and was told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/sim/history.h"
#include "tests/sim/sim_cluster.h"
#include "tests/sim/sim_service.h"

namespace trifecta::sim {

struct Workload {
  // Words to choose from. Few, so that many operations are of the same word.
  size_t words = 40;
  // What is asked, in parts of their sum.
  uint64_t adds = 30, deletes = 15, lookups = 25, searches = 15, counts = 5;
  // Of a million operations: those of one replica or of all, and writes of several words.
  uint64_t one_per_million = 30'000;
  uint64_t all_per_million = 50'000;
  uint64_t bulk_per_million = 100'000;
  // Between an answer and the next question, and how long it waits for the answer.
  Millis think_max = 40;
  Millis patience_min = 200, patience_max = 3'000;
};

// The words of a workload, ascending: short ones and long ones, with common prefixes, in scripts of
// one to four bytes a character.
std::vector<std::string> WordsOf(const Workload& workload);

class SimClient {
 public:
  // Cluster and history outlive it.
  SimClient(SimCluster* cluster, History* history, const Workload& workload, uint64_t number);

  // Asks until Stop.
  void Start();
  void Stop() { stopped_ = true; }
  bool idle() const { return !asking_; }

  // Asks this once, besides.
  void Ask(NodeIndex node, Request request);

 private:
  struct Asked;

  void Next();
  Request Draw();
  void DrawMoreWords(Request* request);
  void DrawRange(Request* request);
  void Send(NodeIndex node, Request request, bool own);
  void End(const std::shared_ptr<Asked>& asked, const Answer& answer);

  SimCluster* const cluster_;
  History* const history_;
  const Workload workload_;
  const std::vector<std::string> words_;
  Random random_;
  NodeIndex self_;
  bool stopped_ = false;
  bool asking_ = false;
};

}  // namespace trifecta::sim
