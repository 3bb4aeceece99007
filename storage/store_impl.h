// The store on disk: storage/store.h, built from the log, the memtables, the tablets and the
// checkpoint thread. Not for use outside of storage.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "storage/commit_queue.h"
#include "storage/epoch.h"
#include "storage/folder_lock.h"
#include "storage/log.h"
#include "storage/memtable_set.h"
#include "storage/store.h"
#include "storage/store_files.h"
#include "storage/tablet_merger.h"
#include "storage/view.h"

namespace trifecta::storage {

class StoreImpl : public Store {
 public:
  static Result<std::unique_ptr<Store>> Open(StoreOptions options);
  ~StoreImpl() override;

  Status Write(std::span<const Entry> entries, std::span<WriteOutcome> outcomes) override;
  void Observe(EntryObserver* observer) override;
  void BetweenWrites(const std::function<void()>& read) const override;
  Result<Lookup> Get(std::string_view word) const override;
  Status Search(const SearchOptions& options, Page* page) const override;
  Result<uint64_t> Count(std::string_view prefix) const override;
  Result<std::vector<std::string>> ShardRoots(std::string_view prefix,
                                              unsigned k_factor) const override;
  Status Checkpoint() override;
  Status Purge(const std::function<bool(std::string_view word)>& keep) override;
  Status Discard(const WordRange& range) override;
  Status Refilled(const WordRange& range) override;
  Status Close() override;
  StoreStats Stats() const override;
  void OnFailure(std::function<void(const Status&)> callback) override;

 private:
  struct WriteContext {
    std::span<WriteOutcome> outcomes;
    std::vector<OlderEntry> older;  // what the layers below the active memtable held
    uint64_t freezes = 0;           // when that was looked up
    uint64_t sequence = 0;          // of the group's frame; set in its first write
  };

  explicit StoreImpl(StoreOptions options);

  // Opening.
  Status Recover();

  // Writing.
  Status WaitForRoom();
  Status LookUpOlder(const View& view, std::span<const Entry> entries,
                     std::vector<OlderEntry>* older) const;
  Status NoteLog();
  void WantSegment();
  Status Commit(std::span<PendingWrite* const> group);
  void Apply(std::span<PendingWrite* const> group);
  // Adds what took effect to `applied`, if it is not null.
  static void ApplyEntries(const MemtableSet& active, std::span<const Entry> entries,
                           std::span<const OlderEntry> older, std::span<WriteOutcome> outcomes,
                           std::vector<AppliedEntry>* applied);

  // Checkpoints (storage/store_checkpoint.cc).
  uint64_t MemtableLimit(size_t parts) const;
  uint64_t LogLimit() const;
  bool CheckpointIsDue(const MemtableSet& active) const;
  double FilledSinceFreeze(const View& view) const;
  static double MergedShare(const View& view);
  std::vector<MemtableSet::Part> NewParts(const TabletMap& tablets, std::string_view low,
                                          std::string_view end, uint64_t merged);
  enum class Next { kFullest, kOldest };
  Status RunCheckpoint(Next next, unsigned threads);
  Status CheckpointAll(unsigned threads);
  bool NothingToMerge();
  void Freeze(Next next);
  std::vector<MergeInput> NextInputs(size_t begin, unsigned threads) const;
  Status MergeFrozen(unsigned threads);
  Status PublishBatch(size_t begin, size_t end, std::vector<TabletPtr> made, bool last);
  Status PublishTablets(const std::vector<TabletPtr>& tablets, std::span<const TabletPtr> made,
                        uint64_t covered, std::span<const WordRange> lost = {});
  void SwapView(std::unique_ptr<View> next);
  void CheckpointLoop();
  void PrepareLoop();

  // Taking entries away (storage/store_purge.cc).
  Status PurgeFrom(const TabletMerger::Keep& keep, std::optional<std::string>* from);
  Status PurgeRun(const TabletMerger::Keep& keep, size_t begin, size_t end, double bytes);
  Status ReplaceTablets(size_t begin, size_t end, std::vector<TabletPtr> made,
                        std::span<const WordRange> lost);
  void Rebase(Memtable* memtable, const View& below, std::string_view low, std::string_view end);

  // Damage (storage/store_damage.cc).
  void NoteDamagedFiles();
  Status NoteReplay(Status status);
  Status DiscardTablet(size_t index, size_t* made_count);
  void TakeLost();
  Result<Lookup> GetFromAll(const View& view, std::string_view word) const;
  Status CheckCountable(const Tablet& tablet) const;
  std::string DescribeDamage(bool any_tablet) const;

  const View& view() const { return *view_.load(std::memory_order_acquire); }
  Status Note(Status status) const;
  void Fail(const Status& status);

  const StoreOptions options_;
  std::unique_ptr<FolderLock> lock_;
  mutable Epoch epoch_;
  std::unique_ptr<StoreFiles> files_;  // under checkpoint_mutex_
  std::unique_ptr<Log> log_;
  std::unique_ptr<CommitQueue> queue_;

  // Swapped under checkpoint_mutex_; freezing also holds the queue's apply mutex.
  std::atomic<const View*> view_{nullptr};
  uint64_t applied_sequence_ = 0;  // under the apply mutex
  EntryObserver* observer_;        // under the apply mutex

  std::mutex checkpoint_mutex_;  // one checkpoint at a time
  // Once the frozen memtable is merged, base files hold the log up to here. Under
  // checkpoint_mutex_.
  uint64_t frozen_sequence_ = 0;
  std::atomic<uint64_t> checkpoints_{0}, checkpoint_failures_{0}, checkpoint_bytes_{0};
  std::atomic<uint64_t> base_entries_{0}, base_bytes_{0};

  // Guards what the threads wait for.
  mutable std::mutex mutex_;
  std::condition_variable wake_;  // the background threads
  std::condition_variable room_;  // writers that wait for a checkpoint
  bool stopping_ = false;
  bool checkpoint_wanted_ = false;
  bool segment_wanted_ = false;
  Status checkpoint_status_;  // of the last one
  Status failure_;            // the log's: no more writes
  std::function<void(const Status&)> on_failure_;
  mutable std::string damage_;   // the first damage met
  std::vector<WordRange> lost_;  // as the manifest has them
  // An older entry could not be read when a newer one came: in damaged tablets the memtable may
  // hold an entry that is not the newest, and counts may be off.
  std::atomic<bool> unsure_{false};
  std::atomic<bool> has_log_{false};   // as the manifest says
  std::atomic<bool> log_full_{false};  // the last write found no room
  std::atomic<bool> checkpoint_full_{false};

  std::thread checkpoint_thread_, prepare_thread_;
};

}  // namespace trifecta::storage
