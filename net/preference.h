// From a shard's root to the nodes to ask: its partition, and which owners a read and a write of it
// need, also while the partition moves from its owners to its targets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "net/node.h"
#include "net/ring.h"

namespace trifecta::net {

// The partition of a shard: the high bits of the root's StableHash. `partitions` is a power of two.
size_t PartitionOf(std::string_view shard_root, size_t partitions);

// A majority of `copies`.
constexpr size_t Majority(size_t copies) { return copies / 2 + 1; }

// The nodes that a request for one partition concerns. The lists are those of the ring, in the
// order in which to prefer them where nothing else (zone, delay) decides, and live as long as it.
struct OwnerSets {
  Epoch changed = 0;                       // goes with every request, see CompareFence
  std::span<const NodeNumber> read;        // R of these make a read
  std::span<const NodeNumber> write;       // W of these make a write
  std::span<const NodeNumber> also_write;  // and W of these; empty unless the partition moves
};

OwnerSets OwnersFor(const Partition& partition);

// Every node that a write of the partition goes to, each once; those that are read come first.
std::vector<NodeNumber> PreferenceList(const Partition& partition);

// Whether `node` holds data of the partition at this step, or is about to be given some.
bool Holds(const Partition& partition, NodeNumber node);

// What a node that is asked about a partition does with the request, by the epoch at which the
// partition last changed as the request has it and as the node's own document has it.
enum class Fence {
  kEqual,         // serve it
  kRequestStale,  // refuse it and say this node's epoch: the coordinator is behind, fetches the
                  // document and tries again
  kOwnerStale,    // this node is behind: fetch the document first, and serve or refuse then; refuse
                  // where it cannot be had in time
};
constexpr Fence CompareFence(Epoch of_request, Epoch own) {
  if (of_request == own) return Fence::kEqual;
  return of_request < own ? Fence::kRequestStale : Fence::kOwnerStale;
}

// How many of the `copies` nodes of one owner list must have a step of a move on disk before the
// next may be proposed, where `reads` of them make a read and `writes` a write:
// max(copies - writes, copies - reads) + 1. Fewer nodes than that are left which do not know the
// step, and requests need more of them: none can succeed by the step before without one that
// refuses it.
size_t StepBarrier(size_t copies, size_t reads, size_t writes);

struct Quorums {
  size_t reads;
  size_t writes;
};
// True when the partition's step may be followed by the next: enough of the owners, and enough of
// the targets, are among the nodes of `recorded` (in any order), which have this step on disk. The
// quorums are those of owner lists as long as the partition's two.
bool StepIsRecorded(const Partition& partition, std::span<const NodeNumber> recorded,
                    Quorums of_owners, Quorums of_targets);

// Whether `node` has to fetch what the partition's owners have before its targets may be read: a
// target that is no owner always. One that is an owner has what was acknowledged only as far as its
// quorum: copies - reads + 1 of the owners have a word at least, and as many of the targets, by
// their own numbers, must. Where owners are replaced that comes out even; where copies get fewer it
// may not (of two copies one may lack a word, and be the one that stays), and then owners fetch
// too.
bool HasToFetch(const Partition& partition, NodeNumber node, Quorums of_owners, Quorums of_targets);

}  // namespace trifecta::net
