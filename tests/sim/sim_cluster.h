// A simulated cluster: nodes on a network, from one seed, and what is found wrong with them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/detector_options.h"
#include "net/ring.h"
#include "net/ring_messages.h"
#include "tests/sim/checker.h"
#include "tests/sim/flaws.h"
#include "tests/sim/sim_calls.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_node.h"

namespace trifecta::sim {

struct ClusterOptions {
  size_t nodes = 3;
  size_t later = 0;  // more, which are not started with the others
  size_t zones = 3;
  unsigned replication_factor = 3;
  unsigned partitions = 16;
  unsigned k_factor = 2;
  // They find each other and agree on rings; else they are told of one ring for ever, and of who is
  // up.
  bool topology = false;
  net::DetectorOptions detector;
  SimNodePace pace;
  Flaws flaws;
};

class SimCluster {
 public:
  SimCluster(uint64_t seed, ClusterOptions options);

  SimNetwork& network() { return network_; }
  Random* random() { return network_.random(); }
  Millis now() const { return network_.now(); }
  size_t size() const { return nodes_.size(); }
  SimNode& node(NodeIndex index) { return *nodes_[index]; }

  // Who is not a node but lives on the network: clients, and what else happens. Never crashes.
  NodeIndex AddOutsider(const std::string& name);
  // Runs `task` after `delay`, whatever becomes of the nodes.
  void After(Millis delay, SimNetwork::Task task);

  // All but those that are to come later.
  void StartAll();
  // Starts a node that does not run, if it was started before.
  void Start(NodeIndex index);
  // For the first time.
  void StartFirst(NodeIndex index);

  // Asks any node that runs to have this one leave the cluster, which may be refused.
  void TakeOut(NodeIndex index);

  // As soon as all that were started are members, and nothing else changes: it dies, is never
  // started again, and is taken out. Not after `until`.
  void LoseForGood(NodeIndex index, Millis until);

  // All that were started and have not left.
  bool AllRun();
  // The newest that is in force anywhere; null before there is one.
  const net::RingPtr& ring() const { return ring_; }

  // What was found so far, besides what a history shows; CheckReplicas adds to it.
  const std::vector<Violation>& faults() const { return faults_; }
  void Report(Rule rule, std::string text) { faults_.push_back({rule, std::move(text)}); }

  // Every node runs by the newest ring, no change of it is under way, and owners have equal
  // digests. If not, `why` says so where it is not null.
  bool Converged(std::string* why = nullptr);
  // Reports owners with different digests, digests that are not those of the store, and versions
  // given twice.
  void CheckReplicas();

 private:
  void AddNode();
  // Again and again until it has left.
  void TakeOutAtLast(NodeIndex index);
  net::RingConstants Constants();
  void OnFault(SimNode* node, const Status& status);
  void OnRing(SimNode* node, const net::RingPtr& ring);
  bool AllAgree(std::string* why);
  bool OwnersAreEqual(uint32_t partition, std::string* why);
  replication::ViewPtr ViewOf(NodeIndex index);
  void RefreshViews();
  void CheckDigests(SimNode* node);

  const ClusterOptions options_;
  SimNetwork network_;
  SimCalls calls_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::set<NodeIndex> members_;  // started, and not left
  NodeIndex world_ = 0;
  net::RingPtr ring_;
  std::map<net::Epoch, std::pair<NodeIndex, net::RingPtr>> rings_;  // and who had them first
  std::vector<Violation> faults_;
};

}  // namespace trifecta::sim
