// A cluster of which membership, ring and topology are simulated, without words: real Topology
// objects on a SimNetwork, each with a disk that holds what was persisted. What the daemon does for
// a topology is played here: rings are in use a little later than in force, streams take a while.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/topology.h"
#include "tests/sim/sim_network.h"

namespace trifecta::sim {

class TopologyWorld {
 public:
  struct Options {
    unsigned partitions = 16;
    unsigned copies = 3;
    Millis stream_most = 3'000;
  };

  TopologyWorld(uint64_t seed, const Options& options);

  SimNetwork& network() { return network_; }
  size_t size() const { return nodes_.size(); }

  // A node with this list of seeds, which may name nodes that are added later; not started yet.
  NodeIndex Add(const std::vector<NodeIndex>& seeds, const std::string& cluster_name = "sample");
  static net::Address AddressOf(NodeIndex node);
  // Adds `count` nodes, all with the first three of them as seeds, and starts them.
  void AddStarted(size_t count);
  // With what is on its disk.
  void Start(NodeIndex node);
  void Crash(NodeIndex node);
  // Of a node that is not running: its folder is emptied, so it will be another node.
  void Wipe(NodeIndex node);
  // Of a node that is not running: the file of that name is gone.
  void LoseFile(NodeIndex node, std::string_view name);
  void SetHasWords(NodeIndex node) { nodes_[node].has_words = true; }
  void SetClockAhead(NodeIndex node, int64_t milliseconds) { nodes_[node].ahead = milliseconds; }

  replication::Topology& topology(NodeIndex node) { return *nodes_[node].topology; }
  bool runs(NodeIndex node) const { return nodes_[node].topology != nullptr; }
  const net::NodeId& id(NodeIndex node) const { return nodes_[node].id; }
  // Lets a call to a topology take effect.
  void Pump(NodeIndex node);

  // Of this life of the node.
  bool ready(NodeIndex node) const { return nodes_[node].ready; }
  bool left(NodeIndex node) const { return nodes_[node].left; }
  bool asked_to_drain(NodeIndex node) const { return nodes_[node].asked_to_drain; }
  // Ok where it has handed over what it had.
  const Status& left_status(NodeIndex node) const { return nodes_[node].left_status; }
  const std::string& fatal(NodeIndex node) const { return nodes_[node].fatal; }
  const std::vector<Status>& outcomes(NodeIndex node) const { return nodes_[node].outcomes; }
  // The partitions that the node was told to purge and has not been given since.
  const std::set<uint32_t>& purged(NodeIndex node) const { return nodes_[node].purged; }

  // The newest ring in force anywhere; null before there is one.
  net::RingPtr Newest() const;
  // True when the running nodes have the same ring, no operation is under way, and its active
  // members are exactly `members`.
  bool Settled(const std::set<NodeIndex>& members) const;
  bool RunUntilSettled(const std::set<NodeIndex>& members, Millis limit = 120'000);

  // The first promise that was broken, empty while none was: two rings of one epoch or of two
  // clusters, a step that was taken too early.
  const std::string& broken() const { return broken_; }

 private:
  struct Node {
    net::NodeId id;
    std::string cluster_name;
    std::vector<NodeIndex> seeds;
    std::map<std::string, std::string> disk;
    std::map<std::string, uint64_t> persisted;  // the newest token of each file
    bool has_words = false;
    int64_t ahead = 0;
    net::Outbox outbox;
    std::unique_ptr<replication::Topology> topology;
    Millis wake_at = net::FailureDetector::kNever;
    bool ready = false;
    bool left = false;
    Status left_status;
    bool asked_to_drain = false;
    std::string fatal;
    std::vector<Status> outcomes;
    std::set<uint32_t> purged;
    // What it has in full: by partition, the session it was streamed in. Survives crashes.
    std::map<uint32_t, net::Epoch> streamed;
  };

  void Wake(NodeIndex node);
  void ScheduleWake(NodeIndex node);
  void Send(NodeIndex node, net::OutgoingMessage message);
  void Persist(NodeIndex node, const net::PersistRequest& request);
  void Take(NodeIndex node, const replication::TopologyEvent& event);
  void Stream(NodeIndex node, const replication::TopologyEvent& event);
  void CheckRing(const net::RingPtr& ring);
  void CheckStreams(const net::Ring& ring);
  void Break(std::string text);

  const Options options_;
  SimNetwork network_;
  std::deque<Node> nodes_;  // their outboxes stay where they are
  std::map<net::Epoch, net::RingPtr> history_;
  std::string broken_;
};

}  // namespace trifecta::sim
