// Whom to probe next: every live node once a round, each round in a new random order, so that a
// dead node is probed by each other within two rounds, for certain.
#pragma once

#include <cstddef>
#include <vector>

#include "net/membership.h"
#include "net/node.h"
#include "storage/base/random.h"

namespace trifecta::net {

class ProbeOrder {
 public:
  // `self` is never probed; `random` outlives this.
  ProbeOrder(const NodeId& self, Random* random) : self_(self), random_(random) {}

  // A node that is new takes a random turn among those left in this round: were it always the last,
  // one that joins and dies at once would be found late by all.
  void Add(const NodeId& id);

  // The next live node; null when there is none.
  const KnownNode* Next(const Membership& members);

 private:
  const KnownNode* NextOfRound(const Membership& members);
  void BeginRound(const Membership& members);

  const NodeId self_;
  Random* const random_;
  std::vector<NodeId> round_;
  size_t next_ = 0;
};

}  // namespace trifecta::net
