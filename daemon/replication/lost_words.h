// The words of which this node may have lost entries with a damaged file: a replica that answered
// "not there" about them could undo what a quorum has acknowledged, so it gives no answer until it
// has what the other owners hold (daemon/replication/rebuild.h).
//
// Any thread may call any method.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "storage/base/status.h"
#include "storage/word_range.h"

namespace trifecta::replication {

// What a reader looks at. A reading is right when the same list was in force before it and after
// it: entries go only while a list with them is in force.
using LostRanges = std::shared_ptr<const std::vector<storage::WordRange>>;

class LostWords {
 public:
  // In the order of storage::AddRange; empty: nothing is lost (any more).
  void Set(std::vector<storage::WordRange> ranges);
  // Null when nothing is lost.
  LostRanges ranges() const;

 private:
  mutable std::mutex mutex_;
  LostRanges ranges_;  // guarded by mutex_
};

// The words that begin with `prefix`.
storage::WordRange RangeOfPrefix(std::string_view prefix);
// The words that an answered scan has told of: those that it left out are not there.
storage::WordRange RangeOfScan(const ScanRequest& request, const ScanReply& reply);

// kUnavailable when a word of `range` is lost.
Status CheckNotLost(const LostRanges& lost, const storage::WordRange& range);

}  // namespace trifecta::replication
