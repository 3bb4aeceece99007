// Live words in order, over all replicas that may hold some of them.
//
// A prefix of at least k_factor characters is in one partition, of which R owners are asked. The
// words of a shorter one are in all partitions: then a set of nodes is asked in which each
// partition has R of its owners, one request each (daemon/replication/merged_scan.h). Owners whose
// answers lacked the newest entry of a word get it after the client has been answered.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/merged_scan.h"
#include "daemon/replication/read_operation.h"
#include "storage/store.h"

namespace trifecta::replication {

// Words that one search repairs: a replica that was away long is for anti-entropy to mend.
inline constexpr size_t kSearchRepairsMax = 100;
// Until then the answers to repairs are waited for.
inline constexpr Millis kSearchRepairPatience = 5'000;
// How long a partial search waits for the names of the shards that it lacks.
inline constexpr Millis kNamingPatience = 200;
// Shards that are named one by one; of more, the prefix says as much.
inline constexpr size_t kMissingRootsMax = 1'000;

class SearchOperation : public ReadOperation, private MergedScanSink {
 public:
  // The strings of `options` are copied, its `tombstones` means nothing here. `partial`: goes on
  // without partitions that cannot be read. `deadline` is absolute.
  SearchOperation(const storage::SearchOptions& options, bool partial, Consistency consistency,
                  Millis deadline, Millis hedge = kHedgeDefault);

  bool done() const override { return answered() && repairs_.empty(); }

  // Once answered with an ok status. A page shorter than the limit is the end.
  const storage::Page& page() const { return page_; }
  // Roots of the shards that the page lacks, ascending; the prefix alone where some of them could
  // not be named, or they are more than kMissingRootsMax. Empty: the page is complete.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  void Begin(Millis now, Actions* actions) override;
  void TakeReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                 Actions* actions) override;
  void Tick(Millis now, Actions* actions) override;
  Millis due() const override;
  void OnDeadline(Millis now, Actions* actions) override;
  void TakeLateReply(uint32_t id, Millis now) override;
  void TickLate(Millis now) override;
  Millis late_due() const override { return repairs_.empty() ? kNever : repairs_due_; }

  bool Take(std::string_view word, Version version, bool tombstone) override;
  size_t wanted() const override { return limit_ - page_.size(); }

  // Every word that begins with the prefix is in one partition.
  bool IsInOne() const;
  void BeginScan();
  void Proceed(Millis now, Actions* actions);
  void Answer(Millis now, Actions* actions);

  // Asks a live owner of each missing partition which shards it has.
  void BeginNaming(Millis now, Actions* actions);
  void TakeNames(const Result<std::string_view>& reply);
  void EndNaming(Millis now, Actions* actions);

  void Repair(Millis now, Actions* actions);

  MergedScanSpec spec_;
  const size_t limit_;
  storage::Page page_;
  std::optional<MergedScan> scan_;

  std::set<uint32_t> naming_;  // calls under way
  Millis naming_due_ = kNever;
  bool unnamed_ = false;  // some of the missing shards have no names
  std::vector<std::string> missing_;

  std::set<uint32_t> repairs_;  // calls under way
  Millis repairs_due_ = kNever;
};

}  // namespace trifecta::replication
