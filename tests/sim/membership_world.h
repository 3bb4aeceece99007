// A cluster of which only membership is simulated: real failure detectors on a SimNetwork, each
// with a disk that holds its incarnation, and a wall clock of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/failure_detector.h"
#include "net/outbox.h"
#include "tests/sim/sim_network.h"

namespace trifecta::sim {

class MembershipWorld {
 public:
  MembershipWorld(uint64_t seed, const net::DetectorOptions& options);

  SimNetwork& network() { return network_; }
  size_t size() const { return nodes_.size(); }
  net::FailureDetector& detector(NodeIndex node) { return *nodes_[node].detector; }
  const net::NodeId& id(NodeIndex node) const { return nodes_[node].id; }

  // A node that knows the addresses of `seeds`, not started yet.
  NodeIndex Add(const std::vector<NodeIndex>& seeds);
  // Adds `count` nodes, the first of which is the seed of all, and starts them.
  void AddStarted(size_t count);
  // Starts a node for the first time or after a crash: with what is on its disk.
  void Start(NodeIndex node);
  void Crash(NodeIndex node);
  void Leave(NodeIndex node);
  // Empties the disk of a node that has crashed: it will start as another one.
  void Wipe(NodeIndex node);
  // The node's wall clock is so much ahead.
  void SetClockAhead(NodeIndex node, int64_t milliseconds) { nodes_[node].ahead = milliseconds; }
  // Of all nodes: kept in all tables, and their addresses are everyone's seeds.
  void SetRing();
  // Lets a call to a detector take effect.
  void Pump(NodeIndex node);

  // What `viewer` holds `subject` for; nothing when it does not know it.
  std::optional<net::Liveness> Seen(NodeIndex viewer, NodeIndex subject);
  // True when all running nodes hold `subject` for `liveness`.
  bool AllSee(NodeIndex subject, net::Liveness liveness);
  // True when all running nodes hold exactly each other for alive, and no other node for live.
  bool AllAgree();
  // How often a node took another one for dead that was running and not paused.
  int false_deaths() const { return false_deaths_; }
  // Warnings that have `part` in them.
  int Warnings(std::string_view part) const;

  // 400 days after 1970 at the start of the simulation.
  static constexpr uint64_t kEpochMillis = 400ull * 24 * 3600 * 1000;

 private:
  struct Node {
    net::NodeId id;
    std::vector<NodeIndex> seeds;
    std::string disk;  // the incarnation file
    int64_t ahead = 0;
    net::Outbox outbox;
    std::unique_ptr<net::FailureDetector> detector;
    Millis wake_at = net::FailureDetector::kNever;
  };

  void SetClock(NodeIndex node);
  void Wake(NodeIndex node);
  void Persist(NodeIndex node, const net::PersistRequest& request);
  void ScheduleWake(NodeIndex node);
  void KeepWarnings(NodeIndex node, const std::vector<net::LogLine>& lines);
  void CountFalseDeaths(NodeIndex viewer);

  const net::DetectorOptions options_;
  SimNetwork network_;
  std::deque<Node> nodes_;  // their outboxes stay where they are
  std::vector<std::string> warnings_;
  int false_deaths_ = 0;
};

}  // namespace trifecta::sim
