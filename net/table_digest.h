// How two nodes find out where their member tables differ without sending them: the ids are cut
// into buckets of equal size, and the hashes of a bucket's records are added up. A table of 1,000
// nodes that differs in one is brought together with 256 bytes of digests and some 30 records;
// sending it whole takes 80 KB each way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/membership.h"
#include "net/node.h"

namespace trifecta::net {

// At most 2 KB of digests; at 4,096 nodes a bucket still has 16.
inline constexpr size_t kDigestBucketsMax = 256;

// The buckets for a table of so many nodes: a power of two, such that one holds 16 to 32.
size_t DigestBuckets(size_t nodes);

// By bucket, the sum of hashes of who is known in which incarnation and liveness; vitals and texts
// are not in it. `nodes` is in order of ids; `buckets` is a power of two, kDigestBucketsMax at
// most.
std::vector<uint64_t> TableDigests(std::span<const KnownNode> nodes, size_t buckets);

// Ids from `first` to `last`, both included.
struct IdRange {
  NodeId first;
  NodeId last;

  bool Contains(const NodeId& id) const { return first <= id && id <= last; }
  bool operator==(const IdRange&) const = default;
};

// The ids of the buckets in which two tables' digests differ; neighbours are one range. Both have
// the same number of buckets.
std::vector<IdRange> DifferingRanges(std::span<const uint64_t> ours,
                                     std::span<const uint64_t> theirs);

// The nodes of `range`, of `nodes` in order of ids.
std::span<const KnownNode> NodesIn(std::span<const KnownNode> nodes, const IdRange& range);

// The greatest id below `id`, which is not zero.
NodeId IdBefore(const NodeId& id);

}  // namespace trifecta::net
