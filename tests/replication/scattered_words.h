// Words that lie differently on the nodes of a cluster, for tests of what makes replicas equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/replication/mini_cluster.h"
#include "tests/support/small_store.h"

namespace trifecta::test {

// The i-th of many words, in some 680 shards, the one of short words among them.
std::string ScatteredWord(uint64_t i);

// Writes `count` words: each to a random set of `nodes`, one at least, with one to three versions
// that different nodes got, some of them tombstones.
void Scatter(MiniCluster* cluster, const std::vector<NodeNumber>& nodes, size_t count,
             trifecta::Random* random);

// Writes words as live entries of one version to one node, in few calls.
void Fill(MiniCluster* cluster, NodeNumber node, const std::vector<std::string>& words,
          Version version);

// What a node holds; its store must be readable.
EntryMap Holding(MiniCluster* cluster, NodeNumber node);
// The newest entries of all that the nodes hold.
EntryMap Merged(MiniCluster* cluster, const std::vector<NodeNumber>& nodes);

// True when all nodes that hold a partition hold the same of it, by what their stores hold.
bool AllEqual(MiniCluster* cluster);

}  // namespace trifecta::test
