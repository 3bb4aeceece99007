// A network of simulated nodes in one thread, from a seed: virtual time, messages that are lost,
// late, doubled and overtaken, links cut one way or both, nodes that crash, pause and restart. The
// same seed and the same calls give the same run, event by event (history()).
//
// It knows nothing of what is sent: the nodes are the real protocol modules, which hand their
// messages here and get time and messages from here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/node.h"
#include "net/outbox.h"
#include "storage/base/random.h"

namespace trifecta::sim {

using net::Address;
using net::Millis;
// Nodes are numbered in the order in which they were added.
using NodeIndex = size_t;

// What may happen to a message between two nodes. Delays are even over their range, so messages
// overtake each other.
struct LinkFaults {
  uint64_t loss_per_million = 0;
  uint64_t twice_per_million = 0;
  Millis delay_min = 1;
  Millis delay_max = 3;
  // As many take up to slow_max longer: lost segments that TCP sends again.
  uint64_t slow_per_million = 0;
  Millis slow_max = 0;
};

struct SimMessage {
  NodeIndex from = 0;
  net::Protocol protocol = net::Protocol::kMembership;
  std::string bytes;
};

struct Traffic {
  uint64_t messages = 0;
  uint64_t bytes = 0;
};

class SimNetwork {
 public:
  using Task = std::function<void()>;
  using Receiver = std::function<void(const SimMessage&)>;

  explicit SimNetwork(uint64_t seed) : random_(seed) {}

  Millis now() const { return now_; }
  // For whatever else in the simulation is to be random.
  Random* random() { return &random_; }

  // A running node that listens at `address`, which no other does.
  NodeIndex AddNode(const Address& address, Receiver receive);
  size_t size() const { return nodes_.size(); }
  const Address& address(NodeIndex node) const { return nodes_[node].address; }

  // From a running node. To an address where nobody listens it is lost.
  void Send(NodeIndex from, const Address& to, net::Protocol protocol, std::string bytes);
  // Who listens there, running or not.
  std::optional<NodeIndex> Listener(const Address& address) const;
  // From a running node: `arrive` runs on `to` each time that the message arrives there, which is
  // never, once or twice.
  void Carry(NodeIndex from, NodeIndex to, size_t bytes, Task arrive);
  // Runs `task` on `node` after `delay`; later if the node is paused then, never if it has crashed
  // meanwhile.
  void After(NodeIndex node, Millis delay, Task task);

  // Runs all that happens until `time`, which then is now().
  void RunUntil(Millis time);
  void RunFor(Millis duration) { RunUntil(now_ + duration); }
  // Runs until `done` holds, looked at every `step`; false when it does not within `limit`.
  bool RunUntilHolds(Millis limit, Millis step, const std::function<bool()>& done);

  // Of links that have none of their own.
  void SetFaults(const LinkFaults& faults) { faults_ = faults; }
  // Of messages from `from` to `to`.
  void SetFaults(NodeIndex from, NodeIndex to, const LinkFaults& faults) {
    link_faults_[{from, to}] = faults;
  }

  // Nothing arrives from `from` at `to`; the other way is as it was.
  void Cut(NodeIndex from, NodeIndex to) { cuts_.insert({from, to}); }
  void Mend(NodeIndex from, NodeIndex to) { cuts_.erase({from, to}); }
  // Nothing passes between nodes of different groups, either way; a node that is named in none is
  // alone. Other cuts are mended.
  void Partition(const std::vector<std::vector<NodeIndex>>& groups);
  // Mends every cut.
  void MendAll() { cuts_.clear(); }

  // What is sent by Send does not arrive at the node; what is carried does.
  void SetDeaf(NodeIndex node, bool deaf) { nodes_[node].deaf = deaf; }

  // Stopped as by SIGSTOP: tasks and messages wait until Resume.
  void Pause(NodeIndex node) { nodes_[node].paused = true; }
  void Resume(NodeIndex node);
  // Stopped as by SIGKILL: its tasks and the messages on the way to it are gone. What it has sent
  // still arrives.
  void Crash(NodeIndex node);
  // Listens again. The caller starts it anew.
  void Restart(NodeIndex node) {
    nodes_[node].running = true;
    nodes_[node].disturbed_at = now_;
  }
  bool is_cut(NodeIndex from, NodeIndex to) const { return cuts_.contains({from, to}); }
  bool IsLossy(NodeIndex from, NodeIndex to) const {
    return FaultsOf(from, to).loss_per_million > 0 || FaultsOf(to, from).loss_per_million > 0;
  }
  bool running(NodeIndex node) const { return nodes_[node].running; }
  bool paused(NodeIndex node) const { return nodes_[node].paused; }

  // True when the node did not run all the time since then.
  bool DisturbedSince(NodeIndex node, Millis time) const {
    return !running(node) || paused(node) || nodes_[node].disturbed_at >= time;
  }

  // What the node has sent, lost messages included.
  const Traffic& sent(NodeIndex node) const { return nodes_[node].sent; }
  // A hash of all that has been delivered to whom and when: equal histories, equal runs.
  uint64_t history() const { return history_; }

 private:
  struct Node {
    Address address;
    Receiver receive;
    bool running = true;
    bool paused = false;
    bool deaf = false;
    Millis disturbed_at = 0;    // when it last went on or was started
    uint64_t life = 0;          // counts crashes
    std::vector<Task> waiting;  // while paused
    Traffic sent;
  };
  struct Event {
    Millis at = 0;
    uint64_t number = 0;  // those of one time happen in the order in which they were made
    NodeIndex node = 0;
    uint64_t life = 0;  // of the node that it is for
    Task task;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return std::tie(a.at, a.number) > std::tie(b.at, b.number);
    }
  };

  const LinkFaults& FaultsOf(NodeIndex from, NodeIndex to) const;
  Millis Delay(const LinkFaults& faults);
  void Count(NodeIndex from, size_t bytes);
  void RunNext();

  Random random_;
  Millis now_ = 0;
  uint64_t events_made_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::vector<Node> nodes_;
  std::map<Address, NodeIndex> listeners_;
  LinkFaults faults_;
  std::map<std::pair<NodeIndex, NodeIndex>, LinkFaults> link_faults_;
  std::set<std::pair<NodeIndex, NodeIndex>> cuts_;
  uint64_t history_ = 0;
};

}  // namespace trifecta::sim
