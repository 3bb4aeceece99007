#include "net/table_digest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "net/stable_hash.h"
#include "storage/base/coding.h"

namespace trifecta::net {
namespace {

constexpr size_t kBucketNodes = 16;

uint64_t HashOf(const NodeRecord& record) {
  std::string bytes(record.id.bytes());
  PutFixed(&bytes, record.incarnation);
  PutFixed(&bytes, static_cast<uint8_t>(record.liveness));
  return StableHash(bytes);
}

// The leading 16 bits of an id decide its bucket; ids are random.
constexpr unsigned kBucketBits = 16;

unsigned LeadingBits(const NodeId& id) {
  return static_cast<uint8_t>(id.bytes()[0]) << 8 | static_cast<uint8_t>(id.bytes()[1]);
}

// The id with these leading bits whose other bits are all zero or all one.
NodeId EdgeId(unsigned leading, bool ones) {
  std::array<uint8_t, NodeId::kBytes> bytes;
  bytes.fill(ones ? 0xff : 0);
  bytes[0] = static_cast<uint8_t>(leading >> 8);
  bytes[1] = static_cast<uint8_t>(leading);
  return NodeId(bytes);
}

}  // namespace

size_t DigestBuckets(size_t nodes) {
  return std::clamp<size_t>(std::bit_floor(nodes / kBucketNodes), 1, kDigestBucketsMax);
}

std::vector<uint64_t> TableDigests(std::span<const KnownNode> nodes, size_t buckets) {
  std::vector<uint64_t> digests(buckets);
  const unsigned shift = kBucketBits - static_cast<unsigned>(std::countr_zero(buckets));
  for (const KnownNode& node : nodes) {
    digests[LeadingBits(node.record.id) >> shift] += HashOf(node.record);
  }
  return digests;
}

std::vector<IdRange> DifferingRanges(std::span<const uint64_t> ours,
                                     std::span<const uint64_t> theirs) {
  std::vector<IdRange> ranges;
  const unsigned width = (1u << kBucketBits) / static_cast<unsigned>(ours.size());
  bool last_differed = false;
  for (size_t bucket = 0; bucket < ours.size(); ++bucket) {
    const bool differs = ours[bucket] != theirs[bucket];
    const auto first = static_cast<unsigned>(bucket) * width;
    if (differs && !last_differed) ranges.push_back({EdgeId(first, false), {}});
    if (differs) ranges.back().last = EdgeId(first + width - 1, true);
    last_differed = differs;
  }
  return ranges;
}

std::span<const KnownNode> NodesIn(std::span<const KnownNode> nodes, const IdRange& range) {
  const auto below = [](const KnownNode& node, const NodeId& id) { return node.record.id < id; };
  const auto above = [](const NodeId& id, const KnownNode& node) { return id < node.record.id; };
  const auto first = std::lower_bound(nodes.begin(), nodes.end(), range.first, below);
  const auto end = std::upper_bound(first, nodes.end(), range.last, above);
  return {first, end};
}

NodeId IdBefore(const NodeId& id) {
  std::array<uint8_t, NodeId::kBytes> bytes;
  std::copy(id.bytes().begin(), id.bytes().end(), bytes.begin());
  for (size_t i = bytes.size(); i-- > 0;) {
    if (bytes[i]-- != 0) break;
  }
  return NodeId(bytes);
}

}  // namespace trifecta::net
