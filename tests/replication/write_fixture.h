// Short ways to write as node 1 of a small cluster, and to see who has what.
#pragma once

#include <set>
#include <string_view>
#include <vector>

#include "daemon/replication/write_operation.h"
#include "tests/replication/mini_cluster.h"
#include "tests/support/catch.h"
#include "tests/support/fake_store.h"

namespace trifecta::replication {

using test::FakeStore;
using test::Fate;
using test::MiniCluster;

inline constexpr Millis kDeadline = 11'000;  // ten seconds from the start

using Words = std::vector<std::string_view>;

// A write of node 1.
inline WriteOperation WriteOf(MiniCluster* cluster, const Words& words, bool tombstone = false,
                              Consistency consistency = Consistency::kQuorum) {
  return {words, tombstone, consistency, kDeadline, cluster->node(1).stamper.get()};
}

// The nodes whose entry of `word` is the newest that any node has.
inline std::set<NodeNumber> Holders(MiniCluster* cluster, std::string_view word) {
  Version newest;
  std::set<NodeNumber> holders;
  for (NodeNumber number = 1; number <= cluster->size(); ++number) {
    const storage::Lookup held = cluster->Held(number, word);
    if (!held.known || held.version < newest) continue;
    if (held.version > newest) holders.clear();
    newest = held.version;
    holders.insert(number);
  }
  return holders;
}

inline std::set<NodeNumber> HintedFor(const MiniCluster& cluster, std::string_view word) {
  std::set<NodeNumber> nodes;
  for (const Hint& hint : cluster.hints) {
    if (hint.word == word) nodes.insert(hint.node);
  }
  return nodes;
}

inline FakeStore* StoreOf(MiniCluster* cluster, NodeNumber number) {
  return static_cast<FakeStore*>(cluster->node(number).store.get());
}

// The index of a call to `node` that waits.
inline size_t CallTo(const MiniCluster& cluster, NodeNumber node) {
  const auto& flights = cluster.flights();
  for (size_t i = 0; i < flights.size(); ++i) {
    if (flights[i].call.to == node && !flights[i].lost) return i;
  }
  FAIL("no call to node " << node);
  return 0;
}

using Nodes = std::set<NodeNumber>;

}  // namespace trifecta::replication
