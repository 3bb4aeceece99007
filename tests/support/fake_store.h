// A Store in memory with the whole contract of storage/store.h but durability: for tests of what
// stands above the store (API, coordinator, daemon). It can also be told to fail.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/store.h"

namespace trifecta::test {

class FakeStore : public storage::Store {
 public:
  // Adds live words with version (1, 0), without going through Write.
  void Put(std::initializer_list<std::string_view> words);

  // From now on Write answers `status` and stores nothing; ok ends that.
  void FailWrites(Status status);
  // From now on Get, Search, Count and ShardRoots answer `status`; ok ends that.
  void FailReads(Status status);
  // From now on Checkpoint and Close answer `status`; ok ends that.
  void FailCheckpoints(Status status);
  // The log has failed: writes are refused for good and the OnFailure callback runs on this thread.
  void FailLog(Status status);
  // Called at the start of each Write, on its thread: a test holds writers there.
  void BeforeWrite(std::function<void()> hook);

  bool closed() const { return closed_; }
  int checkpoints() const { return checkpoints_; }

  Status Write(std::span<const Entry> entries, std::span<storage::WriteOutcome> outcomes) override;
  void Observe(storage::EntryObserver* observer) override;
  void BetweenWrites(const std::function<void()>& read) const override;
  Result<storage::Lookup> Get(std::string_view word) const override;
  Status Search(const storage::SearchOptions& options, storage::Page* page) const override;
  Result<uint64_t> Count(std::string_view prefix) const override;
  Result<std::vector<std::string>> ShardRoots(std::string_view prefix,
                                              unsigned k_factor) const override;
  Status Checkpoint() override;
  Status Purge(const std::function<bool(std::string_view word)>& keep) override;
  // Nothing is ever damaged.
  Status Discard(const storage::WordRange&) override { return Status::Ok(); }
  Status Refilled(const storage::WordRange&) override { return Status::Ok(); }
  Status Close() override;
  storage::StoreStats Stats() const override;
  void OnFailure(std::function<void(const Status&)> callback) override;

 private:
  struct Stamp {
    Version version;
    bool tombstone = false;
  };
  using Words = std::map<std::string, Stamp, std::less<>>;

  storage::WriteOutcome Apply(const Entry& entry, std::vector<storage::AppliedEntry>* applied);
  // The range of words that begin with `prefix`.
  std::pair<Words::const_iterator, Words::const_iterator> Range(std::string_view prefix) const;

  mutable std::mutex apply_mutex_;  // held while entries are applied and told; taken first
  storage::EntryObserver* observer_ = nullptr;  // under apply_mutex_
  mutable std::mutex mutex_;                    // guards everything below
  Words words_;
  Status write_failure_, read_failure_, checkpoint_failure_, log_failure_;
  std::function<void()> before_write_;
  std::function<void(const Status&)> on_failure_;
  uint64_t written_bytes_ = 0;
  std::atomic<bool> closed_ = false;
  std::atomic<int> checkpoints_ = 0;
};

}  // namespace trifecta::test
