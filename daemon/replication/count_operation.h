// Counts the live words that begin with a prefix, exactly, reading as few entries as may be.
//
// R owners of each partition say what they hold as digests: by partition (where all words are
// counted), then, in partitions where they differ, by shard. Where R digests are equal, so are the
// entries behind them, and their count of live words is the count. The entries themselves are
// merged only for shards where digests differ, because writes are under way or a replica is stale,
// and where too many owners have no digests yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/merged_scan.h"
#include "daemon/replication/read_operation.h"

namespace trifecta::replication {

// Shards whose entries are merged one by one. Where more differ, all entries of their partitions
// are read, in long pages.
inline constexpr size_t kCountShardsApartMax = 64;
// Scans of one count at a time.
inline constexpr size_t kCountScansAtOnce = 8;

class CountOperation : public ReadOperation {
 public:
  // `prefix` is copied; `deadline` is absolute.
  CountOperation(std::string_view prefix, Consistency consistency, Millis deadline,
                 Millis hedge = kHedgeDefault);

  // Once answered with an ok status.
  uint64_t count() const { return count_; }
  // Entries that had to be read because digests differed: for metrics and tests.
  uint64_t merged() const { return merged_; }

 private:
  // What is compared now.
  enum class Stage { kPartitions, kShards, kEntries };
  // What R owners agree on, and what is left.
  struct Comparison {
    std::vector<uint64_t> live;         // by index in the cover: words of equal digests
    std::vector<size_t> different;      // indices with different digests; ascending
    std::vector<MergedScanSpec> apart;  // of the shards that differ
  };

  // A scan that counts.
  class Scan : private MergedScanSink {
   public:
    Scan(MergedScanSpec spec, ReadContext* context) : scan_(std::move(spec), context, this) {}
    MergedScan* operator->() { return &scan_; }
    const MergedScan* operator->() const { return &scan_; }
    uint64_t live() const { return live_; }
    uint64_t entries() const { return entries_; }

   private:
    bool Take(std::string_view word, Version version, bool tombstone) override;
    size_t wanted() const override;

    MergedScan scan_;
    uint64_t live_ = 0;
    uint64_t entries_ = 0;
  };

  void Begin(Millis now, Actions* actions) override;
  void TakeReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                 Actions* actions) override;
  void Tick(Millis now, Actions* actions) override;
  Millis due() const override;

  // Every word that begins with the prefix is in one partition.
  bool IsInOne() const;
  void BeginStage(Stage stage, std::vector<uint32_t> partitions, Millis now, Actions* actions);
  void Go(Millis now, Actions* actions);
  std::string RequestTo(size_t source) const;
  bool Accept(size_t source, const Result<std::string_view>& reply, Millis now, Actions* actions);

  // The stage is over: counts what is equal, and begins the next stage with the rest.
  void Compare(Millis now, Actions* actions);
  Comparison ComparePartitions() const;
  Comparison CompareShards() const;
  void CompareShard(std::string_view root, std::span<const size_t> next, Comparison* result) const;
  // The digest that R of the owners of the partition at `index` have in common, of those that
  // `digest_of` gives of a source; null: there is none.
  template <typename DigestOf>
  const Digest* Common(size_t index, DigestOf digest_of) const;
  // Scans that count all words of these partitions.
  MergedScanSpec Whole(std::vector<uint32_t> partitions) const;
  std::vector<MergedScanSpec> RestOf(Comparison comparison);

  void BeginScans(std::vector<MergedScanSpec> specs, Millis now, Actions* actions);
  void Proceed(Millis now, Actions* actions);

  const std::string prefix_;
  uint64_t count_ = 0;
  uint64_t merged_ = 0;
  Stage stage_ = Stage::kPartitions;
  ReadCover cover_;
  std::vector<DigestReply> digests_;  // by source; as Source::at
  std::vector<CountReply> shards_;    // by source
  bool refused_ = false;              // a source has refused to give its digests
  // Partitions that too few owners have digests of: their entries are read.
  std::vector<uint32_t> without_digests_;
  std::vector<MergedScanSpec> waiting_;  // scans to come
  std::vector<std::unique_ptr<Scan>> scans_;
};

}  // namespace trifecta::replication
