// What goes wrong while a simulated cluster works, by a seed: nodes that are killed, lose power,
// stop for a while; links that lose, delay, double; cuts and partitions; clocks that jump and
// drift; disks that fill up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "storage/base/random.h"
#include "tests/sim/sim_cluster.h"

namespace trifecta::sim {

// How often each comes, in parts of their sum; 0: never.
struct Climate {
  uint64_t kill = 0;         // a process
  uint64_t power = 0;        // a machine loses power, at once or in the middle of a write
  uint64_t blackout = 0;     // all machines lose power at once
  uint64_t pause = 0;        // a process stops and goes on
  uint64_t cut = 0;          // one link, one way
  uint64_t deaf = 0;         // a node hears nothing of members and rings, but serves requests
  uint64_t partition = 0;    // into two groups
  uint64_t mend = 0;         // all cuts
  uint64_t links = 0;        // all links become bad or good
  uint64_t jump = 0;         // a clock is set
  uint64_t drift = 0;        // a clock goes wrong
  uint64_t full = 0;         // a disk fills up, or is emptied
  uint64_t damage = 0;       // a byte of a file is another one: at one node only, or words are lost
  Millis calm_max = 1'500;   // from one event to the next
  Millis down_max = 4'000;   // how long a node stays down
  Millis pause_max = 6'000;  // how long one stays stopped, or deaf
  int64_t jump_max = 10'000;
  int64_t drift_max = 50'000;  // of a million

  uint64_t sum() const;
};

// Some kinds of events, or all, more or less often.
Climate RandomClimate(Random* random);

class Weather {
 public:
  // The cluster outlives it.
  Weather(SimCluster* cluster, const Climate& climate);

  void Begin();
  // Nothing new comes; then everything is set right: nodes run, links are whole and good, clocks
  // are right, disks have room. Nodes need some time to start.
  void Clear();
  // What has happened, a line each.
  const std::string& log() const { return log_; }

 private:
  void Next();
  void Strike();
  NodeIndex AnyNode() { return random_.Below(cluster_->size()); }
  void Kill(NodeIndex node, bool power, bool soon);
  void Pause(NodeIndex node);
  void Deafen(NodeIndex node);
  void Damage();
  void Partition();
  void ChangeLinks();
  void Note(const std::string& what);

  SimCluster* const cluster_;
  const Climate climate_;
  Random random_;
  NodeIndex damaged_;
  bool clear_ = true;
  std::string log_;
};

}  // namespace trifecta::sim
