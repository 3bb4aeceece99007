// A node without a ring document looks for its cluster: it asks the seeds of its configuration
// until one of them is of a cluster, which is then to be joined, or until it may found one.
//
// It may found only if it has no seeds but itself, or is the first of them and every other one
// refuses the connection or says that it is of no cluster. Silence is no answer: behind it there
// may be the cluster. So nodes whose lists of seeds are equal make one cluster, in whatever order
// they start. Where lists differ in their order, two nodes may both be the first of theirs: then
// the one with the lower id goes first, and a node that may found says so to those it asks.
//
// Pure: told of answers and time, it says what to do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/replication/topology_messages.h"
#include "net/node.h"

namespace trifecta::replication {

using net::Address;
using net::Millis;
using net::NodeId;

class ClusterSearch {
 public:
  // `seeds` are the others; `may_found`: this node is the first of all, or there are none. `round`
  // is the time from one question to the next.
  ClusterSearch(NodeId self, std::string cluster_name, std::vector<Address> seeds, bool may_found,
                Millis round);

  const std::vector<Address>& seeds() const { return seeds_; }
  bool may_found() const { return may_found_; }

  // The connection to a seed was refused: nobody listens there.
  void OnRefused(const Address& seed, Millis now);
  // A Hello or a HelloReply of a node; of a Hello only that the sender may found counts.
  void OnHello(const NodeId& from, const TopologyMessage& hello, Millis now);

  enum class Verdict {
    kGoOn,    // ask again
    kFound,   // this node is to found the cluster
    kJoin,    // contacts() are of cluster()
    kFailed,  // reason() says why this can never work
  };
  Verdict Judge(Millis now);

  // Members of the cluster that have answered.
  const std::map<NodeId, Address>& contacts() const { return contacts_; }
  const NodeId& cluster() const { return cluster_; }
  // A sentence: what is waited for, or why it failed.
  const std::string& reason() const { return reason_; }

 private:
  struct Answer {
    bool refused = false;
    NodeId from;
    bool may_found = false;
    Millis at = 0;
  };

  // Nothing while the seed keeps this node from founding.
  std::optional<std::string> Obstacle(const Address& seed, Millis now) const;

  const NodeId self_;
  const std::string cluster_name_;
  const std::vector<Address> seeds_;
  const bool may_found_;
  const Millis fresh_;  // answers that are older count for none

  std::map<Address, Answer> answers_;  // by seed
  std::map<NodeId, Address> contacts_;
  NodeId cluster_;
  std::string reason_;
  std::string alias_;  // a sentence: one of the seeds is this node itself
  bool failed_ = false;
};

}  // namespace trifecta::replication
