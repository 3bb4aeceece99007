// A cluster of nothing but ring registers, in one thread, from a seed: virtual time, a network that
// loses, delays, doubles and reorders, disks that take their time and lose what they have not
// finished, nodes that crash and come back. Every document that a node shows is checked as it
// appears.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "net/outbox.h"
#include "net/ring_register.h"
#include "storage/base/random.h"

namespace trifecta::net {

struct RingClusterOptions {
  uint64_t loss_per_million = 50'000;
  uint64_t double_per_million = 50'000;
  uint64_t late_per_million = 20'000;  // arrive after up to late_most instead of delay_most
  Millis delay_most = 20;
  Millis late_most = 3'000;
  Millis sync_most = 15;
  uint64_t crash_per_million = 3'000;  // a node and turn of turn_length
  Millis down_most = 2'000;
  Millis turn_length = 50;
  uint64_t propose_per_million = 60'000;  // a node and turn
  Millis proposal_deadline = 4'000;

  // Faults that break the promise, for the checks to find.
  bool forgets = false;              // a restarted node keeps its document but no promise
  bool answers_before_sync = false;  // writes are reported as done before they are
};

class RingCluster {
 public:
  RingCluster(uint64_t seed, const RingClusterOptions& options);
  ~RingCluster();

  // Lets time pass, with faults and proposals.
  void Run(Millis time);
  // No more faults and proposals but those that were under way; until every live member has the
  // newest document and one more change was agreed on. False when that takes longer than a minute.
  bool Settle();

  // The first promise that was broken; empty while none was.
  const std::string& broken() const { return broken_; }
  Epoch newest() const { return history_.empty() ? 0 : history_.rbegin()->first; }
  size_t agreed() const { return agreed_; }
  size_t lost() const { return lost_; }
  size_t unknown() const { return unknown_; }
  size_t crashes() const { return crashes_; }
  size_t voter_changes() const;

 private:
  struct Node;
  struct Event {
    Millis at;
    uint64_t order;
    enum Kind { kArrival, kSynced, kRestart } kind;
    NodeId node;
    uint64_t life;  // of the node, for what a crash takes with it
    NodeId from;
    std::string bytes;
    uint64_t token = 0;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  Node& NodeOf(const NodeId& id);
  void StepTo(Millis end);
  void Take(Event event);
  void Turn();
  void Drain(Node* node);
  void SendOut(const Node& node, const OutgoingMessage& message);
  void Write(Node* node, PersistRequest request);
  void Crash(Node* node);
  void Restart(Node* node);
  void ProposeAt(Node* node);
  Ring Change(const Ring& ring);
  void Check(Node* node);
  void CheckResult(const ProposalResult& result);
  void CheckDocument(const RingPtr& ring);
  void CheckLost();
  void Break(std::string text);
  bool HasSettled(Epoch wanted);
  Millis Delay();
  void Schedule(Event event);

  const uint64_t seed_;
  RingClusterOptions options_;
  Random random_;
  Millis now_ = 1'000;
  uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<NodeId, std::unique_ptr<Node>> nodes_;
  uint16_t last_id_ = 1;

  std::map<Epoch, RingPtr> history_;
  std::map<Epoch, std::vector<RingPtr>> lost_documents_;
  // What a proposal was made from, by the address that makes the proposal different from others.
  std::map<Address, RingPtr> parents_;
  size_t proposals_ = 0;
  std::string broken_;
  size_t agreed_ = 0, lost_ = 0, unknown_ = 0, crashes_ = 0;
};

}  // namespace trifecta::net
