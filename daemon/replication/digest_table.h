// Digests of what this node holds, by shard and by partition: kept up to date with every entry that
// takes effect, so that replicas are compared, and a cluster counted, without reading entries.
//
// A table is filled by reading through the store, in the background while entries come in; until
// then it is not ready, and anti-entropy and counts by digest wait for that or read the entries
// themselves. Where the store loses entries of which it tells nobody, the table forgets the
// partitions and counts them again in the same way: a pass over 10 million words takes a second.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/messages.h"
#include "storage/store.h"

namespace trifecta::replication {

// Of one entry: every bit depends on word, version and tombstone. On the wire as parts of sums: DO
// NOT CHANGE.
uint64_t EntryHash(std::string_view word, Version version, bool tombstone);

// Any thread may call any method.
class DigestTable : public storage::EntryObserver {
 public:
  // As in the ring document.
  DigestTable(unsigned k_factor, unsigned partitions);

  // Reads what `store` holds, page by page, and counts the partitions that are not counted: at
  // first all. The store tells this table of its entries already (Store::Observe). Stops early,
  // with nothing counted, when `stop` becomes true or a page cannot be read (then with that
  // status).
  Status Fill(const storage::Store& store, const std::atomic<bool>& stop);
  // Every partition is counted.
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  bool IsCounted(uint32_t partition) const;

  // What the store holds of these partitions is not known any more, and nothing is said of it until
  // the next Fill that begins later. After Store::Purge and Store::Discard.
  void Forget(std::span<const uint32_t> partitions);

  void OnApplied(std::span<const storage::AppliedEntry> entries) override;

  Digest OfPartition(uint32_t partition) const;
  Digest OfShard(std::string_view root) const;
  // The shards of a partition that hold entries, ascending, from the first root above `after` on
  // (`first`: from the first one), at most `limit`.
  std::vector<ShardDigest> ShardsOf(uint32_t partition, std::string_view after, bool first,
                                    size_t limit) const;
  // The shards whose roots begin with `prefix`, ascending, at most `limit`.
  std::vector<ShardDigest> ShardsBelow(std::string_view prefix, size_t limit) const;
  size_t shards() const;  // that hold entries
  uint64_t live() const;  // words of all shards

  // The entries of these shards are gone from the store, and none has been written since.
  void Drop(uint32_t partition);

 private:
  struct Shard {
    uint32_t partition;
    Digest digest;
  };
  // Nodes of it never move, so that they may be pointed to.
  using Shards = std::map<std::string, Shard, std::less<>>;

  // A partition is counted from one Fill on: while that runs, as far as it has read.
  enum class Count : uint8_t { kNone, kRunning, kDone };

  void BeginFill();
  void EndFill();
  // With the mutex held.
  void Clear(uint32_t partition);
  void SetReady();
  uint32_t PartitionOf(std::string_view word) const;
  bool Takes(const storage::AppliedEntry& entry) const;

  // Takes the next page into the table; gives whether it was the last one.
  Result<bool> FillPage(const storage::Store& store, storage::Page* page);
  // The shard of `word`, made if it is new. With the mutex held.
  Shards::value_type* ShardOf(std::string_view word);
  void Apply(const storage::AppliedEntry& entry);

  const unsigned k_factor_;
  std::atomic<bool> ready_ = false;
  std::mutex fill_mutex_;     // held by the Fill that runs
  mutable std::mutex mutex_;  // guards what follows
  Shards shards_;
  std::vector<std::vector<const Shards::value_type*>> shards_of_;  // by partition; by root
  std::vector<Digest> partitions_;
  std::vector<Count> counts_;           // by partition
  Shards::value_type* last_ = nullptr;  // the shard touched last: neighbours come together
  // While Fill runs: of partitions that are being counted, entries of words up to here are in the
  // table, later ones will be read.
  std::string filled_to_;
};

}  // namespace trifecta::replication
