// Which shard a word is in: the longest carved root that is a prefix of it, else its first k
// characters, else (it has fewer) the root "".
//
// A fixed k alone would put every "https://www." word into one shard; so a shard that has grown too
// big carves out its heaviest sub-tries and keeps the rest. The carved roots are a set that only
// grows: any two maps merge to their union, in any order and however often, and two owners who
// carve at once merely carve more. That a root is in the set may be gossiped; from when on words
// are read and written under it is for the owners of the shard that it was carved out of to agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::net {

// Roots that nodes carve. At 2 to 3 of them for each 1,000,000 words, beyond what a cluster holds;
// a map of so many short roots takes some 5 MB.
inline constexpr size_t kCarvedRootsMax = 65'536;
// Roots that a map takes from others: nodes near the bound may carve at the same time.
inline constexpr size_t kMergedRootsMax = 2 * kCarvedRootsMax;

// One page of roots on its way to another node, in bytes.
inline constexpr size_t kRootsPageBytesMax = 64 * 1024;

// A digest of a set of roots: equal sets have equal digests, and different ones have not but by a
// chance of one in 2^64.
struct ShardMapDigest {
  uint64_t count = 0;
  uint64_t sum = 0;  // of the roots' StableHash

  bool operator==(const ShardMapDigest&) const = default;
};

// Not safe for concurrent use; a copy may be read by many.
class ShardMap {
 public:
  // `k_factor` as in the ring document.
  explicit ShardMap(unsigned k_factor) : k_factor_(k_factor) {}

  unsigned k_factor() const { return k_factor_; }

  // The root of the word's shard: a prefix of `word`, and valid as long as that.
  std::string_view RootOf(std::string_view word) const;

  // Adds a root. kInvalidArgument for one that cannot be: not valid text, or not longer than
  // k_factor characters (it would name a shard that is there without it). kTooLarge when the map is
  // full. Ok when it was there already.
  Status Carve(std::string_view root);

  // Adds the roots of another map; those that cannot be (they come from a peer) are left out, as
  // are those above kMergedRootsMax. Returns how many were new.
  size_t Merge(std::span<const std::string> roots);

  // Ascending.
  std::vector<std::string> Roots() const;
  // A message with the roots above `after`, ascending, as many as fit kRootsPageBytesMax; maps are
  // sent a page after the other, each after the last root of the one before, up to an empty one.
  // Described in net/PROTOCOL.md.
  std::string EncodePage(std::string_view after) const;
  size_t size() const { return carved_.size(); }
  ShardMapDigest Digest() const { return digest_; }

  // Whether words that begin with `prefix` may be in the shard `root`.
  bool Touches(std::string_view root, std::string_view prefix) const;

  // The shards that a query for `prefix` touches, as far as they can be named.
  struct Touched {
    // Ascending: the one that holds `prefix` itself as a word, and all roots that were carved below
    // the prefix.
    std::vector<std::string> roots;
    // The prefix has fewer than k characters: each shard whose root is the prefix and further
    // characters up to k is touched too. Those are as many as there are such words, so every
    // partition has to be asked, and each node tells which of its shards the prefix Touches.
    bool all_below = false;
  };
  Touched ShardsOf(std::string_view prefix) const;

 private:
  struct Carved {
    std::string root;
    // The index of the longest other carved root that is a prefix of this one, or kNone.
    size_t outer;
  };
  static constexpr size_t kNone = SIZE_MAX;

  Status Check(std::string_view root) const;
  size_t LowerBound(std::string_view text) const;
  size_t LongestPrefixOf(std::string_view text) const;
  void SetOuter();

  unsigned k_factor_;
  std::vector<Carved> carved_;  // ascending by root
  ShardMapDigest digest_;
};

// The page's roots, as they were sent: distinct and ascending, but they may be none that this map
// would carve. kDataDamaged for what is no page.
Result<std::vector<std::string>> DecodeRootsPage(std::string_view bytes);

}  // namespace trifecta::net
