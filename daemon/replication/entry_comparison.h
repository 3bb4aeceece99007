// Compares what a peer holds of a range with what this node's store holds: what is newer there is
// to be pulled, what is newer here to be pushed.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/replication/shard_range.h"
#include "storage/base/entry.h"
#include "storage/base/status.h"
#include "storage/store.h"

namespace trifecta::replication {

// Entries that background work writes at once, here or there: enough to share the price of a sync,
// few enough (100 KB, 4 MB of the longest words) to keep no client's write waiting for long.
inline constexpr size_t kRepairBatchEntries = 4096;

// The page's entries; they point into it.
std::vector<Entry> EntriesOf(const storage::Page& page);

// Appends to `pull` the entries of `theirs`, which is all that the peer has of the range, that
// supersede what `store` holds; and to `push`, unless that is null, those of the store that
// supersede theirs or that they lack. Errors are the store's.
Status CompareWithOwn(const storage::Store& store, unsigned k_factor, const ShardRange& range,
                      const storage::Page& theirs, storage::Page* pull, storage::Page* push);

// Writes the entries with the versions they have, kRepairBatchEntries at a time. Returns once they
// are durable; errors are the store's.
Status WriteInBatches(storage::Store* store, const storage::Page& page);

}  // namespace trifecta::replication
