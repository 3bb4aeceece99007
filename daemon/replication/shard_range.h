// A part of one shard, as a store holds it: the same for every replica, whatever its files. What
// streams and anti-entropy compare and copy is made of these.
#pragma once

#include <cstddef>
#include <string_view>

#include "daemon/replication/messages.h"
#include "storage/base/status.h"
#include "storage/base/word.h"
#include "storage/store.h"

namespace trifecta::replication {

// The words of the shard `root` above `low` and up to `high`; "" as low: from its first one, as
// high: to its last one.
struct ShardRange {
  std::string_view root;
  std::string_view low;
  std::string_view high;
};

// A word after another one's place, where "" is before all as `low` and behind all as `high`.
inline bool IsUpTo(std::string_view word, std::string_view high) {
  return high.empty() || word <= high;
}

inline bool IsOfShard(std::string_view word, std::string_view root, unsigned k_factor) {
  return ShardRoot(word, k_factor) == root;
}

// Whether the shard holds words that begin with `prefix`, or could.
inline bool ShardTouches(std::string_view root, std::string_view prefix) {
  return root.starts_with(prefix) || prefix.starts_with(root);
}

// Replaces `page` with the first entries of the range, tombstones too, at most `limit`
// (itself at most kPageEntriesMax); `end`: there are no more. Pages of long words may
// be shorter than `limit` without being the end. The shard "" lies scattered between all others, so
// reading it costs a seek a shard. Errors are the store's.
Status ReadRange(const storage::Store& store, unsigned k_factor, const ShardRange& range,
                 size_t limit, storage::Page* page, bool* end);

// Takes an entry into a digest.
void AddEntry(std::string_view word, Version version, bool tombstone, Digest* to);

}  // namespace trifecta::replication
