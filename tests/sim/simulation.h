// One simulated cluster from start to end, by a seed: clients at work, weather, then peace, in
// which replicas must become equal, and the verdict.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/checker.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_cluster.h"
#include "tests/sim/weather.h"

namespace trifecta::sim {

struct Scenario {
  ClusterOptions cluster;
  Workload workload;
  Climate climate;
  size_t clients = 4;
  // Of the time of work: by when the nodes that come later have come, in any order, and after which
  // so many are asked to leave. Parts of a hundred.
  uint64_t come_by = 50;
  uint64_t leave_from = 40;
  size_t leaves = 0;
  // So many nodes die for good at some time of work, and are taken out.
  size_t deaths = 0;
  Millis duration = 15'000;  // of work in such weather
  // In peace and without clients, replicas are equal within this.
  Millis heal_max = 30'000;
  bool must_converge = true;
};

struct Verdict {
  std::vector<Violation> violations;
  uint64_t history = 0;  // of the network: equal runs have equal ones
  size_t operations = 0;
  size_t acknowledged = 0;
  Millis healed_after = 0;
  net::Epoch epoch = 0;  // of the last ring
  size_t left = 0;       // nodes that have left the cluster
  std::string log;       // of the weather
};

Verdict Simulate(uint64_t seed, const Scenario& scenario);

// Which seeds to run: from 1 on, `count` of them, or as many as TRIFECTA_SIM_SEEDS says;
// TRIFECTA_SIM_SEED names the first, and then it is the only one unless the other is set too.
struct Seeds {
  uint64_t first = 1;
  uint64_t count = 1;
};
Seeds SeedsOr(uint64_t count);

}  // namespace trifecta::sim
